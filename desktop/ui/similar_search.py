"""Searching by example: what stands, what stood before, and the rankings that answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from desktop.ui.likeness import Level, Likeness, Sample, n_at
from desktop.ui.ports import EnginePort
from desktop.ui.trail import Trail
from engine.errors import LightdeskError
from engine.schemas.library import Query
from engine.schemas.similar import MAX_K, Cuts, Example, Ranking, SimilarQuery

# The first screen is asked for by itself: the rest takes several times as long, and nobody sees it yet.
FIRST_K = 200
_BEHIND_MS = 120
# The index opens when the window has settled, and not before somebody has had the time to search.
_WARM_MS = 1500


@dataclass(eq=False, slots=True)
class Stop:
    """One view that a person had: of all pictures in order, or of those that are like some.

    Attributes
    ----------
    likeness
        None: all pictures, in the order of the filter bar.
    ids, where
        What was shown, and under which filter (for all pictures: and in which order).
    ranking, is_whole
        The answer; whether it is all of it, or the first screen.
    took_ms
        How long the first screen took in the engine.
    left_with
        The filter and the order that stood when the person left; None where they have not left yet.
    current_id, scroll_px
        Where in it the person was when they left.
    """

    likeness: Likeness | None
    level: Level = "everything"
    ids: NDArray[np.int64] | None = None
    where: Query | None = None
    ranking: Ranking | None = None
    is_whole: bool = False
    took_ms: float = 0.0
    left_with: Query | None = None
    current_id: int | None = None
    scroll_px: int = 0


class SimilarSearch(QObject):
    """The search that stands, with its way back and forward. GUI thread.

    Answers that are late (another search, another filter, another library) are dropped by number.
    """

    leaving = Signal()  # the stop is about to be left
    moved = Signal()  # another stop
    changed = Signal()  # the same stop, but its examples are known now, or have pictures
    refused = Signal(object)  # LightdeskError: the engine could not do it; that stop is gone

    def __init__(self, engine: EnginePort, parent: QObject) -> None:
        super().__init__(parent)
        self._engine = engine
        self._trail = Trail(Stop(None))
        self._number = 0  # of the newest question
        self._epoch = 0  # of the library and its model
        self._model_ref = ""
        self._behind = QTimer(self)
        self._behind.setSingleShot(True)
        self._behind.setInterval(_BEHIND_MS)
        self._behind.timeout.connect(self._ask_rest)
        self._rest: Callable[[], None] = lambda: None
        self._warm = QTimer(self)
        self._warm.setSingleShot(True)
        self._warm.setInterval(_WARM_MS)
        self._warm.timeout.connect(self._open_index)

    # What stands

    @property
    def stop(self) -> Stop:
        """What is shown now."""
        return self._trail.now

    @property
    def likeness(self) -> Likeness | None:
        """The examples that stand; None where all pictures are shown in their order."""
        return self._trail.now.likeness

    @property
    def can_back(self) -> bool:
        """Whether there is a way back."""
        return self._trail.can_back

    @property
    def can_forward(self) -> bool:
        """Whether there is a way forward."""
        return self._trail.can_forward

    def shown_ids(self) -> NDArray[np.int64]:
        """Return what the level lets through of the ranking."""
        stop = self.stop
        if stop.ranking is None:
            return np.empty(0, np.int64)
        return stop.ranking.content_ids[: n_at(stop.level, stop.ranking)]

    def kept_ids(self, query: Query) -> NDArray[np.int64] | None:
        """Return what this stop showed under the same filter, so that it can be shown before it is read again."""
        stop = self.stop
        if stop.likeness is None:
            return stop.ids if stop.where == query else None
        return self.shown_ids() if stop.ranking is not None and stop.where == _filter(query) else None

    # Going somewhere

    def go(self, likeness: Likeness | None, level: Level = "everything") -> None:
        """Search with other examples, or show all pictures again (None); a new stop."""
        if likeness is not None and likeness.is_empty:
            likeness = None
        self.leaving.emit()
        stop = Stop(likeness, level)
        if likeness is None:
            # Where the person was in them when the first search began.
            before = next(stop for stop in reversed(self._trail.behind) if stop.likeness is None)
            stop.ids, stop.where = before.ids, before.where
            stop.current_id, stop.scroll_px = before.current_id, before.scroll_px
        self._trail.go(stop)
        self._drop_questions()
        self.moved.emit()

    def back(self) -> None:
        """Show what was shown before."""
        self._step(self._trail.can_back, self._trail.back)

    def forward(self) -> None:
        """Show again what came after it."""
        self._step(self._trail.can_forward, self._trail.forward)

    def _step(self, can: bool, step: Callable[[], bool]) -> None:
        if can:
            self.leaving.emit()
            step()
            self._drop_questions()
            self.moved.emit()

    def set_level(self, level: Level) -> None:
        """Narrow the ranking, or widen it."""
        self.stop.level = level

    def keep(self, ids: NDArray[np.int64], query: Query) -> None:
        """Remember what is shown of all pictures: the way back to it is short then. Of several such stops the last."""
        for stop in self._trail.stops:
            stop.ids = None if stop.likeness is None else stop.ids
        self.stop.ids, self.stop.where = ids, query

    def forget_kept(self) -> None:
        """Pictures were hidden, labelled or removed: what was shown before has to be read again.

        What was picked to be labelled stays picked.
        """
        for stop in self._trail.stops:
            if stop is not self.stop and not (stop.likeness is not None and stop.likeness.n_apart):
                stop.ids, stop.ranking, stop.is_whole = None, None, False

    def has_picked(self, query: Query) -> bool:
        """Tell whether pictures were picked under this filter: they are not picked anew while they are being labelled."""
        stop = self.stop
        picks = stop.likeness is not None and stop.likeness.n_apart > 0
        return picks and stop.ranking is not None and stop.where == _filter(query)

    def picked(self, there: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of the picked ones that are still there; the others are forgotten."""
        ranking = self.stop.ranking
        if ranking is not None and self.likeness is not None and self.likeness.n_apart:
            stays = np.isin(ranking.content_ids, there)
            if not stays.all():
                n = int(stays.sum())
                ids, scores = ranking.content_ids[stays], ranking.scores[stays]
                self.stop.ranking = replace(ranking, content_ids=ids, scores=scores, cuts=Cuts(n, n, n))
        return self.shown_ids()

    def drop_words(self) -> None:
        """Another model reads words from now on: what was found with them is nowhere."""
        stands = self.likeness is not None and self.likeness.has_words
        for stop in self._trail.stops:
            for sample in stop.likeness.samples if stop.likeness is not None else ():
                sample.in_words = None
        self._trail.drop(lambda stop: stop.likeness is not None and stop.likeness.has_words)
        if stands:
            self._drop_questions()
            self.moved.emit()

    def open(self, model_ref: str) -> None:
        """Another library, or another model of it."""
        self.forget()
        self._model_ref = model_ref
        self._warm.start()

    def forget(self) -> None:
        """Nothing of a library or of a model may survive: the same numbers are other pictures elsewhere."""
        self._epoch += 1
        self._warm.stop()
        self._drop_questions()
        self._trail = Trail(Stop(None))

    def _open_index(self) -> None:
        self._engine.compute("index_state", self._model_ref, done=lambda _state: None, failed=lambda _error: None)

    # Examples that a model has to look at first

    def look_at(self, sample: Sample, name: str, *arguments: Any, words_ref: str = "") -> None:
        """Let the engine's method `name` make an example of it, or (`words_ref`) one beside words; the search waits for it."""
        epoch = self._epoch
        keywords = {"model_ref": words_ref} if words_ref else {}

        def came(example: Example) -> None:
            if epoch == self._epoch:
                if words_ref:
                    sample.in_words = example
                else:
                    sample.example = example
                if not words_ref and sample.region is None and example.content_id is not None:
                    sample.content_id = example.content_id
                self.tell_of(sample)

        def failed(error: LightdeskError) -> None:
            if epoch == self._epoch:
                self._take_out(sample)
                self.refused.emit(error)

        self._engine.compute(name, *arguments, done=came, failed=failed, **keywords)

    def tell_of(self, sample: Sample) -> None:
        """Something of a sample has come: what to search with, its picture or its name."""
        if self.likeness is not None and sample in self.likeness.samples:
            self.changed.emit()

    def _take_out(self, sample: Sample) -> None:
        """A sample could not be looked at: it is in no stop any more."""
        was = self.stop
        concerned = was.likeness is not None and sample in was.likeness.samples
        for stop in self._trail.stops:
            if stop.likeness is not None:
                stop.likeness = stop.likeness.without(sample)
        self._trail.drop(lambda stop: stop.likeness is not None and stop.likeness.is_empty)
        if concerned:
            self._drop_questions()
            self.moved.emit()

    # Asking

    def ask(
        self, query: Query, came: Callable[[NDArray[np.int64], bool], None], failed: Callable[[LightdeskError], None]
    ) -> None:
        """Ask for the ranking under a filter.

        A new one comes in two parts, the first screen before the whole; one that is asked again comes whole, so that
        what is shown does not shrink meanwhile. Nothing comes while an example has not been looked at.

        Parameters
        ----------
        came
            Called with what is to be shown, and whether that is the whole.
        failed
            Called where an answer that was there could not be brought up to date.
        """
        self._drop_questions()
        stop, where = self.stop, _filter(query)
        if stop.likeness is not None and stop.likeness.is_ready:
            again = stop.ranking is not None and stop.where == where
            self._put(stop, where, stop.likeness.most or (MAX_K if again else FIRST_K), came, failed)

    def _put(self, stop: Stop, where: Query, k: int, came: Any, failed: Any) -> None:
        self._number += 1
        number = self._number
        likeness = stop.likeness
        assert likeness is not None

        def done(ranking: Ranking) -> None:
            if number != self._number:
                return
            first = stop.where != where or stop.ranking is None
            whole = k == MAX_K or likeness.most > 0 or likeness.n_apart > 0 or len(ranking.content_ids) < k
            stop.ranking, stop.where, stop.is_whole = ranking, where, whole
            stop.took_ms = ranking.took_ms if first else stop.took_ms
            came(self.shown_ids(), whole)
            if not whole and number == self._number:
                # When the first screen has been painted.
                self._rest = lambda: self._put(stop, where, MAX_K, came, failed)
                self._behind.start()

        def refused(error: LightdeskError) -> None:
            if number != self._number:
                return
            if stop.ranking is not None:
                failed(error)
                return
            self._trail.drop(lambda other: other is stop)
            self._drop_questions()
            self.refused.emit(error)
            self.moved.emit()

        if likeness.n_apart:
            self._engine.compute("most_different", where, likeness.n_apart, done=done, failed=refused)
        else:
            query = SimilarQuery(likeness.examples("plus"), likeness.examples("minus"), where, k)
            self._engine.compute("similar", query, done=done, failed=refused)

    def _ask_rest(self) -> None:
        rest, self._rest = self._rest, lambda: None
        rest()

    def _drop_questions(self) -> None:
        self._number += 1
        self._behind.stop()
        self._rest = lambda: None


def _filter(query: Query) -> Query:
    """A ranking has an order of its own."""
    return replace(query, sort="added", descending=False)
