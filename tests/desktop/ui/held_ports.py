"""What the widgets read through, in the hands of a test: it says when an answer comes, and which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QImage

from engine.errors import LightdeskError
from engine.schemas.insight import Insight
from engine.schemas.library import Detail, Tile
from tests.desktop.ui.on_screen import color_of, picture
from tests.desktop.ui.records import NAMES, tile


class HeldView:
    """A view of a library that has every content, with what a test changed."""

    def __init__(self) -> None:
        self.changed: dict[int, Tile] = {}
        self.gone: set[int] = set()
        self.details: dict[int, Detail] = {}
        self.asked: list[list[int]] = []
        self.insights: dict[int, Insight] = {}
        self.names = list(NAMES)

    def tiles(self, content_ids: Sequence[int], _model_ref: str) -> list[Tile]:
        self.asked.append(list(content_ids))
        return [self.changed.get(i) or tile(i) for i in content_ids if i not in self.gone]

    def detail(self, content_id: int, _model_ref: str) -> Detail | None:
        return self.details.get(content_id)

    def insight(self, content_id: int, _model_ref: str) -> Insight | None:
        return self.insights.get(content_id)

    def class_names(self, part: str = "", limit: int = 50, _model_ref: str = "") -> list[str]:
        return [name for name in self.names if part.casefold() in name.casefold()][:limit]


class HeldReads:
    """Implements `desktop.ui.ports.ReadPort`: one request waits in each lane, the newest.

    Attributes
    ----------
    held
        Answers wait for `answer`; else they come with the next turn of the event loop.
    at_once
        They come before `ask` returns, for tests that count keys and not turns.
    """

    def __init__(self, *, held: bool = False) -> None:
        self.view = HeldView()
        self.held = held
        self.at_once = False
        self.n_asked = 0
        self.waiting: dict[str, tuple[int, Any, Any, Any]] = {}

    def ask(self, lane: str, read: Any, answer: Any, failed: Any = None) -> None:
        self.n_asked += 1
        self.waiting[lane] = (self.n_asked, read, answer, failed)
        number = self.n_asked
        if self.at_once:
            self._answer(lane, number)
        elif not self.held:
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

    def answer_all(self) -> int:
        """Read and deliver in all lanes; returns how many answers there were."""
        lanes = list(self.waiting)
        for lane in lanes:
            self.answer(lane)
        return len(lanes)

    def fail(self, lane: str, error: LightdeskError) -> None:
        """Let a read fail."""
        failed = self.waiting.pop(lane)[3]
        if failed is not None:
            failed(error)

    def _answer(self, lane: str, number: int) -> None:
        if lane in self.waiting and self.waiting[lane][0] == number:
            _number, read, answer, _failed = self.waiting.pop(lane)
            answer(read(self.view))


class HeldThumbnails:
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


@dataclass
class HeldCall:
    """A call that waits for the test."""

    name: str
    arguments: tuple[Any, ...]
    done: Any
    failed: Any
    keywords: dict[str, Any] = field(default_factory=dict)


class HeldEngine:
    """Implements `desktop.ui.ports.EnginePort`: calls wait until the test ends them."""

    def __init__(self) -> None:
        self.waiting: list[HeldCall] = []
        self.calls: list[tuple[Any, ...]] = []

    def call(self, name: str, *arguments: Any, done: Any = None, failed: Any = None) -> None:
        self.calls.append((name, *arguments))
        self.waiting.append(HeldCall(name, arguments, done, failed))

    def compute(self, name: str, *arguments: Any, done: Any = None, failed: Any = None, **keywords: Any) -> None:
        self.call(name, *arguments, done=done, failed=failed)
        self.waiting[-1].keywords = keywords

    def finish(self, value: Any) -> None:
        """Let the oldest call end well."""
        self.waiting.pop(0).done(value)

    def fail(self, error: LightdeskError) -> None:
        """Let the oldest call fail."""
        self.waiting.pop(0).failed(error)

    def answer(self, name: str, value: Any) -> None:
        """End all calls of that name; an error goes where errors go."""
        now = [call for call in self.waiting if call.name == name]
        self.waiting = [call for call in self.waiting if call.name != name]
        for call in now:
            (call.failed if isinstance(value, LightdeskError) else call.done)(value)
