"""What the widgets read through, in the hands of a test: it says when an answer comes, and which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QImage

from engine.errors import LightdeskError
from engine.schemas.library import Detail, FileRow, Tile

CLASSES = ("tench", "black swan", "harvestman", "flamingo")


def tile(content_id: int, **changes: Any) -> Tile:
    """Return a row for any id."""
    values = {
        "content_id": content_id,
        "sha256": f"{content_id:064x}",
        "name": f"IMG_{content_id:05d}.jpg",
        "n_files": 1,
        "top1": CLASSES[content_id % len(CLASSES)],
        "confidence": (content_id * 37 % 100) / 100,
        "label": None,
        "label_state": None,
    }
    return Tile(**{**values, **changes})


def detail(content_id: int, *paths: str, present: bool = True, size: tuple[int, int] = (400, 300)) -> Detail:
    """Return what the library knows of a content with these files."""
    files = tuple(FileRow(path, 1000, 0, present, "photos") for path in paths)
    name = f"IMG_{content_id:05d}.jpg"
    return Detail(content_id, f"{content_id:064x}", name, "image", "image/jpeg", *size, 1000, files, None, ())


class Rows:
    """A view of a library that has every content, with what a test changed."""

    def __init__(self) -> None:
        self.changed: dict[int, Tile] = {}
        self.gone: set[int] = set()
        self.details: dict[int, Detail] = {}
        self.asked: list[list[int]] = []

    def tiles(self, content_ids: Sequence[int], _model_ref: str) -> list[Tile]:
        self.asked.append(list(content_ids))
        return [self.changed.get(i) or tile(i) for i in content_ids if i not in self.gone]

    def detail(self, content_id: int, _model_ref: str) -> Detail | None:
        return self.details.get(content_id)


class FakeReads:
    """Implements `desktop.ui.ports.ReadPort`: one request waits in each lane, the newest.

    Attributes
    ----------
    held
        Answers wait for `answer`; else they come with the next turn of the event loop.
    """

    def __init__(self) -> None:
        self.view = Rows()
        self.held = False
        self.n_asked = 0
        self.waiting: dict[str, tuple[int, Any, Any, Any]] = {}

    def ask(self, lane: str, read: Any, answer: Any, failed: Any = None) -> None:
        self.n_asked += 1
        self.waiting[lane] = (self.n_asked, read, answer, failed)
        if not self.held:
            number = self.n_asked
            QTimer.singleShot(0, lambda: self._answer(lane, number))

    def close(self) -> None:
        """Answer nothing any more: what is on its way must not come to a widget that is no more."""
        self.held = True
        self.waiting.clear()

    def read(self, lane: str) -> Any:
        """Read now; returns what delivers it, as if the way to the GUI thread took a while."""
        _number, read, answer, _failed = self.waiting.pop(lane)
        value = read(self.view)
        return lambda: answer(value)

    def answer(self, lane: str) -> None:
        """Read and deliver."""
        self._answer(lane, self.waiting[lane][0])

    def fail(self, lane: str, error: LightdeskError) -> None:
        """Let a read fail."""
        failed = self.waiting.pop(lane)[3]
        if failed is not None:
            failed(error)

    def _answer(self, lane: str, number: int) -> None:
        if lane in self.waiting and self.waiting[lane][0] == number:
            _number, read, answer, _failed = self.waiting.pop(lane)
            answer(read(self.view))


class FakeThumbnails:
    """Implements `desktop.ui.ports.ThumbnailPort`.

    Attributes
    ----------
    instant
        Every wish comes true with the next turn of the event loop.
    """

    def __init__(self, *, instant: bool = True) -> None:
        self.instant = instant
        self.images: dict[int, QImage] = {}
        self.wishes: list[tuple[int, str]] = []
        self._listeners: list[Callable[[list[int]], None]] = []

    def want(self, keys: Sequence[tuple[int, str]]) -> None:
        self.wishes = list(keys)
        if self.instant:
            QTimer.singleShot(0, self._come_true)

    def _come_true(self) -> None:
        if self.instant:
            self.give(i for i, _sha in self.wishes if i not in self.images)

    def peek(self, content_id: int) -> QImage | None:
        return self.images.get(content_id)

    def subscribe(self, on_ready: Callable[[list[int]], None]) -> None:
        self._listeners.append(on_ready)

    def give(self, content_ids: Iterable[int], color: QColor | None = None) -> None:
        """Let pictures come; without a colour each has its own."""
        came = list(content_ids)
        for content_id in came:
            self.images[content_id] = picture(color or color_of(content_id))
        if came:
            for listener in self._listeners:
                listener(came)


def color_of(content_id: int) -> QColor:
    """Return the colour of a content's picture."""
    return QColor.fromHsv(content_id * 67 % 360, 220, 200)


def picture(color: QColor, width: int = 128, height: int = 100) -> QImage:
    """Return a picture in one colour: as wide and high as the place in the tile, about."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(color)
    return image


def pixels(image: QImage) -> np.ndarray[Any, Any]:
    """Return the pixels as uint8, (height, width, 3), RGB."""
    image = image.convertToFormat(QImage.Format.Format_RGBX8888)
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return data[:, : image.width(), :3].copy()


@dataclass
class HeldCall:
    """A call that waits for the test."""

    name: str
    arguments: tuple[Any, ...]
    done: Any
    failed: Any


class HeldEngine:
    """Implements `desktop.ui.ports.EnginePort`: calls wait until the test ends them."""

    def __init__(self) -> None:
        self.waiting: list[HeldCall] = []

    def call(self, name: str, *arguments: Any, done: Any = None, failed: Any = None) -> None:
        self.waiting.append(HeldCall(name, arguments, done, failed))

    compute = call

    def finish(self, value: Any) -> None:
        """Let the oldest call end well."""
        self.waiting.pop(0).done(value)

    def fail(self, error: LightdeskError) -> None:
        """Let the oldest call fail."""
        self.waiting.pop(0).failed(error)
