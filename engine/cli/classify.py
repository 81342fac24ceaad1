"""``lightdesk classify``: a record or a row for each file, in input order, as they become known."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.cli.following import Following
from engine.cli.interrupt import Interrupted
from engine.cli.output import (
    counted,
    is_terminal,
    padded,
    say,
    shortened,
    shown,
    terminal_columns,
    write_json,
    write_line,
)
from engine.cli.running import Running, running
from engine.errors import ErrorCode, FileError
from engine.library.records import ItemResult
from engine.postprocess import failure_record, printable_name
from engine.schemas.encoding import encodable
from engine.service import Engine

Record = dict[str, Any]
Emit = Callable[[ItemResult, Record], None]
_NUMBER_COLUMNS = 6
_DEVICE_COLUMNS = 6
_FILE_COLUMNS, _CLASS_COLUMNS, _NAME_COLUMNS = 40, 32, 28


def run(paths: Sequence[str], overrides: Mapping[str, Any], *, as_json: bool) -> int:
    """Classify and print.

    Returns
    -------
    int
        Exit code: 0 all good, 1 some failed, 130 after Ctrl+C.
    """
    with running(overrides) as now:
        emit: Emit = _emit_json if as_json else _Rows(paths).emit
        try:
            return _stream(now, paths, emit, as_json=as_json)
        except Interrupted as stopped:
            now.status.clear()
            say("Stopped. What was finished is kept; run it again to go on with the rest.")
            return stopped.exit_code


def _stream(now: Running, paths: Sequence[str], emit: Emit, *, as_json: bool) -> int:
    began_s = time.monotonic()
    job = now.following.submit(paths)
    n_printed = 0
    failures = _Failures()

    def put(item: ItemResult) -> None:
        record = record_of(now.engine, item, now.settings.top_k, job.created_at)
        if not record["success"]:
            failures.add(item.path, record)
        emit(item, record)
        now.interrupt.check()

    for items in now.following.results(job.id):
        # The line goes before anything is written where both are the same terminal.
        if is_terminal(sys.stdout):
            now.status.clear()
        for item in items:
            put(item)
        sys.stdout.flush()
        n_printed += len(items)
    unseen = now.following.unseen(job, failures.paths)
    for problem in unseen:
        put(ItemResult(-1, problem.path, "failed", None, problem.code, problem.message, problem.way_out))
    sys.stdout.flush()
    now.following.tell_device()
    n_unnamed = now.following.n_unseen - len(unseen)
    if n_unnamed:  # another program retries or dismisses the same problems at this moment
        say(f"lightdesk: {counted(n_unnamed, 'more file or folder', 'more files or folders')} could not be looked at.")
    if not as_json:
        failures.tell()
    if n_printed == 0 and not unseen:
        say(f"There were no images in what you gave{_passed_over(now.following, ': ', '.') or '.'}")
    elif is_terminal(sys.stderr):
        seconds = time.monotonic() - began_s
        failed = f", {len(failures.paths):,} failed" if failures.paths else ""
        rate = f"{seconds:.1f} s, {n_printed / max(seconds, 1e-3):.0f} img/s"
        say(f"{counted(n_printed + len(unseen), 'file')}{failed}, {rate}{_passed_over(now.following, '; ', '.')}")
    return 1 if failures.paths or n_unnamed else 0


def _passed_over(following: Following, before: str, after: str) -> str:
    """Return what of the given folders was no picture, or nothing."""
    parts = []
    if following.n_videos:
        parts.append(f"{counted(following.n_videos, 'video')} (not read yet)")
    if n_others := following.skipped.get(ErrorCode.UNSUPPORTED_FORMAT, 0):
        parts.append(counted(n_others, "other file"))
    return before + " and ".join(parts) + after if parts else ""


class _Failures:
    """What failed in a run: the paths, and for each kind of failure what to do about it."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self._ways_out: dict[tuple[str, str], int] = {}

    def add(self, path: str, record: Record) -> None:
        """Note one record of a failure."""
        error = record["error"]
        kind = (error["code"], error["details"].get("way_out", ""))
        self.paths.add(path)
        self._ways_out[kind] = self._ways_out.get(kind, 0) + 1

    def tell(self) -> None:
        """Say what to do, once for each kind and not in each row."""
        for (code, way_out), n in self._ways_out.items():
            if way_out:
                say(f"{code} ({counted(n, 'file')}): {way_out}")


def record_of(engine: Engine, item: ItemResult, top_k: int, since: str) -> Record:
    """Return the result record of one answered file of a job that began at `since`."""
    if item.state != "done" or item.content_id is None:
        code = ErrorCode(item.code) if item.code else ErrorCode.INTERNAL
        error = FileError(
            code,
            item.message or "The file could not be used.",
            way_out=item.way_out or "",
            filename=printable_name(item.path),
            path=encodable(item.path),
        )
        return failure_record(error)
    return engine.record(item.content_id, top_k, item.path, since=since)


def _emit_json(_item: ItemResult, record: Record) -> None:
    write_json(record)


class _Rows:
    """Rows as they come: widths are chosen before the first one, so nothing need be kept.

    On a terminal, rows are cut to its width, but for the reason of a failure; elsewhere nothing is.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._given = sorted({(os.path.abspath(path), path) for path in paths}, key=lambda pair: -len(pair[0]))
        self._cut = is_terminal(sys.stdout)
        fixed = _NUMBER_COLUMNS + _DEVICE_COLUMNS + 3 * 2
        if self._cut:
            room = max(24, terminal_columns() - fixed)
            self._file_columns = room * 5 // 9
            self._class_columns = room - self._file_columns
        else:
            longest = max(len(path) + (_NAME_COLUMNS if os.path.isdir(path) else 0) for path in paths)
            self._file_columns = min(max(longest, _FILE_COLUMNS), 2 * _FILE_COLUMNS)
            self._class_columns = _CLASS_COLUMNS
        self._head_due = True

    def emit(self, item: ItemResult, record: Record) -> None:
        """Write the row of one file."""
        if self._head_due:
            self._row("file", "top-1", padded("conf.", _NUMBER_COLUMNS, right=True), "device")
            self._head_due = False
        name = shown(encodable(self._as_given(item.path)))
        if record["success"]:
            best, device = record["data"]["prediction"], record["data"]["metadata"]["device"]
            number = padded(f"{best['confidence']:.1%}", _NUMBER_COLUMNS, right=True)
            self._row(name, shown(best["class_name"]), number, device)
            return
        error = record["error"]
        reason = error["message"].removeprefix(error["details"]["path"]).lstrip(": ")  # the file stands there already
        write_line(f"{padded(self._file(name), self._file_columns)}  {error['code']}  {shown(reason)}")

    def _row(self, name: str, class_name: str, number: str, device: str) -> None:
        class_name = shortened(class_name, self._class_columns) if self._cut else class_name
        cells = (padded(self._file(name), self._file_columns), padded(class_name, self._class_columns), number, device)
        write_line("  ".join(cells))

    def _file(self, name: str) -> str:
        return shortened(name, self._file_columns, keep_end=True) if self._cut else name

    def _as_given(self, path: str) -> str:
        """Return a path below a given folder as the person would write it."""
        for full, given in self._given:
            if path == full:
                return given
            if path.startswith(full.rstrip(os.sep) + os.sep):
                return os.path.join(given, path[len(full.rstrip(os.sep)) + 1 :])
        return path
