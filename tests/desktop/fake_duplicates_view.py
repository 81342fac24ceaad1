"""What the window reads of the fake engine's duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.schemas.duplicates import Candidate, Pairs
from engine.schemas.library import Detail, FileRow

if TYPE_CHECKING:
    from tests.desktop.fake_engine import FakeEngine

_AT = "2026-01-01T10:00:00.000+00:00"


class FakeDuplicatesView:
    """That part of the facade's view."""

    _engine: FakeEngine

    def detail(self, content_id: int, model_ref: str) -> Detail | None:
        raise NotImplementedError

    def space(self, model_ref: str) -> tuple[int, int, int]:
        return 1, 8, len(self._engine.contents)

    def duplicates_looked(self, model_id: int) -> int:
        return len(self._engine.contents) if self._engine.looked else 0

    def duplicate_pairs(self) -> Pairs:
        rows = [(ids[0], other) for ids in self._engine.near for other in ids[1:]]
        first, second = np.array(rows, np.int64).reshape(-1, 2).T
        n = len(rows)
        yes, ones = np.ones(n, np.bool_), np.ones(n, np.float32)
        return Pairs(first, second, yes, ones, ones, ~yes, yes)

    def parted(self) -> list[tuple[int, int]]:
        return []

    def hidden(self) -> np.ndarray[Any, Any]:
        return np.array([c.id for c in self._engine.contents.values() if c.hidden], np.int64)

    def candidates(self, content_ids: Sequence[int]) -> dict[int, Candidate]:
        return {
            i: Candidate(i, 4000, 3000, 60_000, 100.0, c.label is not None, (c.path.rpartition("/")[0],), _AT)
            for i in content_ids
            if (c := self._engine.contents.get(i)) is not None
        }

    def file_rows(self, content_ids: Sequence[int]) -> dict[int, tuple[str, tuple[FileRow, ...]]]:
        details = {i: self.detail(i, "") for i in content_ids}
        return {i: (found.sha256, found.files) for i, found in details.items() if found is not None}

    def files_of(self, content_ids: Sequence[int]) -> dict[int, tuple[str, list[str]]]:
        return {i: (c.sha256, [c.path]) for i in content_ids if (c := self._engine.contents.get(i)) is not None}
