"""Sharp pictures for looking at: decoded off the GUI thread, the newest request first, stale ones dropped."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from desktop.ui.ports import EnginePort
from engine.errors import LightdeskError
from engine.schemas.frame import Frame

_KEPT = 6
# Whole photos, asked for to look at single pixels, may have a hundred megabytes and more.
_KEPT_BYTES = 256 << 20
Answer = Callable[[int, "QImage | LightdeskError"], None]


class PreviewLoader(QObject):
    """Loads one preview at a time. GUI thread.

    Holding an arrow key asks for many pictures in a second; only the one being decoded and the newest are
    ever worked on.
    """

    def __init__(self, engine: EnginePort, parent: QObject) -> None:
        super().__init__(parent)
        self._engine = engine
        self._kept: OrderedDict[tuple[int, int], QImage] = OrderedDict()
        self._running: tuple[int, int] | None = None
        self._next: tuple[tuple[int, int], Answer] | None = None
        self._answer: Answer | None = None
        self._epoch = 0

    def request(self, content_id: int, max_side: int, answer: Answer) -> None:
        """Ask for a picture; `answer` is called unless a newer request comes before."""
        key = (content_id, max_side)
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            self._next = self._answer = None
            answer(content_id, kept)
        elif self._running == key:
            self._next, self._answer = None, answer
        elif self._running is not None:
            self._next, self._answer = (key, answer), None
        else:
            self._start(key, answer)

    def cancel(self) -> None:
        """Nobody looks any more."""
        self._next = self._answer = None

    def forget(self) -> None:
        """Another library: its contents may have the same numbers."""
        self.cancel()
        self._kept.clear()
        self._running = None
        self._epoch += 1

    def _start(self, key: tuple[int, int], answer: Answer) -> None:
        self._running, self._answer = key, answer
        epoch = self._epoch
        self._engine.compute(
            "preview",
            *key,
            done=lambda frame: self._came(key, epoch, to_image(frame)),
            failed=lambda error: self._came(key, epoch, error),
        )

    def _came(self, key: tuple[int, int], epoch: int, value: QImage | LightdeskError) -> None:
        if epoch != self._epoch:
            return
        answer, self._answer, self._running = self._answer, None, None
        following, self._next = self._next, None
        if isinstance(value, QImage):
            self._keep(key, value)
        if following is not None:
            self._start(*following)
        elif answer is not None:
            answer(key[0], value)

    def _keep(self, key: tuple[int, int], image: QImage) -> None:
        self._kept[key] = image
        while len(self._kept) > 1 and (
            len(self._kept) > _KEPT or sum(kept.sizeInBytes() for kept in self._kept.values()) > _KEPT_BYTES
        ):
            self._kept.popitem(last=False)


def to_image(frame: Frame) -> QImage:
    """Return a frame in the layout that Qt paints without converting."""
    pixels = np.ascontiguousarray(frame.pixels)
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    # Converting also detaches the image from the array.
    return image.convertToFormat(QImage.Format.Format_RGB32)
