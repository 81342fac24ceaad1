"""Walks a job's dropped paths and writes its items down, known files as done at once."""

from __future__ import annotations

import itertools
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from engine.errors import ErrorCode, FileError, LibraryError
from engine.events import EventBus, LibraryChanged, PredictionsStored, PreflightCounted, ProblemsChanged
from engine.ingest.formats import SNIFF_BYTES, looks_like_image_name, sniff
from engine.ingest.reading import printable, read_head, source_is_gone
from engine.ingest.scan import walk
from engine.library import commands, files, ingest, jobs, problems, sources
from engine.library.database import Connection
from engine.library.records import StoreItem
from engine.pipeline.patience import Patience
from engine.schemas.files import FoundFile, SkippedFile
from engine.schemas.job import Preflight

log = logging.getLogger(__name__)

_FIRST_CHUNK = 16  # small, so that the first results of a large folder come at once
_CHUNK = 256
_PRUNED_AT_ONCE = 2000
_READ_FOR = timedelta(hours=1)  # a program that follows a job may take so long after its end
QUARANTINED = "It made the program crash twice and is left out."
QUARANTINED_WAY_OUT = "Save the picture anew with another program, or retry it from the problems list."


@dataclass(slots=True)
class _Counts:
    images: int = 0
    videos: int = 0
    known: int = 0
    hidden_refusals: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Taken:
    """One entry of a scan that is to be written down: already known, to be decoded, or refused."""

    file: FoundFile
    content_id: int | None = None
    refusal: SkippedFile | None = None


class Scan:
    """One job's scan, run on a thread of its own.

    Parameters
    ----------
    by
        Whose drop it is, for the command log.
    """

    def __init__(
        self,
        job_id: int,
        paths: Sequence[str],
        *,
        model_id: int,
        include_hidden: bool,
        by: str,
        reader: Connection,
        library: Patience,
        events: EventBus,
        stopped: Callable[[], bool],
        on_items: Callable[[], None],
        urgent: bool = False,
    ) -> None:
        self._job_id = job_id
        self._paths = paths
        self._model_id = model_id
        self._include_hidden = include_hidden
        self._by = by
        self._reader = reader
        self._library = library
        self._events = events
        self._stopped = stopped
        self._on_items = on_items
        self._urgent = urgent
        self._counts = _Counts()

    def run(self) -> None:
        """Scan to the end, or until stopped: then the next start scans again and adds what is missing."""
        already = jobs.scanned_paths(self._reader, self._job_id)
        if not already:
            self._bring_back()
        for chunk in _chunks(walk(self._paths, include_hidden=self._include_hidden)):
            if self._stopped():
                return
            self._take([entry for entry in chunk if entry.path not in already])
            self._tell(finished=False)
        # Before the job can end: who has waited for it sees no path that leads nowhere.
        self._mark_absent()
        if self._stopped():
            return
        self._library.write(self._end)
        self._tell(finished=True)
        self._on_items()
        self._prune()

    def _end(self, conn: Connection) -> None:
        jobs.finish_scan(conn, self._job_id)
        jobs.finish_if_through(conn, self._job_id)

    def _bring_back(self) -> None:
        """Show the sources of a new drop that were removed from view earlier."""
        wanted = self._folders()
        if any(os.path.isfile(path) for path in self._paths):
            wanted.append(sources.source_path("", ""))  # that of files dropped alone
        if not sources.removed_among(self._reader, wanted):
            return  # nearly always, and a person's drop does not wait for its turn to write
        # A person's step, who has dropped them: the command log must know of it, or undo would not fit what is shown.
        if self._library.write(lambda conn: commands.bring_back(conn, wanted, self._by)) is not None:
            self._events.publish(LibraryChanged())

    def _mark_absent(self) -> None:
        """Say of files below the dropped folders that they are gone, where an earlier scan met them and this did not."""
        n = 0
        for folder in self._folders():
            if source_is_gone(folder):
                continue
            unmet = files.unmet(self._reader, self._job_id, folder)
            for start in range(0, len(unmet), _CHUNK):
                offline: dict[str, bool] = {}
                chunk = files.placed(self._reader, unmet[start : start + _CHUNK])
                gone = [file for file in chunk if _is_gone(file.path, offline)]
                # Looked at after them: where the drive was pulled meanwhile, all of its files seemed to be gone.
                if self._stopped() or source_is_gone(folder):
                    break
                if gone:
                    n += self._library.write(lambda conn: files.mark_absent(conn, gone), urgent=False)
        if n:
            self._events.publish(LibraryChanged())

    def _folders(self) -> list[str]:
        return list(dict.fromkeys(os.path.abspath(path) for path in self._paths if os.path.isdir(path)))

    def _prune(self) -> None:
        """Throw the items of old jobs away, or each drop of a folder would make the library grow for good."""
        before = (datetime.now(UTC) - _READ_FOR).isoformat(timespec="milliseconds")

        def step(conn: Connection) -> bool:
            return jobs.prune(conn, ended_before=before, limit=_PRUNED_AT_ONCE)

        try:
            while not self._stopped() and self._library.attempt(step, urgent=False):
                pass
        except LibraryError as error:  # the drop itself is through; the next one tries again
            log.warning("Old jobs keep their items: %s", error)

    def _take(self, entries: Sequence[FoundFile | SkippedFile]) -> None:
        found = [e for e in entries if isinstance(e, FoundFile)]
        known = {f.path: k for f, k in zip(found, files.known(self._reader, found, self._model_id), strict=True)}
        taken: list[_Taken] = []
        for entry in entries:
            if isinstance(entry, SkippedFile):
                # A named path has an item, and so a record; what a folder hides has a problem only.
                taken.append(_Taken(FoundFile(entry.path, entry.root, 0, 0), refusal=entry))
                continue
            match = known[entry.path]
            if match is not None and match.has_prediction:
                self._counts.known += 1
                taken.append(_Taken(entry, content_id=match.content_id))
            elif problems.quarantined(self._reader, entry):
                refusal = SkippedFile(
                    entry.path, entry.root, ErrorCode.QUARANTINED, QUARANTINED, QUARANTINED_WAY_OUT, asked_for=True
                )
                taken.append(_Taken(entry, refusal=refusal))
            elif self._is_wanted(entry):
                taken.append(_Taken(entry))
        if not taken:
            return
        refusals = [t.refusal for t in taken if t.refusal is not None]
        self._counts.images += len(taken) - len(refusals)
        for refusal in refusals:
            self._counts.skipped[str(refusal.code)] += 1
            self._counts.hidden_refusals += not refusal.asked_for
        content_ids = self._library.write(lambda conn: self._write(conn, taken), urgent=self._urgent)
        if refusals:
            self._events.publish(ProblemsChanged())
        if content_ids:
            self._events.publish(PredictionsStored(self._job_id, tuple(content_ids)))
        self._on_items()

    def _write(self, conn: Connection, taken: Sequence[_Taken]) -> list[int]:
        """Append the items in the order in which they were met."""
        known: list[StoreItem] = []
        for refused, run in itertools.groupby(taken, key=lambda t: t.refusal is not None):
            if refused:
                for entry in run:
                    self._refuse(conn, entry)
                continue
            wanted = list(run)
            jobs.add_items(conn, self._job_id, [t.file for t in wanted], [t.content_id for t in wanted])
            for root in {sources.source_path(t.file.root, t.file.path) for t in wanted}:
                sources.add(conn, root)  # so that it is listed before its first answer
            known += [
                StoreItem(None, t.file.root, t.file.path, t.file.size_bytes, t.file.mtime_ns, t.content_id, None)
                for t in wanted
                if t.content_id is not None
            ]
        return ingest.store(conn, None, self._model_id, known) if known else []

    def _refuse(self, conn: Connection, entry: _Taken) -> None:
        refusal = entry.refusal
        assert refusal is not None
        # A quarantined file is recognised by its size and time, which `entry.file` still has.
        message = f"{printable(refusal.path)}: {refusal.message}"
        problem_id = problems.record(conn, entry.file, str(refusal.code), message, refusal.way_out)
        if refusal.asked_for:
            jobs.add_items(conn, self._job_id, [entry.file], [None])
            jobs.fail(conn, self._job_id, jobs.last_seq(conn, self._job_id), problem_id)

    def _is_wanted(self, file: FoundFile) -> bool:
        """Tell images, and what claims to be one, from the rest of a folder."""
        if looks_like_image_name(file.path) or file.root == file.path:
            return True
        try:
            content_type = sniff(read_head(file.path, SNIFF_BYTES))
        except FileError as error:
            self._counts.skipped[str(error.code)] += 1
            return False
        if content_type is not None and content_type.startswith("image/"):
            return True
        if content_type is not None:
            self._counts.videos += 1
        else:
            self._counts.skipped["UNSUPPORTED_FORMAT"] += 1
        return False

    def _tell(self, *, finished: bool) -> None:
        counts = self._counts
        self._events.publish(
            PreflightCounted(
                Preflight(
                    self._job_id,
                    counts.images,
                    counts.videos,
                    counts.known,
                    counts.skipped.total(),
                    dict(counts.skipped),
                    finished,
                    counts.hidden_refusals,
                )
            )
        )


def _is_gone(path: str, offline: dict[str, bool]) -> bool:
    """Tell whether a file is surely not there; what cannot be looked at, or lay on a pulled drive, may be."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        folder = os.path.dirname(path)
        if folder not in offline:
            offline[folder] = _is_offline(folder)
        return not offline[folder]
    except OSError:
        return False
    return False


def _is_offline(folder: str) -> bool:
    """Tell whether the nearest folder that is there is the empty place of a drive, or cannot be looked into."""
    above = folder
    while not os.path.lexists(above) and above != os.path.dirname(above):
        above = os.path.dirname(above)
    if not source_is_gone(above):
        return False
    # A folder that a person has emptied, on a drive that is there.
    while above != os.path.dirname(above):
        if os.path.ismount(above):
            return False
        above = os.path.dirname(above)
    return True


def _chunks(entries: Iterator[FoundFile | SkippedFile]) -> Iterator[list[FoundFile | SkippedFile]]:
    size, chunk = _FIRST_CHUNK, []
    for entry in entries:
        chunk.append(entry)
        if len(chunk) == size:
            yield chunk
            size, chunk = _CHUNK, []
    if chunk:
        yield chunk
