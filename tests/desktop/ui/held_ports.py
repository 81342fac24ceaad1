"""Ports that answer when a test says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget

from desktop.ui import theme
from engine.errors import ErrorCode, FileError, LightdeskError
from engine.schemas.library import Detail, FileRow, Label
from engine.schemas.prediction import ClassScore, Prediction

AT = "2026-01-01T10:00:00.000+00:00"
NAMES = ("tench", "black swan", "harvestman", "sea lion", "Swan", "banjo")
HEBREW = "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}\N{HEBREW LETTER VAV}\N{HEBREW LETTER FINAL MEM}"
PIZZA = "\N{SLICE OF PIZZA}"


class Held:
    """A read port that keeps each request until `answer`; `view` is what is read."""

    def __init__(self, view: Any) -> None:
        self.view = view
        self.waiting: list[tuple[str, Callable[[Any], Any], Callable[[Any], None]]] = []
        self.at_once = False

    def ask(self, lane: str, read: Any, answer: Any, failed: Any = None) -> None:
        self.waiting.append((lane, read, answer))
        if self.at_once:
            self.answer()

    def answer(self, lane: str | None = None) -> int:
        """Answer what waits (in one lane only); returns how many were answered."""
        now = [asked for asked in self.waiting if lane in (None, asked[0])]
        self.waiting = [asked for asked in self.waiting if asked not in now]
        for _lane, read, answer in now:
            answer(read(self.view))
        return len(now)


class View:
    """A library of the details that are given to it."""

    def __init__(self, *details: Detail, names: tuple[str, ...] = NAMES) -> None:
        self.details = {detail.content_id: detail for detail in details}
        self.names = list(names)
        self.rows: list[Any] = []

    def detail(self, content_id: int, _ref: str) -> Detail | None:
        return self.details.get(content_id)

    def tiles(self, _ids: Any, _ref: str) -> list[Any]:
        return self.rows

    def class_names(self, part: str = "", limit: int = 50, _ref: str = "") -> list[str]:
        return [name for name in self.names if part.casefold() in name.casefold()][:limit]


class Engine:
    """An engine port that keeps each call."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.waiting: list[tuple[str, Any, Any]] = []

    def call(self, name: str, *arguments: Any, done: Any = None, failed: Any = None) -> None:
        self.calls.append((name, *arguments))

    def compute(self, name: str, *arguments: Any, done: Any, failed: Any = None) -> None:
        self.calls.append((name, *arguments))
        self.waiting.append((name, done, failed))

    def answer(self, name: str, value: Any) -> None:
        """Answer the calls of that name; an error goes where errors go."""
        now = [asked for asked in self.waiting if asked[0] == name]
        self.waiting = [asked for asked in self.waiting if asked[0] != name]
        for _name, done, failed in now:
            (failed if isinstance(value, LightdeskError) else done)(value)


class Thumbnails:
    """All of one colour."""

    def want(self, keys: Any) -> None: ...

    def subscribe(self, on_ready: Any) -> None: ...

    def peek(self, content_id: int) -> QImage | None:
        image = QImage(64, 48, QImage.Format.Format_RGB32)
        image.fill(QColor("steelblue"))
        return image


def detail(content_id: int = 1, **changes: Any) -> Detail:
    """Return a picture with five classes and one file."""
    scores = zip(NAMES, (0.62, 0.2, 0.1, 0.05, 0.01, 0.005), strict=True)
    top = tuple(ClassScore(k, name, confidence) for k, (name, confidence) in enumerate(scores))
    values: dict[str, Any] = {
        "content_id": content_id,
        "sha256": f"{content_id:064x}",
        "name": f"IMG_{content_id}.jpg",
        "kind": "image",
        "content_type": "image/jpeg",
        "width": 400,
        "height": 300,
        "size_bytes": 61_200,
        "files": (FileRow(f"/photos/IMG_{content_id}.jpg", 61_200, 0, True, "photos"),),
        "label": None,
        "predictions": (Prediction("net@3", top, 0.42, 1.0, "cpu", 8.94, False, AT),),
    }
    return Detail(**(values | changes))


def label(name: str | None = "tench", note: str = "") -> Label:
    """Return a label by a person; without a name a rejection."""
    return Label(name, "accepted" if name else "rejected", "Ada", True, AT, note)


def error(message: str = "The drive is gone.", way_out: str = "Plug it in.") -> LightdeskError:
    return FileError(ErrorCode.SOURCE_OFFLINE, message, way_out=way_out)


def shown(qtbot: Any, widget: QWidget, width: int = 320, height: int = 600) -> QWidget:
    """Show a widget as the active window, in light."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, "light")
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    widget.activateWindow()
    qtbot.waitUntil(lambda: widget.isActiveWindow(), timeout=5000)
    return widget


def painted(widget: QWidget) -> set[str]:
    """Return the colours that a widget paints."""
    image = widget.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
