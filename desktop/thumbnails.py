"""Thumbnails in memory, bounded in bytes, fetched by the wish list of what is on the screen."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
import simplejpeg
from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

log = logging.getLogger(__name__)
# What has been painted lies in finished tiles as well.
_MEMORY_BYTES = 48 << 20
_THREADS = 2
_MISSING_LIMIT = 10_000
# A picture that could not be had (its drive away, say) is asked for again after this long, while it is wanted.
_ASK_AGAIN_S = 10.0
# With what the other threads of the window may take, two seconds at most.
_CLOSE_S = 0.2


class Thumbnails(QObject):
    """Implements `desktop.ui.ports.ThumbnailPort`. Lives on the GUI thread; decodes on two others."""

    _arrived = Signal()  # the first of a handful: what follows before the GUI thread looks comes with it

    def __init__(self, *, memory_bytes: int = _MEMORY_BYTES) -> None:
        super().__init__()
        self._memory_bytes = memory_bytes
        self._images: OrderedDict[int, QImage] = OrderedDict()
        self._bytes = 0
        self._missing: dict[int, float] = {}
        self._wanted: list[tuple[int, str]] = []
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(lambda: self.want(self._wanted))
        self._listeners: list[Callable[[list[int]], None]] = []
        self._changed = threading.Condition()
        # Below: shared with the threads, under the lock of `_changed`.
        self._fetch: Callable[[str], bytes | None] | None = None
        self._epoch = 0
        self._wishes: list[tuple[int, str]] = []
        self._taken: set[int] = set()
        self._done: list[tuple[int, QImage | None]] = []
        self._closing = False
        self._arrived.connect(self._keep)
        self._threads = [
            threading.Thread(target=self._run, name=f"thumbnails-{i}", daemon=True) for i in range(_THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def open(self, fetch: Callable[[str], bytes | None] | None) -> None:
        """Fetch from another library from now on.

        Parameters
        ----------
        fetch
            Returns the JPEG of a content by its sha256, or None. Called on the threads.
        """
        with self._changed:
            self._fetch = fetch
            self._epoch += 1
            self._wishes.clear()
            self._taken.clear()
            self._done.clear()
        self._again.stop()
        self._images.clear()
        self._missing.clear()
        self._wanted.clear()
        self._bytes = 0

    def subscribe(self, on_ready: Callable[[list[int]], None]) -> None:
        """See `desktop.ui.ports.ThumbnailPort.subscribe`."""
        self._listeners.append(on_ready)

    def want(self, keys: Sequence[tuple[int, str]]) -> None:
        """See `desktop.ui.ports.ThumbnailPort.want`."""
        self._wanted = list(keys)
        since_s = time.monotonic() - _ASK_AGAIN_S
        wishes = [key for key in keys if key[0] not in self._images and self._missing.get(key[0], since_s) <= since_s]
        with self._changed:
            # Taken from the end: the most wanted last.
            self._wishes = [key for key in reversed(wishes) if key[0] not in self._taken]
            if self._wishes:
                self._changed.notify_all()

    def peek(self, content_id: int) -> QImage | None:
        """See `desktop.ui.ports.ThumbnailPort.peek`."""
        image = self._images.get(content_id)
        if image is not None:
            self._images.move_to_end(content_id)
        return image

    def close(self) -> None:
        """End the threads; one that hangs in a slow drive is left behind."""
        self._again.stop()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        until_s = time.monotonic() + _CLOSE_S
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._wishes and not self._closing:
                    self._changed.wait()
                if self._closing:
                    return
                content_id, sha256 = self._wishes.pop()
                self._taken.add(content_id)
                fetch, epoch = self._fetch, self._epoch
            image: QImage | None = None
            try:
                data = fetch(sha256) if fetch is not None else None
                if data is not None:
                    image = decoded(data)
            except Exception:
                log.exception("The thumbnail of %s could not be made", sha256)
            with self._changed:
                if self._closing:
                    return
                if epoch != self._epoch:
                    continue
                first = not self._done
                self._done.append((content_id, image))
            if first:
                self._arrived.emit()

    @Slot()
    def _keep(self) -> None:
        with self._changed:
            done, self._done = self._done, []
            self._taken.difference_update([content_id for content_id, _image in done])
        came: list[int] = []
        now_s = time.monotonic()
        for content_id, image in done:
            if image is None:
                if len(self._missing) > _MISSING_LIMIT:
                    self._missing.clear()
                self._missing[content_id] = now_s
                if not self._again.isActive():
                    self._again.start(round(_ASK_AGAIN_S * 1000) + 500)  # for all that follow soon
                continue
            before = self._images.pop(content_id, None)
            self._bytes += image.sizeInBytes() - (before.sizeInBytes() if before is not None else 0)
            self._images[content_id] = image
            self._missing.pop(content_id, None)
            came.append(content_id)
        # What is wanted now stays in any case: of a large screen with high density it may be more.
        while self._bytes > self._memory_bytes and len(self._images) > max(1, len(self._wanted)):
            _, oldest = self._images.popitem(last=False)
            self._bytes -= oldest.sizeInBytes()
        if came:
            for listener in self._listeners:
                listener(came)


def decoded(data: bytes) -> QImage:
    """Decode a JPEG without holding the interpreter's lock, into the layout that Qt paints without converting.

    QImage's own reader holds the lock (measured: two threads no faster than one, the GUI thread 130 ms late).
    """
    pixels = np.ascontiguousarray(simplejpeg.decode_jpeg(data, "BGRA"))
    height, width = pixels.shape[:2]
    # The copy detaches the image from the array.
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()
