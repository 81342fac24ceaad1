"""A read-only look at the library, with a connection of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.library import commands, contents, database, files, jobs, migrations, models, problems, queries
from engine.library.database import Connection
from engine.library.records import ItemResult
from engine.schemas.job import Job
from engine.schemas.library import Command, Detail, Facets, Problem, Query, Tile


class LibraryView:
    """Answers questions about a library. To be used on one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._conn: Connection = migrations.open_for_reading(path)
        self._model_ids: dict[str, int] = {}

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

    def class_names(self, prefix: str = "", limit: int = 50, model_ref: str = "") -> list[str]:
        """Return names for completion, those already used first."""
        with database.translated(self._path):
            return queries.class_names(self._conn, prefix, limit, self._model_id(model_ref))

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
