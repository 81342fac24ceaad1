"""Thumbnails in memory, bounded in bytes, fetched by the wish list of what is on the screen."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
import simplejpeg
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

log = logging.getLogger(__name__)
_MEMORY_BYTES = 256 << 20
_THREADS = 2
_MISSING_LIMIT = 10_000


class Thumbnails(QObject):
    """Implements `desktop.ui.ports.ThumbnailPort`. Lives on the GUI thread; decodes on two others.

    Parameters
    ----------
    fetch
        Returns the JPEG of a content by its sha256, or None. Called on the threads.
    """

    _ready = Signal(int, object)

    def __init__(self) -> None:
        super().__init__()
        self._fetch: Callable[[str], bytes | None] | None = None
        self._images: OrderedDict[int, QImage] = OrderedDict()
        self._bytes = 0
        self._missing: set[int] = set()
        self._changed = threading.Condition()
        self._wishes: list[tuple[int, str]] = []
        self._taken: set[int] = set()
        self._closing = False
        self._listeners: list[Callable[[list[int]], None]] = []
        self._ready.connect(self._keep)
        self._threads = [threading.Thread(target=self._run, name=f"thumbnails-{i}") for i in range(_THREADS)]
        for thread in self._threads:
            thread.start()

    def open(self, fetch: Callable[[str], bytes | None] | None) -> None:
        """Fetch from another library from now on."""
        with self._changed:
            self._fetch = fetch
            self._wishes.clear()
        self._images.clear()
        self._missing.clear()
        self._bytes = 0

    def subscribe(self, on_ready: Callable[[list[int]], None]) -> None:
        """See `desktop.ui.ports.ThumbnailPort.subscribe`."""
        self._listeners.append(on_ready)

    def want(self, keys: Sequence[tuple[int, str]]) -> None:
        """See `desktop.ui.ports.ThumbnailPort.want`."""
        wishes = [key for key in keys if key[0] not in self._images and key[0] not in self._missing]
        with self._changed:
            # Taken from the end: the most wanted last.
            self._wishes = [key for key in reversed(wishes) if key[0] not in self._taken]
            self._changed.notify_all()

    def peek(self, content_id: int) -> QImage | None:
        """See `desktop.ui.ports.ThumbnailPort.peek`."""
        image = self._images.get(content_id)
        if image is not None:
            self._images.move_to_end(content_id)
        return image

    def close(self) -> None:
        """End the threads."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._wishes and not self._closing:
                    self._changed.wait()
                if self._closing:
                    return
                content_id, sha256 = self._wishes.pop()
                self._taken.add(content_id)
                fetch = self._fetch
            image: QImage | None = None
            try:
                data = fetch(sha256) if fetch is not None else None
                if data is not None:
                    image = _decoded(data)
            except Exception:
                log.exception("The thumbnail of %s could not be made", sha256)
            with self._changed:
                self._taken.discard(content_id)
            self._ready.emit(content_id, image)

    @Slot(int, object)
    def _keep(self, content_id: int, image: QImage | None) -> None:
        if image is None:
            if len(self._missing) > _MISSING_LIMIT:
                self._missing.clear()
            self._missing.add(content_id)
            return
        if content_id not in self._images:
            self._bytes += image.sizeInBytes()
        self._images[content_id] = image
        while self._bytes > _MEMORY_BYTES:
            _, oldest = self._images.popitem(last=False)
            self._bytes -= oldest.sizeInBytes()
        for listener in self._listeners:
            listener([content_id])


def _decoded(data: bytes) -> QImage:
    """Decode without holding the interpreter's lock, into the layout that Qt paints without converting."""
    pixels = simplejpeg.decode_jpeg(data, "BGRA")
    height, width = pixels.shape[:2]
    pixels = np.ascontiguousarray(pixels)
    # The copy detaches the image from the array.
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()
