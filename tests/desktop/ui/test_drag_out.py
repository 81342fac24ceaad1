"""Dragging out: the files behind the selection, whatever their names."""

from __future__ import annotations

import os
import sys
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from desktop.ui import drag_out as module
from desktop.ui.drag_out import CONTENTS_TYPE, DragOut, contents_in, mime_of
from desktop.ui.intake import paths_in
from engine.schemas.library import FileRow
from tests.desktop.ui.held_ports import HeldReads
from tests.desktop.ui.on_screen import color_of, picture, pixels
from tests.desktop.ui.records import detail, files

NONE, LEFT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton


class Drag:
    """In place of QDrag, whose `exec` waits for a drop."""

    made: list[Drag] = []

    def __init__(self, source: QWidget) -> None:
        self.mime = QMimeData()
        self.pixmap = QPixmap()
        self.actions: Any = None
        Drag.made.append(self)

    def setMimeData(self, mime: QMimeData) -> None:
        self.mime = mime

    def setPixmap(self, pixmap: QPixmap) -> None:
        self.pixmap = pixmap

    def setHotSpot(self, point: QPoint) -> None:
        pass

    def exec(self, actions: Any) -> None:
        self.actions = actions


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> HeldReads:
    monkeypatch.setattr(module, "QDrag", Drag)
    Drag.made = []
    reads = HeldReads()
    reads.held = True
    for i in range(1, 6):
        reads.view.details[i] = detail(i, files=files(f"/photos/{i}.jpg"))
    return reads


@pytest.fixture
def source(qtbot) -> QWidget:
    source = QWidget()
    qtbot.addWidget(source)
    source.show()
    return source


def names(mime: QMimeData) -> list[bytes]:
    """Return the paths as any program finds them in the list of URLs."""
    lines = bytes(mime.data("text/uri-list").data()).split()
    assert all(line.startswith(b"file:///") for line in lines)
    return [unquote_to_bytes(line.removeprefix(b"file://")) for line in lines]


@pytest.mark.skipif(sys.platform == "win32", reason="names are text there")
def test_names_of_any_bytes_become_urls_and_come_back() -> None:
    paths = [
        "/photos/plain.jpg",
        "/photos/with space #1 50% ?.jpg",
        "/photos/caf\N{LATIN SMALL LETTER E WITH ACUTE}.jpg",
        "/photos/caf\udce9.jpg",
        "/photos/\N{CAT FACE}\n.jpg",
        "/photos/a&b;c=d+e@f.jpg",
    ]
    mime = mime_of(paths, [])
    assert names(mime) == [os.fsencode(path) for path in paths]
    assert paths_in(mime) == paths  # dropped on a window of our own


def test_the_drag_starts_with_the_files_of_the_selection(reads: HeldReads, source: QWidget) -> None:
    drag = DragOut(reads, source)
    drag.prepare([2, 3], 2)
    reads.answer("drag")
    assert not Drag.made  # pressed, not moved
    drag.start(picture(color_of(2)))
    assert names(Drag.made[0].mime) == [b"/photos/2.jpg", b"/photos/3.jpg"]
    assert Drag.made[0].actions == Qt.DropAction.CopyAction  # the files stay theirs


def test_one_file_for_each_content_and_only_those_that_are_there(reads: HeldReads, source: QWidget) -> None:
    reads.view.details[1] = detail(1, files=files("/photos/gone.jpg", present=False))
    two = detail(2, files=files("/a/gone.jpg", present=False))
    copy = FileRow("/b/copy.jpg", 1000, 0, True, "b"), FileRow("/c/copy.jpg", 1000, 0, True, "c")
    reads.view.details[2] = type(two)(
        **{name: getattr(two, name) for name in two.__slots__} | {"files": (*two.files, *copy)}
    )
    drag = DragOut(reads, source)
    drag.prepare([1, 2, 3, 99], 4)
    reads.answer("drag")
    drag.start(None)
    assert names(Drag.made[0].mime) == [b"/b/copy.jpg", b"/photos/3.jpg"]


def test_pictures_whose_files_have_gone_can_be_dragged_about_in_the_window(reads: HeldReads, source: QWidget) -> None:
    drag = DragOut(reads, source)
    drag.prepare([99, 98], 2)
    reads.answer("drag")
    drag.start(None)
    mime = Drag.made[0].mime
    assert not mime.hasUrls() and contents_in(mime) == [99, 98]


def test_the_pictures_of_another_program_s_library_are_files_here(reads: HeldReads, source: QWidget) -> None:
    """Two windows have two libraries, in which the same number is another picture."""
    drag = DragOut(reads, source)
    drag.prepare([2, 3], 2)
    reads.answer("drag")
    drag.start(None)
    mime = Drag.made[0].mime
    assert contents_in(mime) == [2, 3] and paths_in(mime) == ["/photos/2.jpg", "/photos/3.jpg"]
    foreign = QMimeData()
    foreign.setUrls(mime.urls())
    foreign.setData(CONTENTS_TYPE, b"0123456789abcdef0123456789abcdef 2 3")
    assert contents_in(foreign) == [] and contents_in(QMimeData()) == []
    foreign.setData(CONTENTS_TYPE, b"\xff\x00 what")
    assert contents_in(foreign) == []


def test_paths_that_come_late_start_the_drag_while_the_button_is_down(reads: HeldReads, source: QWidget) -> None:
    drag = DragOut(reads, source)
    QTest.mousePress(source, LEFT, NONE, QPoint(5, 5))
    drag.prepare([1], 1)
    drag.start(None)
    assert not Drag.made
    reads.answer("drag")
    assert len(Drag.made) == 1
    QTest.mouseRelease(source, LEFT, NONE, QPoint(5, 5))
    drag.prepare([1], 1)
    drag.start(None)
    reads.answer("drag")
    assert len(Drag.made) == 1  # the button was let go meanwhile


def test_a_press_before_is_forgotten(reads: HeldReads, source: QWidget) -> None:
    drag = DragOut(reads, source)
    drag.prepare([1], 1)
    reads.answer("drag")
    drag.forget()
    drag.start(None)
    assert not Drag.made
    drag.prepare([1], 1)
    drag.prepare([2], 1)
    reads.answer("drag")
    drag.start(None)
    assert names(Drag.made[0].mime) == [b"/photos/2.jpg"]


def test_a_huge_selection_gives_a_thousand_files_and_says_so(reads: HeldReads, source: QWidget, monkeypatch) -> None:
    for i in range(1, 1201):
        reads.view.details[i] = detail(i, files=files(f"/photos/{i}.jpg"))
    drag = DragOut(reads, source)
    said: list[str] = []
    real = module.QPainter.drawText

    class Painter(module.QPainter):
        def drawText(self, *arguments: Any) -> Any:
            said.append(arguments[-1])
            return real(self, *arguments)

    monkeypatch.setattr(module, "QPainter", Painter)
    drag.prepare(list(range(1, 1001)), 1200)
    reads.answer("drag")
    drag.start(picture(color_of(1), 20, 100))
    assert len(names(Drag.made[0].mime)) == 1000
    assert said == ["1,000 of 1,200"]
    # The narrow picture does not cut it off.
    shot = pixels(Drag.made[0].pixmap.toImage())
    assert shot.shape[1] > source.fontMetrics().horizontalAdvance(said[0]) + 14


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_the_picture_under_the_mouse_is_sharp_and_counts(
    reads: HeldReads, source: QWidget, ratio: float, monkeypatch
) -> None:
    monkeypatch.setattr(source, "devicePixelRatioF", lambda: ratio)
    drag = DragOut(reads, source)
    shots = []
    for chosen in ([1], [1, 2, 3]):
        drag.prepare(chosen, len(chosen))
        reads.answer("drag")
        drag.start(picture(QColor("red"), 300, 200))
        pixmap = Drag.made[-1].pixmap
        assert pixmap.devicePixelRatio() == ratio
        assert (pixmap.width(), pixmap.height()) == (96 * ratio, 64 * ratio)
        shots.append(pixels(pixmap.toImage()))
    assert (shots[0] == (255, 0, 0)).all()
    assert (shots[1].min(axis=2) > 200).sum() > 5 * ratio  # the number, in white on dark
    assert (shots[1] == (255, 0, 0)).all(axis=2).mean() > 0.5
