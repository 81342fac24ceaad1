"""What is said of a drop that is not seen to come, and when nothing is."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QPushButton

from desktop.ui.banner import Banner
from desktop.ui.drop_note import DropNote
from engine.schemas.job import Preflight
from tests.desktop.ui.on_screen import shown


class Bench:
    def __init__(self, qtbot) -> None:
        self.banner, self.sees_all, self.n_led = Banner(), False, 0
        shown(qtbot, self.banner, 700, 40)
        self.banner.hide()
        self.note = DropNote(self.banner, lambda: self.sees_all, self._lead)

    def _lead(self) -> None:
        self.n_led += 1
        self.sees_all = True

    def drop(self, job_id: int, n: int, n_known: int = 0, *, finished: bool = True) -> None:
        self.note.dropped(job_id)
        self.note.counted(Preflight(job_id, n, 0, n_known, 0, finished=finished))


@pytest.fixture
def bench(qtbot) -> Bench:
    return Bench(qtbot)


@pytest.mark.parametrize(
    ("drop", "words"),
    [
        ((12, 0, True), "12 pictures are being taken in; they are among all pictures."),
        ((1200, 1, True), "1,199 pictures are being taken in; they are among all pictures."),
        ((1, 0, True), "1 picture is being taken in; it is among all pictures."),
        ((3, 3, True), "All of this was taken in before; it is among all pictures."),
        ((40, 0, False), "Pictures are being taken in; they are among all pictures."),
    ],
)
def test_it_says_how_many_come_and_where_they_are(bench: Bench, drop: tuple[int, int, bool], words: str) -> None:
    n, n_known, finished = drop
    bench.drop(7, n, n_known, finished=finished)
    assert bench.banner.isVisible() and bench.banner.text.accessibleName() == words


@pytest.mark.parametrize("number_first", [True, False])
def test_number_and_count_may_be_told_in_either_order(bench: Bench, number_first: bool) -> None:
    told = [lambda: bench.note.dropped(3), lambda: bench.note.counted(Preflight(3, 5, 0, 0, 0, finished=True))]
    for tell in told if number_first else reversed(told):
        assert not bench.banner.isVisible()
        tell()
    assert bench.banner.isVisible()
    bench.banner.dismiss()
    bench.note.counted(Preflight(3, 5, 0, 0, 0, finished=True))  # once is enough
    assert not bench.banner.isVisible()


def test_nothing_is_said_where_it_is_seen_or_nothing_was_found_or_nobody_dropped_it(bench: Bench) -> None:
    bench.drop(1, 0)
    bench.note.counted(Preflight(2, 9, 0, 0, 0, finished=True))
    bench.sees_all = True
    bench.drop(3, 9)
    assert not bench.banner.isVisible()
    for job_id in range(10, 1000):
        bench.note.counted(Preflight(job_id, 9, 0, 0, 0))
    assert len(bench.note._counts) < 100


def test_it_leads_to_all_pictures_and_is_gone_when_they_are_seen(bench: Bench) -> None:
    bench.drop(1, 9)
    bench.note.look()
    assert bench.banner.isVisible()  # nothing has changed
    next(button for button in bench.banner.findChildren(QPushButton) if button.isVisible()).click()
    assert bench.n_led == 1 and not bench.banner.isVisible()
    bench.sees_all = False
    bench.drop(2, 9)
    bench.sees_all = True
    bench.banner.show_notice("Something else")
    bench.note.look()
    assert bench.banner.isVisible() and bench.n_led == 1
