"""Two pictures side by side: zoom and place go together, and each is what it says."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.ui.compare_view import CompareView
from desktop.ui.likeness import Sample
from engine.schemas.frame import Frame
from engine.schemas.similar import Region
from tests.desktop.ui.held_ports import HeldEngine, HeldReads, HeldThumbnails
from tests.desktop.ui.on_screen import picture, pixels, shown
from tests.desktop.ui.records import detail, error

SHIFT = Qt.KeyboardModifier.ShiftModifier


def frame(color: str, width: int = 400, height: int = 300) -> Frame:
    return Frame(np.full((height, width, 3), QColor(color).getRgb()[:3], np.uint8), width, height, "image/jpeg")


class Bench:
    def __init__(self, qtbot) -> None:
        self.reads, self.thumbnails, self.engine = HeldReads(), HeldThumbnails(instant=False), HeldEngine()
        self.reads.held = True
        for i in range(1, 5):
            self.reads.view.details[i] = detail(i, width=400 * i, height=300 * i)
        self.loads: list[tuple[str, int, object]] = []
        self.view = CompareView(self.reads, self.thumbnails, self.engine, lambda *load: self.loads.append(load))
        shown(qtbot, self.view, 900, 400)
        self.qtbot = qtbot

    def compare(self, left: int, right: int) -> None:
        self.view.begin(Sample("", left), "Looked for")
        self.view.show_beside(right, "0.98")
        self.reads.answer_all()
        self.qtbot.waitUntil(lambda: len(self.engine.waiting) == 2)
        for call in list(self.engine.waiting):
            self.engine.waiting.remove(call)
            call.done(frame("red" if call.arguments[0] == left else "blue"))

    def color(self, part) -> str:
        shot = pixels(part.view.grab().toImage())
        return QColor(*shot[shot.shape[0] // 2, shot.shape[1] // 2].tolist()).name()


@pytest.fixture
def bench(qtbot) -> Bench:
    return Bench(qtbot)


RED, BLUE, LIME = "#ff0000", "#0000ff", "#00ff00"


def test_both_are_shown_and_named(bench: Bench) -> None:
    bench.thumbnails.give([1], QColor("lime"))
    bench.view.begin(Sample("", 1), "Looked for")
    assert bench.color(bench.view.left) == LIME  # at once
    bench.compare(1, 2)
    assert (bench.color(bench.view.left), bench.color(bench.view.right)) == (RED, BLUE)
    assert "Looked for" in bench.view.left.title.text() and "IMG_1.jpg" in bench.view.left.name.text()
    assert bench.view.right.title.text().startswith("0.98") and "800" in bench.view.right.facts.text()
    assert "IMG_2.jpg" in bench.view.right.view.accessibleDescription()


def test_nothing_of_it_is_cut_in_a_narrow_window(bench: Bench) -> None:
    bench.compare(1, 2)
    bench.view.window().resize(500, 400)
    bench.view.begin(Sample("", 1, Region(0, 0, 0.5, 0.5)), "Looked for: the marked part")
    bench.view.show_beside(2, "0.98  \N{MIDDLE DOT}  12,345 of 100,000")
    QApplication.sendPostedEvents()
    for part in (bench.view.left, bench.view.right):
        for label in (part.title, part.name, part.facts):
            assert label.text() and label.shown_text() == label.text()


def same_place(bench: Bench) -> bool:
    left, right = bench.view.left.view.place(), bench.view.right.view.place()
    if left is None or right is None:
        return left is right
    return left[0] == pytest.approx(right[0]) and left[1] == right[1]


def test_zoom_and_place_go_together_both_ways(bench: Bench) -> None:
    """Also where one has twice the pixels of the other: what counts is what is seen."""
    bench.compare(1, 2)
    left, right = bench.view.left.view, bench.view.right.view
    left.zoom(3.0, QPointF(100, 80))
    assert not right.is_fitted and same_place(bench)
    assert left.picture_rect().width() == pytest.approx(right.picture_rect().width(), rel=0.01)
    right.setFocus()
    QTest.keyClick(right, Qt.Key.Key_Right, SHIFT)
    assert same_place(bench)
    QTest.keyClick(right, Qt.Key.Key_Plus)
    assert same_place(bench)
    QTest.keyClick(right, Qt.Key.Key_0)
    assert left.is_fitted and right.is_fitted
    bench.view.zoom(2.0)
    assert same_place(bench) and not left.is_fitted


def test_the_next_one_is_seen_at_the_same_place(bench: Bench, qtbot) -> None:
    bench.compare(1, 2)
    bench.view.zoom(4.0)
    before = bench.view.left.view.place()
    bench.engine.waiting.clear()
    bench.view.show_beside(3, "0.97")
    bench.reads.answer_all()
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    bench.engine.waiting.pop().done(frame("blue", 1200, 900))
    assert bench.view.right.view.place()[0] == pytest.approx(before[0]) and bench.view.left.view.place() == before
    bench.view.begin(Sample("", 2), "Chosen")  # another comparison begins with all of both
    assert bench.view.left.view.is_fitted and bench.view.right.view.is_fitted


def test_an_answer_for_a_picture_that_has_gone_is_not_shown(bench: Bench, qtbot) -> None:
    bench.compare(1, 2)
    bench.view.show_beside(3, "")
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    late = bench.engine.waiting.pop()
    bench.thumbnails.give([4], QColor("lime"))
    bench.view.show_beside(4, "")
    late.done(frame("red"))
    assert bench.color(bench.view.right) == LIME


def test_a_picture_from_outside_comes_from_its_file(bench: Bench) -> None:
    small, whole = picture(QColor("lime")), picture(QColor("red"), 800, 600)
    sample = Sample("caf\udce9.jpg", path="/x/caf\udce9.jpg", image=small)
    bench.view.begin(sample, "Looked for")
    assert bench.color(bench.view.left) == LIME and "xe9" in bench.view.left.name.text()
    ((path, side_px, done),) = bench.loads
    assert path == sample.path and side_px >= 2000
    done(whole)
    assert bench.color(bench.view.left) == RED
    bench.view.begin(Sample("y.jpg", path="/y.jpg", image=small), "Looked for")
    done(whole)  # late
    assert bench.color(bench.view.left) == LIME


def test_a_pasted_picture_is_all_there(bench: Bench) -> None:
    bench.view.begin(Sample("Pasted picture", pasted=picture(QColor("red"), 800, 600)), "Looked for")
    assert bench.color(bench.view.left) == RED and not bench.loads and "Pasted picture" in bench.view.left.name.text()


def test_of_a_part_the_whole_picture_is_shown(bench: Bench, qtbot) -> None:
    bench.view.begin(Sample("1.jpg", 1, Region(0, 0, 0.5, 0.5), image=picture(QColor("lime"))), "Looked for")
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    assert bench.engine.waiting[0].arguments[0] == 1


def test_a_part_stays_marked_at_any_zoom_until_something_else_is_looked_for(bench: Bench, qtbot) -> None:
    part = Region(0.5, 0.5, 0.25, 0.25)
    bench.view.begin(Sample("1.jpg", 1, part, image=picture(QColor("lime"))), "Looked for")
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    bench.engine.waiting.pop().done(frame("red"))
    view = bench.view.left.view

    def at(x: float, y: float) -> str:
        area, image = view.picture_rect(), view.grab().toImage()
        return image.pixelColor(int(area.left() + x * area.width()), int(area.top() + y * area.height())).name()

    def red_of(name: str) -> int:
        return QColor(name).red()

    assert at(0.62, 0.62) == RED and red_of(at(0.3, 0.62)) == red_of(at(0.62, 0.9)) < 0xFF
    assert at(0.75, 0.62) != RED  # the frame, between what is looked for and the rest
    view.zoom(1.6)
    assert at(0.62, 0.62) == RED and red_of(at(0.45, 0.45)) < 0xFF
    view.go_to((8.0, QPointF(0.1, 0.1)))  # far from it all is the rest
    assert red_of(at(0.1, 0.1)) < 0xFF
    # The same picture as a whole.
    bench.view.begin(Sample("1.jpg", 1), "Looked for")
    assert at(0.3, 0.62) == RED


def test_a_file_that_has_gone_is_said(bench: Bench, qtbot) -> None:
    bench.thumbnails.give([2], QColor("lime"))
    bench.view.show_beside(2, "")
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    bench.engine.fail(error())
    assert bench.color(bench.view.right) == LIME and "The drive is gone." in bench.view.right.facts.text()
    bench.view.show_beside(3, "")
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))
    bench.engine.fail(error())
    assert bench.view.right.view.message == str(error())


def test_another_library_leaves_nothing_of_the_one_before(bench: Bench, qtbot) -> None:
    bench.compare(1, 2)
    bench.view.zoom(3.0)
    bench.view.reset()
    for part in (bench.view.left, bench.view.right):
        assert not part.view.has_image and part.title.text() == part.name.text() == "" and part.view.wanted is None
    bench.engine.waiting.clear()
    bench.view.show_beside(2, "")
    assert not bench.view.right.view.has_image
    qtbot.waitUntil(lambda: bool(bench.engine.waiting))  # kept of the other library would be the wrong picture


def test_a_part_of_a_preview_is_cut_out(bench: Bench) -> None:
    image = QImage(400, 200, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    for x in range(200, 400):
        for y in range(200):
            image.setPixelColor(x, y, QColor("blue"))
    view = bench.view.right.view
    assert view.part(QRectF(0, 0, 1, 1), 100) is None and view.picture_rect().isEmpty()
    view.set_image(image)
    half = view.part(QRectF(0.5, 0, 0.5, 1), 100)
    assert (half.width(), half.height()) == (100, 100) and half.pixelColor(3, 50).name() == BLUE
    small = view.part(QRectF(0.45, 0, 0.1, 0.1), 256)
    assert (small.width(), small.height()) == (40, 20)
