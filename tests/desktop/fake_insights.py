"""Neighbourhoods, coverage and words of the fake engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import LightdeskError
from engine.events import AnalysisChanged, EventBus
from engine.schemas.insight import AnalysisState, ClassCoverage, Cluster, Coverage, Insight
from engine.schemas.library import Query
from engine.schemas.similar import Cuts, Ranking
from engine.schemas.words import WordsState
from tests.desktop.fake_view import AT, MODEL_REF, Content

WORDS = WordsState("clip@1", "Clip in miniature", 512, AT, ("the pictures are cropped",))


class FakeInsights:
    """That part of the engine's facade.

    Attributes
    ----------
    analysis
        How far pictures are compared; `set_analysis` moves it. Every fifth picture is an outlier.
    words
        The model for words in use; `n_prepared` counts from the first picture.
    refuses
        Raised by `add_words`.
    """

    events: EventBus
    contents: dict[int, Content]
    analysis = AnalysisState(MODEL_REF, "absent")
    words = WordsState()
    refuses: LightdeskError | None = None

    def _called(self, name: str, *arguments: Any) -> None:
        raise NotImplementedError

    def visible(self) -> list[Content]:
        raise NotImplementedError

    def view(self) -> Any:
        raise NotImplementedError

    def set_analysis(self, state: AnalysisState) -> None:
        """Let more be known and tell of it."""
        self.analysis = state
        self.events.publish(AnalysisChanged(state))

    def analyse(self, model_ref: str = "") -> AnalysisState:
        self._called("analyse", model_ref)
        if self.analysis.phase == "absent":
            self.analysis = AnalysisState(MODEL_REF, "building", 0, len(self.contents))
        return self.analysis

    def insight_of(self, c: Content) -> Insight | None:
        """Return what is known of a content; how far that goes is `analysis`."""
        if self.analysis.phase != "ready" and c.id > self.analysis.n:
            return None
        own = c.label.class_name if c.label is not None else None
        outlier = c.id % 5 == 0
        at_odds = own is not None and own != c.top[0].class_name
        other = c.top[0].class_name if own is None or at_odds else None
        score = 0.31 if outlier else round(0.9 - c.id / 1000, 3)
        return Insight(c.id + 1, score, score - 0.1, outlier, 10, 9, own, other, 0.9 if at_odds else 0.0)

    def coverage(self, where: Query) -> Coverage:
        self._called("coverage", where)
        shown = [self.contents[int(i)] for i in self._ids(where)]
        names = sorted({c.shown_class for c in shown})
        rows = [
            ClassCoverage(
                name,
                sum(c.label is not None and c.shown_class == name for c in shown),
                sum(c.shown_class == name for c in shown),
            )
            for name in names
        ]
        halves = [half for half in (shown[::2], shown[1::2]) if half]
        clusters = [
            Cluster(
                half[0].id,
                len(half),
                sum(c.label is not None for c in half),
                half[0].shown_class,
                sum(c.shown_class == half[0].shown_class for c in half),
            )
            for half in halves
        ]
        rows.sort(key=lambda row: (row.n_labelled, row.n, row.class_name))
        clusters.sort(key=lambda cluster: cluster.n_labelled > 0)
        return Coverage(tuple(rows), tuple(clusters))

    def most_different(self, where: Query, n: int) -> Ranking:
        """Those without a label, the last first."""
        self._called("most_different", where, n)
        ids = self._ids(replace(where, labelled="unlabelled"))[::-1][:n].copy()
        k = len(ids)
        return Ranking(ids, np.linspace(0.9, 0.2, k), len(self.contents), Cuts(k, k, k), "", 80.0)

    def words_state(self) -> WordsState:
        self._called("words_state")
        n = len(self.visible())
        return replace(self.words, n_prepared=min(self.words.n_prepared, n), n_total=n)

    def add_words(
        self, folder: Path, progress: Callable[[str, float | None], None], stopped: Callable[[], bool]
    ) -> WordsState | None:
        self._called("add_words", folder)
        progress("Reading the model", 0.5)
        if self.refuses is not None:
            raise self.refuses
        if stopped():
            return None
        self.words = WORDS
        return self.words_state()

    def prepare_words(self) -> str:
        self._called("prepare_words")
        return self.words.ref

    def _ids(self, where: Query) -> np.ndarray[Any, Any]:
        view = self.view()
        ids: np.ndarray[Any, Any] = view.ids(where)
        view.close()
        return ids
