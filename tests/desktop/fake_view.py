"""What the window reads of the fake engine: contents, and the view that answers queries over them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.schemas.insight import Insight
from engine.schemas.job import Job
from engine.schemas.library import (
    ClassCount,
    Command,
    Detail,
    Facets,
    FileRow,
    Label,
    Problem,
    Query,
    Source,
    Tile,
)
from engine.schemas.prediction import ClassScore, Prediction
from tests.desktop.fake_duplicates_view import FakeDuplicatesView

if TYPE_CHECKING:
    from tests.desktop.fake_engine import FakeEngine

MODEL_REF = "fake@1"
CLASSES = ("tench", "black swan", "harvestman", "flamingo", "sea lion", "lorikeet", "banjo")
AT = "2026-01-01T10:00:00.000+00:00"


@dataclass(frozen=True)
class Content:
    """One picture of the fake library."""

    id: int
    name: str
    path: str
    top: tuple[ClassScore, ...]
    label: Label | None = None
    hidden: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.path.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def shown_class(self) -> str:
        return self.label.class_name if self.label is not None and self.label.class_name else self.top[0].class_name


class FakeView(FakeDuplicatesView):
    """The facade's view."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        engine.n_views += 1

    def ids(self, query: Query) -> np.ndarray[Any, Any]:
        self._engine.before("ids")
        rows = [c for c in self._engine.visible() if _passes(c, query) and self._stands_out(c, query)]
        if query.sort == "confidence":
            rows.sort(key=lambda c: c.top[0].confidence)
        elif query.sort in ("name", "class"):
            rows.sort(key=lambda c: c.name if query.sort == "name" else c.shown_class)
        elif query.sort in ("outlier", "unique", "mistake"):
            rows.sort(key=lambda c: self._order(c, query.sort))
        return np.array([c.id for c in (reversed(rows) if query.descending else rows)], np.int64)

    def tiles(self, content_ids: Sequence[int], model_ref: str) -> list[Tile]:
        found = (self._engine.contents.get(int(i)) for i in content_ids)
        return [
            Tile(
                content_id=c.id,
                sha256=c.sha256,
                name=c.name,
                n_files=1,
                top1=c.top[0].class_name,
                confidence=c.top[0].confidence,
                label=c.label.class_name if c.label else None,
                label_state=c.label.state if c.label else None,
            )
            for c in found
            if c is not None
        ]

    def detail(self, content_id: int, model_ref: str) -> Detail | None:
        c = self._engine.contents.get(content_id)
        if c is None:
            return None
        files = (FileRow(c.path, 60_000, 0, True, "photos"),)
        prediction = Prediction(MODEL_REF, c.top, 0.3, 1.0, "fake", 5.0, False, AT)
        return Detail(
            c.id, c.sha256, c.name, "image", "image/jpeg", 400, 300, 60_000, files, c.label, (prediction,)
        )  # fmt: skip

    def insight(self, content_id: int, model_ref: str) -> Insight | None:
        c = self._engine.contents.get(content_id)
        return None if c is None else self._engine.insight_of(c)

    def _stands_out(self, c: Content, query: Query) -> bool:
        if query.only == "all":
            return True
        insight = self._engine.insight_of(c)
        return insight is not None and (insight.outlier if query.only == "outliers" else insight.mistake > 0.5)

    def _order(self, c: Content, sort: str) -> float:
        """Those that stand out most first, what is not known last."""
        insight = self._engine.insight_of(c)
        if insight is None:
            return 9.0
        return -insight.mistake if sort == "mistake" else insight.nearest_score

    def facets(self, model_ref: str) -> Facets:
        self._engine.before("facets")
        rows = self._engine.visible()
        counts: dict[str, int] = {}
        for c in rows:
            counts[c.shown_class] = counts.get(c.shown_class, 0) + 1
        folders = sorted({c.path.rpartition("/")[0] for c in rows})
        return Facets(
            n_all=len(rows),
            n_labelled=sum(c.label is not None and c.label.state == "accepted" for c in rows),
            n_unlabelled=sum(c.label is None for c in rows),
            n_rejected=sum(c.label is not None and c.label.state == "rejected" for c in rows),
            n_problems=len(self._engine.problem_rows),
            sources=tuple(
                Source(i, f, f.strip("/"), sum(c.path.startswith(f) for c in rows), AT)
                for i, f in enumerate(folders, 1)
            ),
            classes=tuple(ClassCount(name, n) for name, n in sorted(counts.items(), key=lambda row: (-row[1], row[0]))),
        )

    def problems(self, limit: int = 1000) -> list[Problem]:
        return list(reversed(self._engine.problem_rows))[:limit]

    def jobs(self, *, active_only: bool = False) -> list[Job]:
        jobs = list(self._engine.job_rows.values())
        return [job for job in jobs if not active_only or job.state in ("queued", "running", "paused")]

    def commands(self, limit: int = 200) -> list[Command]:
        return [command for command, _ in reversed(self._engine._done)][:limit]

    def can_undo(self) -> Command | None:
        return self._engine._done[-1][0] if self._engine._done else None

    def can_redo(self) -> Command | None:
        return self._engine._undone[-1][0] if self._engine._undone else None

    def class_names(self, prefix: str = "", limit: int = 50, model_ref: str = "") -> list[str]:
        return [name for name in CLASSES if prefix.casefold() in name][:limit]

    def close(self) -> None:
        self._engine.n_views -= 1


def _passes(c: Content, query: Query) -> bool:
    confidence = c.top[0].confidence
    state = "unlabelled" if c.label is None else "labelled" if c.label.state == "accepted" else "rejected"
    text = query.text.casefold()
    return (
        (query.class_name is None or c.shown_class == query.class_name)
        and query.confidence_min <= confidence <= query.confidence_max
        and query.labelled in ("any", state)
        and (not text or text in c.name.casefold() or text in c.shown_class.casefold())
    )
