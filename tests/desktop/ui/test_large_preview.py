"""The large preview: the thumbnail at once, the sharp picture after it, and never that of another content."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from desktop.ui.large_preview import LargePreview
from engine.errors import ErrorCode, FileError
from engine.schemas.frame import Frame
from tests.desktop.ui.held_ports import HeldEngine, HeldReads, HeldThumbnails
from tests.desktop.ui.on_screen import pixels
from tests.desktop.ui.records import detail

GONE = FileError(ErrorCode.FILE_NOT_FOUND, "/photos/1.jpg is not there.", way_out="Connect the drive.")


def frame(color: str, width: int = 400, height: int = 300) -> Frame:
    pixel = QColor(color).getRgb()[:3]
    return Frame(np.full((height, width, 3), pixel, np.uint8), width, height, "image/jpeg")


class Bench:
    def __init__(self) -> None:
        self.reads, self.thumbnails, self.engine = HeldReads(), HeldThumbnails(instant=False), HeldEngine()
        self.reads.held = True
        for i in (1, 2):
            self.reads.view.details[i] = detail(i)
        self.large = LargePreview(self.reads, self.thumbnails, self.engine)

    def color(self) -> tuple[int, ...]:
        shot = pixels(self.large.grab().toImage())
        return tuple(int(c) for c in shot[shot.shape[0] // 2, shot.shape[1] // 2])


@pytest.fixture
def bench(qtbot) -> Bench:
    bench = Bench()
    qtbot.addWidget(bench.large)
    bench.large.resize(500, 400)
    bench.large.show()
    return bench


RED, BLUE, LIME = (255, 0, 0), (0, 0, 255), (0, 255, 0)


def test_the_thumbnail_at_once_and_the_sharp_picture_after_it(bench: Bench, qtbot) -> None:
    bench.thumbnails.give([1], QColor("red"))
    bench.large.show_content(1, "fake@1", "1 of 2")
    assert bench.color() == RED
    bench.reads.answer("large")
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    assert bench.engine.waiting[0].name == "preview" and bench.engine.waiting[0].arguments == (1, 3000)
    bench.engine.finish(frame("blue"))
    assert bench.color() == BLUE
    assert bench.large.accessibleDescription() == "IMG_1.jpg, tench 62%, 1 of 2"  # not lost when the picture comes


def test_a_larger_window_asks_for_a_larger_picture(bench: Bench, qtbot, monkeypatch) -> None:
    monkeypatch.setattr(bench.large, "devicePixelRatioF", lambda: 8.0)
    bench.large.show_content(1)
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    assert bench.engine.waiting[0].arguments == (1, 4000)


def test_flying_by_asks_for_the_last_one_only(bench: Bench, qtbot) -> None:
    for i in range(1, 30):
        bench.large.show_content(i)
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    qtbot.wait(100)
    assert [call.arguments[0] for call in bench.engine.waiting] == [29]


def test_neither_picture_nor_words_of_another_content(bench: Bench, qtbot) -> None:
    bench.large.show_content(1)
    deliver = bench.reads.read("large")
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    bench.thumbnails.give([2], QColor("lime"))
    bench.large.show_content(2)
    bench.engine.finish(frame("red"))
    deliver()
    assert bench.color() == LIME and bench.large.accessibleDescription() == ""


def test_another_library_leaves_nothing_of_the_one_before(bench: Bench, qtbot) -> None:
    bench.large.show_content(1)
    bench.reads.answer("large")
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    bench.engine.finish(frame("red"))
    bench.large.show_content(2)
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    bench.large.reset()
    assert not bench.large.has_image and bench.large.accessibleDescription() == ""
    bench.large.show_content(1)  # the same number, another picture
    assert not bench.large.has_image
    bench.engine.finish(frame("red"))  # 2 of the library before
    assert not bench.large.has_image
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    bench.engine.finish(frame("blue"))
    assert bench.color() == BLUE


def test_a_file_that_has_gone_is_said_beside_the_thumbnail_or_in_place_of_it(bench: Bench, qtbot) -> None:
    bench.thumbnails.give([1], QColor("red"))
    bench.large.show_content(1, place="1 of 2")
    bench.reads.answer("large")
    before = bench.large.grab().toImage()
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    bench.engine.fail(GONE)
    assert bench.color() == RED and "is not there" in bench.large.accessibleDescription()
    assert bench.large.grab().toImage() != before  # and it is seen
    bench.large.show_content(2)
    assert "is not there" not in bench.large.accessibleDescription()
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    bench.engine.fail(GONE)
    assert bench.large.message == str(GONE)
    assert bench.large.accessibleDescription() == str(GONE)


def test_zooming_in_asks_for_all_of_it_and_stays_where_it_is(bench: Bench, qtbot) -> None:
    bench.reads.view.details[1] = detail(1, width=8000, height=6000)
    bench.large.show_content(1)
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    bench.engine.finish(frame("red", 3000, 2250))
    bench.reads.answer("large")
    bench.large.one_to_one()
    assert bench.engine.waiting[0].arguments == (1, 8000)
    target = bench.large._target()
    assert target.width() == 8000
    bench.engine.finish(frame("blue", 8000, 6000))
    assert bench.large._target() == target and bench.color() == BLUE


def test_what_is_said_is_read_again(bench: Bench) -> None:
    bench.large.show_content(1)
    bench.reads.answer("large")
    bench.large.refresh()
    one = bench.reads.view.details[1]
    bench.reads.view.details[1] = type(one)(**{n: getattr(one, n) for n in one.__slots__} | {"name": "caf\udce9.jpg"})
    bench.reads.answer("large")
    assert "xe9" in bench.large.accessibleDescription().casefold()
    assert isinstance(bench.large.grab().toImage(), QImage)
