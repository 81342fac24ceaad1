"""The hot index as one of the ways that are compared: built, asked and added to as a space does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmarks.similar_competitor import Competitor, FloatRows, Floats, GivenUp, Ids, K, in_blocks
from engine import spaces
from engine.search.hot_index import HotIndex
from engine.search.vector_file import VectorFile


class Lightdesk(Competitor):
    """It finds out for each query how far to look: there is no knob."""

    title = "Lightdesk's hot index"
    knobs: ClassVar[Sequence[Any]] = (None,)

    def needs_bytes(self, n: int, dim: int) -> int:
        """Bits, numbers and lists, and the training sample."""
        return n * (dim // 8 + 40) * 2 + 40 * round(n**0.5) * dim * 12

    def build(self, rows: FloatRows, folder: Path, progress: Callable[[int], None]) -> None:
        """Write the file of vectors, then make the compact stage."""
        self._file = VectorFile(folder / "vectors", library_id="5" * 32, model_id=1, dim=rows.dim)
        self._file.open()
        self._hot = HotIndex(self._file)
        in_blocks(rows, lambda _start, block: self._append(block), lambda _n: None)
        self._space = spaces.Space(folder / "none.db", "bench@1", folder)
        compact = self._space._built(self._hot)
        if compact is None:
            raise GivenUp("it was not built")
        self._hot.use(compact)
        progress(rows.n)

    def search(self, query: Floats, knob: Any) -> Ids:
        """Its own answer."""
        return self._hot.search(query, K).content_ids

    def add(self, vectors: Floats) -> None:
        """As a space takes what has come."""
        self._append(vectors)
        assert self._hot.compact is not None
        for at in range(0, len(vectors), spaces._TOP_UP_ROWS):
            self._hot.compact.add(vectors[at : at + spaces._TOP_UP_ROWS])

    def _append(self, vectors: Floats) -> None:
        ids = np.arange(self._hot.n, self._hot.n + len(vectors), dtype=np.int64)
        self._file.append(ids, ids, vectors)
        self._hot.extend(ids)

    def close(self) -> None:
        """Close the file."""
        if hasattr(self, "_file"):
            self._file.close()
