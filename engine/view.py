"""A read-only look at the library, with a connection of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.library import (
    commands,
    contents,
    database,
    duplicates,
    files,
    insights,
    jobs,
    map_colours,
    migrations,
    models,
    neighbourhoods,
    problems,
    queries,
    selection,
    vectors,
)
from engine.library.database import Connection
from engine.library.records import ItemResult
from engine.schemas.duplicates import Candidate, Pairs
from engine.schemas.insight import Insight
from engine.schemas.job import Job
from engine.schemas.library import Command, Detail, Facets, FileRow, Problem, Query, Tile

_FILTERS_KEPT = 4


class LibraryView:
    """Answers questions about a library. To be used on one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._conn: Connection = migrations.open_for_reading(path)
        self._model_ids: dict[str, int] = {}
        self._allowed: dict[tuple[Query, int], NDArray[np.bool_] | None] = {}

    def ids(self, query: Query) -> NDArray[np.int64]:
        """Return all visible contents that pass the filter, in order."""
        with database.translated(self._path):
            return queries.ids(self._conn, query, self._model_id(query.model_ref))

    def tiles(self, content_ids: Sequence[int], model_ref: str) -> list[Tile]:
        """Return what the grid paints; unknown ids are left out."""
        with database.translated(self._path):
            return queries.tiles(self._conn, content_ids, self._model_id(model_ref))

    def detail(self, content_id: int, model_ref: str) -> Detail | None:
        """Return everything about one content."""
        with database.translated(self._path):
            return queries.detail(self._conn, content_id, self._model_id(model_ref))

    def facets(self, model_ref: str) -> Facets:
        """Return the counts of the library panel."""
        with database.translated(self._path):
            return queries.facets(self._conn, self._model_id(model_ref))

    def problems(self, limit: int = 1000) -> list[Problem]:
        """Return the newest problems."""
        with database.translated(self._path):
            return problems.listed(self._conn, limit)

    def jobs(self, *, active_only: bool = False) -> list[Job]:
        """Return jobs, newest first."""
        with database.translated(self._path):
            return jobs.listed(self._conn, active_only=active_only)

    def job(self, job_id: int) -> Job:
        """Return one job. Raises JobError."""
        with database.translated(self._path):
            return jobs.get(self._conn, job_id)

    def job_results(self, job_id: int, after_seq: int, limit: int) -> list[ItemResult]:
        """Return a job's files in scan order, with what became of each."""
        with database.translated(self._path):
            return jobs.results(self._conn, job_id, after_seq, limit)

    def commands(self, limit: int = 200) -> list[Command]:
        """Return the history, newest first."""
        with database.translated(self._path):
            return commands.listed(self._conn, limit)

    def can_undo(self) -> Command | None:
        """Return what undo would take back."""
        with database.translated(self._path):
            return commands.can_undo(self._conn)

    def can_redo(self) -> Command | None:
        """Return what redo would do again."""
        with database.translated(self._path):
            return commands.can_redo(self._conn)

    def paths_of(self, sha256: bytes) -> list[str]:
        """Return the files that have this content, present ones first."""
        with database.translated(self._path):
            known = contents.find(self._conn, sha256)
            return files.paths_of(self._conn, known) if known is not None else []

    def files_of(self, content_ids: Sequence[int]) -> dict[int, tuple[str, list[str]]]:
        """Return sha256 and paths of contents, present files first; unknown ids are left out."""
        with database.translated(self._path):
            return contents.files_of(self._conn, content_ids)

    def file_rows(self, content_ids: Sequence[int]) -> dict[int, tuple[str, tuple[FileRow, ...]]]:
        """Return sha256 and files of contents, with what is known of each, present files first; no unknown ids."""
        with database.translated(self._path):
            return queries.file_rows(self._conn, content_ids)

    def content_with_vector(self, sha256: bytes, model_ref: str) -> int | None:
        """Return the id of a content that has a vector in a space, or None."""
        with database.translated(self._path):
            known = contents.find(self._conn, sha256)
            model_id = self._model_id(model_ref)
            if known is None or model_id is None or not vectors.has(self._conn, model_id, known):
                return None
            return known

    def class_names(self, prefix: str = "", limit: int = 50, model_ref: str = "") -> list[str]:
        """Return names for completion, those already used first."""
        with database.translated(self._path):
            return queries.class_names(self._conn, prefix, limit, self._model_id(model_ref))

    def allowed(self, query: Query) -> NDArray[np.bool_] | None:
        """Return by content id whether the filter lets it through; None where it lets all through.

        As long as nobody commits, the same answer is the same array, so that what follows from it can be kept.
        """
        key = self._filter_key(query)
        if key not in self._allowed:
            with database.translated(self._path):
                mask = selection.allowed(self._conn, query, self._model_id(query.model_ref))
            self._keep(key, mask)
        return self._allowed[key]

    def allows_few(self, query: Query) -> bool:
        """Tell whether `allowed` answers in some milliseconds: the filter is known, or keeps so few that it soon is."""
        key = self._filter_key(query)
        if key in self._allowed or not selection.filters(query):
            return True
        with database.translated(self._path):
            ids = selection.few(self._conn, query, self._model_id(query.model_ref))
        if ids is None:
            return False
        mask = np.zeros(int(ids.max(initial=0)) + 1, dtype=np.bool_)
        mask[ids] = True
        self._keep(key, mask)
        return True

    def passing(self, query: Query, content_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of some contents that are visible and pass the filter, in their order."""
        with database.translated(self._path):
            return selection.passing(self._conn, query, self._model_id(query.model_ref), content_ids)

    def _filter_key(self, query: Query) -> tuple[Query, int]:
        return replace(query, sort="added", descending=False), self.change_counter()

    def _keep(self, key: tuple[Query, int], mask: NDArray[np.bool_] | None) -> None:
        self._allowed = {**dict(list(self._allowed.items())[-_FILTERS_KEPT + 1 :]), key: mask}

    def space(self, model_ref: str) -> tuple[int, int, int]:
        """Return id, number of dimensions and number of vectors of a space; zeros where the library has none."""
        with database.translated(self._path):
            model_id = self._model_id(model_ref)
            if model_id is None:
                return 0, 0, 0
            return model_id, vectors.dim_of(self._conn, model_id), vectors.state(self._conn, model_id)[0]

    def chain_at(self, model_id: int, n: int) -> int | None:
        """Return the chain after the first `n` vectors of a space, None where there are fewer."""
        with database.translated(self._path):
            return vectors.chain_at(self._conn, model_id, n)

    def vector_rows(self, model_id: int, position: int, limit: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return contents and chains of the next places of a space."""
        with database.translated(self._path):
            return vectors.rows_from(self._conn, model_id, position, limit)

    def vectors(self, model_id: int, content_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return stored vectors, float32 (n, dim); zeros where a content has none."""
        with database.translated(self._path):
            return vectors.read(self._conn, model_id, content_ids)

    def without_vector(self, model_ref: str, limit: int) -> list[int]:
        """Return visible contents that have no vector in a space yet, by id."""
        with database.translated(self._path):
            model_id = self._model_id(model_ref)
            if model_id is None or not vectors.dim_of(self._conn, model_id):
                return []
            return vectors.missing(self._conn, model_id, 0, limit)

    def nearest(
        self, model_id: int, vector: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Search a space in sqlite-vec: exact, and slow where the space is large."""
        with database.translated(self._path):
            return vectors.nearest(self._conn, model_id, vector, k, allowed)

    def without_neighbours(self, model_id: int, position: int, limit: int) -> NDArray[np.int64]:
        """Return the next places and contents of a space whose neighbours are not known, int64 (2, n)."""
        with database.translated(self._path):
            return neighbourhoods.missing(self._conn, model_id, position, limit)

    def neighbours(self, model_id: int, content_ids: NDArray[np.int64]) -> dict[int, bytes]:
        """Return packed neighbours of those whose are known."""
        with database.translated(self._path):
            return neighbourhoods.of(self._conn, model_id, content_ids.tolist())

    def insight(self, content_id: int, model_ref: str) -> Insight | None:
        """Return what a content's neighbours say of it; None where they are not known."""
        with database.translated(self._path):
            model_id = self._model_id(model_ref)
            return None if model_id is None else insights.of(self._conn, content_id, model_id)

    def classes_of(self, content_ids: NDArray[np.int64], model_ref: str) -> tuple[list[str | None], list[bool]]:
        """Return each content's class, by its label or else by the model, and whether it is by a label."""
        with database.translated(self._path):
            return insights.classes_of(self._conn, content_ids, self._model_id(model_ref))

    def map_classes(self, content_ids: NDArray[np.int64], model_ref: str) -> tuple[NDArray[np.int64], list[str]]:
        """Return each content's class as a place in a list of names (-1: none), and that list."""
        with database.translated(self._path):
            return map_colours.classes(self._conn, content_ids, self._model_id(model_ref))

    def map_confidences(self, content_ids: NDArray[np.int64], model_ref: str) -> NDArray[np.float64]:
        """Return the confidence of each content's first prediction; NaN without one."""
        with database.translated(self._path):
            return map_colours.confidences(self._conn, content_ids, self._model_id(model_ref))

    def map_label_states(self, content_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return each content's label state: 0 for no label yet, 1 for accepted, 2 for rejected."""
        with database.translated(self._path):
            return map_colours.label_states(self._conn, content_ids)

    def map_sources(self, content_ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[str]]:
        """Return each content's source as a place in a list of titles (-1: dropped alone), and that list."""
        with database.translated(self._path):
            return map_colours.sources(self._conn, content_ids)

    def fingerprints(self, model_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Return the contents of a space, ascending, their perceptual hashes, and which have one."""
        with database.translated(self._path):
            return duplicates.contents(self._conn, model_id)

    def duplicates_looked(self, model_id: int) -> int:
        """Return how many vectors of a space, from the first, were compared with all others."""
        with database.translated(self._path):
            return duplicates.looked(self._conn, model_id)

    def duplicate_pairs(self) -> Pairs:
        """Return the pairs of contents that are known to be alike."""
        with database.translated(self._path):
            return duplicates.pairs(self._conn)

    def parted(self) -> list[tuple[int, int]]:
        """Return the pairs that a person has said to be no duplicates."""
        with database.translated(self._path):
            return duplicates.parted(self._conn)

    def hidden(self) -> NDArray[np.int64]:
        """Return the contents that are not visible."""
        with database.translated(self._path):
            return duplicates.hidden(self._conn)

    def in_several_files(self) -> list[int]:
        """Return visible contents that lie in several files."""
        with database.translated(self._path):
            return duplicates.in_several_files(self._conn)

    def candidates(self, content_ids: Sequence[int]) -> dict[int, Candidate]:
        """Return what rules want to know of members of a group."""
        with database.translated(self._path):
            return duplicates.candidates(self._conn, content_ids)

    def library_id(self) -> str:
        """Return what tells this library from others."""
        with database.translated(self._path):
            return database.library_id(self._conn)

    def change_counter(self) -> int:
        """Return a number that moves when anybody commits."""
        with database.translated(self._path):
            return database.change_counter(self._conn)

    def close(self) -> None:
        """Close the connection."""
        self._conn.close()

    def _model_id(self, ref: str) -> int | None:
        if ref not in self._model_ids:
            found = models.find(self._conn, ref)
            if found is None:
                return None
            self._model_ids[ref] = found
        return self._model_ids[ref]
