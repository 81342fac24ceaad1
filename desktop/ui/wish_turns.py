"""The one wish list of thumbnails, shared by widgets that take each other's place: who is seen has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtGui import QImage

from desktop.ui.ports import ThumbnailPort


class WishTurns:
    """Hands out shares of a port; the first one has its turn until another gets it. GUI thread."""

    def __init__(self, port: ThumbnailPort) -> None:
        self._port = port
        self._holder: WishShare | None = None

    def share(self) -> WishShare:
        """Return a port for one of the widgets."""
        share = WishShare(self._port, self._put)
        self._holder = self._holder or share
        return share

    def give_to(self, share: WishShare) -> None:
        """What this one wishes counts from now on, and what it has wished meanwhile."""
        if share is not self._holder:
            self._holder = share
            self._port.want(share.wishes)

    def _put(self, share: WishShare) -> None:
        if share is self._holder:
            self._port.want(share.wishes)


class WishShare:
    """A `ThumbnailPort` whose wishes count while it has its turn. Made by `WishTurns`."""

    def __init__(self, port: ThumbnailPort, put: Callable[[WishShare], None]) -> None:
        self._port, self._put_in = port, put
        self.wishes: list[tuple[int, str]] = []

    def want(self, keys: Sequence[tuple[int, str]]) -> None:
        """See `ThumbnailPort.want`."""
        self.wishes = list(keys)
        self._put_in(self)

    def peek(self, content_id: int) -> QImage | None:
        """See `ThumbnailPort.peek`."""
        return self._port.peek(content_id)

    def subscribe(self, on_ready: Callable[[list[int]], None]) -> None:
        """See `ThumbnailPort.subscribe`."""
        self._port.subscribe(on_ready)
