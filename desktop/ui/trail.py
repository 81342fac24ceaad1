"""Where a person has been, and back and forward along it, as in a web browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

_MOST_STOPS = 60
T = TypeVar("T")


class Trail(Generic[T]):
    """Stops in the order they were made; one of them is where we are.

    Parameters
    ----------
    start
        The first stop, which stays when others are dropped.
    """

    def __init__(self, start: T) -> None:
        self._stops = [start]
        self._at = 0

    @property
    def now(self) -> T:
        """Where we are."""
        return self._stops[self._at]

    @property
    def stops(self) -> tuple[T, ...]:
        """All of them, in order."""
        return tuple(self._stops)

    @property
    def behind(self) -> tuple[T, ...]:
        """Those up to the one where we are, in order."""
        return tuple(self._stops[: self._at + 1])

    @property
    def can_back(self) -> bool:
        """Whether something lies behind."""
        return self._at > 0

    @property
    def can_forward(self) -> bool:
        """Whether something lies ahead."""
        return self._at < len(self._stops) - 1

    def go(self, to: T) -> None:
        """Go somewhere new: what lay ahead is no more."""
        self._stops[self._at + 1 :] = [to]
        # The oldest but the start, which is where the way back ends.
        del self._stops[1 : max(1, len(self._stops) - _MOST_STOPS + 1)]
        self._at = len(self._stops) - 1

    def back(self) -> bool:
        """Go one stop back; says whether there was one."""
        could = self.can_back
        self._at -= could
        return could

    def forward(self) -> bool:
        """Go one stop forward again; says whether there was one."""
        could = self.can_forward
        self._at += could
        return could

    def drop(self, gone: Callable[[T], bool]) -> None:
        """Take stops out, but never the first; where the present one goes we are at the one before it."""
        kept = [index == 0 or not gone(stop) for index, stop in enumerate(self._stops)]
        self._at = sum(kept[: self._at + 1]) - 1
        self._stops = [stop for stop, stays in zip(self._stops, kept, strict=True) if stays]
