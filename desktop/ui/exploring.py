"""Finding similar in the window: from pictures, parts and files to a search, and from its answer to the grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QObject, QRectF, Signal
from PySide6.QtGui import QGuiApplication

from desktop.ui.browsing import Browser
from desktop.ui.drop_overlay import DropSpot
from desktop.ui.grid import AssetGrid
from desktop.ui.likeness import MOST_EXAMPLES, Level, Likeness, Sample, Side, n_at
from desktop.ui.preview_view import PreviewView
from desktop.ui.sampling import Sampler
from desktop.ui.similar_bar import SimilarBar
from desktop.ui.similar_search import SimilarSearch
from desktop.ui.word_query import WordQuery
from engine.schemas.library import Query


class Exploring(QObject):
    """Knows search, bar and grid, and brings them together. GUI thread.

    Parameters
    ----------
    query
        The filter that stands, and the order.
    set_query
        Puts filter and order back as they were.
    show_pictures
        Lets the grid be seen, whatever was shown in its place.

    Attributes
    ----------
    words_ref
        The space that words are searched in; empty while there is no model for them.
    """

    said = Signal(str)

    def __init__(
        self,
        search: SimilarSearch,
        bar: SimilarBar,
        grid: AssetGrid,
        browser: Browser,
        sampler: Sampler,
        query: Callable[[], Query],
        set_query: Callable[[Query], None],
        show_pictures: Callable[[], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.search, self._bar, self._grid, self._browser = search, bar, grid, browser
        self._sampler, self._query, self._set_query, self._show_pictures = sampler, query, set_query, show_pictures
        self._returning = False
        self.n_moves = 0
        self.words_ref = ""
        search.leaving.connect(self._note_place)
        search.moved.connect(self._arrive)
        search.changed.connect(self._changed)
        bar.backRequested.connect(self.back)
        bar.forwardRequested.connect(self.forward)
        bar.closeRequested.connect(self.close)
        bar.removeRequested.connect(self.take_out)
        bar.words.changed.connect(self.find_words)
        bar.levelChosen.connect(self.set_level)
        bar.rankChosen.connect(self._go_to_rank)
        for well in (bar.plus, bar.minus):
            well.pasteRequested.connect(lambda side=well.side: self.take(QGuiApplication.clipboard().mimeData(), side))

    @property
    def stands(self) -> bool:
        """Whether what is shown is like something."""
        return self.search.likeness is not None

    @property
    def picks(self) -> bool:
        """Whether what is shown was picked to be labelled."""
        return self.search.likeness is not None and self.search.likeness.n_apart > 0

    # From pictures to a search

    def find(self, content_ids: Sequence[int]) -> None:
        """Show what is like these pictures of the library."""
        if content_ids:
            self._go(Likeness().added("plus", self._sampler.of_contents(content_ids)))

    def find_group(self, middle_id: int, n: int) -> None:
        """Show the `n` that lie nearest to the picture in the middle of a group."""
        self._go(Likeness(self._sampler.of_contents([middle_id]), most=n))

    def pick(self, n: int) -> None:
        """Pick so many without a label that differ most from each other, and from all that have one."""
        self._go(Likeness(n_apart=n))

    def use_words(self, ref: str) -> None:
        """Search words in this space from now on; empty where there is no model for them."""
        before, self.words_ref = self.words_ref, ref
        if before and before != ref:
            self._sampler.forget_words()
            self.search.drop_words()

    def find_words(self, words: WordQuery) -> None:
        """Show what these words say, and what the pictures are like that are searched with already."""
        had = self.search.likeness or Likeness()
        self._show_pictures()
        self.search.go(had.with_words(words), self.search.stop.level)

    def add(self, side: Side, content_ids: Sequence[int]) -> None:
        """Let the search that stands be more, or less, like these."""
        if not content_ids:
            return
        if self.search.likeness is None and side == "minus":
            self.said.emit(self.tr("Find something similar first (F)."))
        else:
            self._add(side, self._sampler.of_contents(content_ids))

    def take(self, mime: QMimeData, side: Side | None) -> bool:
        """Search with what was dropped or pasted; into a well, or (None) by itself. False where it is no picture."""
        samples = self._sampler.of_mime(mime)
        if samples and side is None:
            self._go(Likeness().added("plus", samples))
        elif samples and side is not None:
            self._add(side, samples)
        return bool(samples)

    def find_part(self, view: PreviewView, content_id: int | None, part: QRectF) -> None:
        """Show what is like a part of the picture that a preview shows."""
        if content_id is None:
            return
        sample = self._sampler.of_part(view, content_id, part)
        self._go(Likeness().added("plus", (sample,)))

    def take_out(self, sample: Sample) -> None:
        """Search without one of the examples; without the last one the search is over."""
        if self.search.likeness is not None:
            self.search.go(self.search.likeness.without(sample), self.search.stop.level)

    def close(self) -> None:
        """Show all pictures again."""
        if self.stands:
            self.search.go(None)

    def back(self) -> None:
        """Show what was shown before, under the filter of then."""
        if self.search.can_back:
            self._show_pictures()
            self.search.back()

    def forward(self) -> None:
        """Show again what came after it."""
        if self.search.can_forward:
            self._show_pictures()
            self.search.forward()

    def forget(self) -> None:
        """Another library, or another model."""
        self.search.forget()
        self._sampler.forget()
        self._returning = False
        self.words_ref = ""
        self._bar.show_search(self.search)

    def spots(self, search_box: Any) -> list[DropSpot]:
        """Return where pictures can be dropped to search with them."""
        find, plus, minus = self.tr("Drop to find similar pictures"), self.tr("Like this"), self.tr("Not like this")
        return [
            DropSpot(search_box, self.tr("Find similar"), find, lambda mime: self.take(mime, None)),
            DropSpot(self._bar.plus, plus, self.tr("Drop to look for this as well"), lambda mime: self.take(mime, "plus")),
            DropSpot(self._bar.minus, minus, self.tr("Drop to look for what is unlike it"), lambda mime: self.take(mime, "minus")),
        ]  # fmt: skip

    def _go(self, likeness: Likeness) -> None:
        self._show_pictures()
        self.search.go(likeness)

    def _add(self, side: Side, samples: tuple[Sample, ...]) -> None:
        self._show_pictures()
        had = self.search.likeness or Likeness()
        self.search.go(had.added(side, samples), self.search.stop.level)
        n_there = len(getattr(self.search.likeness, side))
        if n_there == MOST_EXAMPLES:
            self.said.emit(self.tr("No more than {0} examples on one side.").format(MOST_EXAMPLES))

    # From a search to the grid

    def shown(self, ids: NDArray[np.int64], query: Query, *, anew: bool) -> None:
        """Show ids that came: where the person was in them, or where they are anew (another order) from their start."""
        search, stop = self.search, self.search.stop
        returning, self._returning = self._returning, False
        at_start = anew and not returning
        if stop.likeness is None:
            search.keep(ids, query)
            self._grid.set_ids(ids, at_start=at_start)
        elif stop.ranking is not None:
            self._sampler.complete(stop.likeness.samples)
            # How far each of those picked is from the others is no likeness.
            scores = None if stop.likeness.n_apart else stop.ranking.scores[: len(ids)]
            self._grid.set_ids(ids, scores, stop.ranking.cuts.same_thing, at_start=at_start)
        self._bar.show_search(search)
        if returning:
            if stop.current_id is not None:
                self._grid.set_current(stop.current_id)
            self._grid.verticalScrollBar().setValue(stop.scroll_px)

    def set_level(self, level: Level) -> None:
        """Narrow what is shown, or widen it."""
        self.search.set_level(level)
        if self.search.stop.ranking is not None:
            self._browser.show(self.search.shown_ids())

    def narrow(self) -> None:
        """Show only what is more alike."""
        self._bar.step_level(-1)

    def widen(self) -> None:
        """Show also what is less alike."""
        self._bar.step_level(1)

    def _go_to_rank(self, place: int) -> None:
        stop = self.search.stop
        if stop.ranking is not None and place < n_at(stop.level, stop.ranking):
            self._grid.set_current(int(stop.ranking.content_ids[place]))

    def _note_place(self) -> None:
        stop = self.search.stop
        stop.left_with = self._query()
        stop.current_id, stop.scroll_px = self._grid.current_id(), self._grid.verticalScrollBar().value()

    def _arrive(self) -> None:
        """Show the stop that is new, or was gone back to."""
        self.n_moves += 1
        stop = self.search.stop
        left_with, stop.left_with = stop.left_with, None
        if left_with is not None:
            self._set_query(left_with)
        if stop.likeness is not None and stop.likeness.has_words:
            self._sampler.look_beside_words(stop.likeness.samples, self.words_ref)
        self._returning = stop.ids is not None or stop.ranking is not None or stop.current_id is not None
        self._bar.show_search(self.search)
        kept = self.search.kept_ids(self._query())
        if kept is not None:
            self._browser.show(kept)
        self._browser.show_now()

    def _changed(self) -> None:
        self._bar.show_search(self.search)
        if self.search.stop.ranking is None:
            self._browser.show_now()
