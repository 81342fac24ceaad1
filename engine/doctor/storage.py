"""SQLite and its vectors, the library, and the space there is."""

from __future__ import annotations

import errno
import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from engine import settings as room
from engine.doctor.report import Finding, State
from engine.errors import ErrorCode, LibraryError, LightdeskError
from engine.library import database, location, migrations, upkeep
from engine.schemas.settings import Settings

_SECTION = "Storage"
_CHECKED_BELOW_BYTES = 300_000_000  # reading it takes a second or two; more is for `lightdesk library check`
_LITTLE_BYTES, _TOO_LITTLE_BYTES = 2_000_000_000, 200_000_000


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at database, library and folders. Writes nothing that stays."""
    yield from _database()
    path = room.library_path(settings)
    yield from _library(path)
    yield _space("library folder", path.parent)
    yield _space("cache folder", room.cache_dir(settings))
    yield _space("models folder", room.models_dir(settings))
    used = _folder_bytes(room.cache_dir(settings))
    text = f"{used / 1e6:,.0f} of {settings.cache_mb:,} MB used; safe to delete"
    yield Finding(_SECTION, "cache", "ok", text, facts={"size_bytes": used})


def _database() -> Iterator[Finding]:
    import apsw

    version = f"{apsw.sqlite_lib_version()} (apsw {apsw.apsw_version()})"
    yield Finding(_SECTION, "SQLite", "ok", version, facts={"version": apsw.sqlite_lib_version()})
    vectors = metadata.version("sqlite-vec")
    try:
        nearest = _nearest_of_three()
    except (LightdeskError, apsw.Error) as error:
        text = f"{vectors} does not work: {error}"
        yield Finding(
            _SECTION, "sqlite-vec", "fail", text, "Install Lightdesk again with the versions in its lock file."
        )
        return
    good = nearest == [2, 1, 3]
    text = f"{vectors}, self-test {'passed' if good else f'FAILED: {nearest}'}"
    yield Finding(_SECTION, "sqlite-vec", "ok" if good else "fail", text, facts={"version": vectors})


def _nearest_of_three() -> list[int]:
    """Ask a small table in memory for the vectors nearest to a given one."""
    conn = database.connect(Path(":memory:"), create=True)
    try:
        conn.execute("CREATE VIRTUAL TABLE trial USING vec0(v float[2] distance_metric=cosine)")
        for rowid, vector in ((1, (1.0, 1.0)), (2, (0.0, 1.0)), (3, (-1.0, 0.0))):
            conn.execute("INSERT INTO trial(rowid, v) VALUES(?, ?)", (rowid, struct.pack("<2f", *vector)))
        rows = conn.execute(
            "SELECT rowid FROM trial WHERE v MATCH ? AND k = 3 ORDER BY distance", (struct.pack("<2f", 0.1, 1.0),)
        ).fetchall()
    finally:
        conn.close()
    return [int(row[0]) for row in rows]


def _library(path: Path) -> Iterator[Finding]:
    unsafe = location.why_unsafe(path)
    if unsafe:
        way_out = f"Move it to {room.data_folder()}; the pictures themselves may stay where they are."
        state: State = "warn" if path.exists() else "fail"
        yield Finding(_SECTION, "library's place", state, f"{path}: {unsafe}", way_out)
    if not path.exists():
        yield Finding(_SECTION, "library", "note", f"{path}: not made yet")
        return
    try:
        conn = migrations.open_for_reading(path)
        try:
            facts = upkeep.info(conn, path)
        finally:
            conn.close()
    except LibraryError as error:
        # A library in use for a long write is not ill.
        state_now: State = "warn" if error.code is ErrorCode.LIBRARY_BUSY else "fail"
        yield Finding(_SECTION, "library", state_now, error.message, error.way_out)
        return
    counts = {"contents": facts.contents, "labels": facts.labels, "problems": facts.problems}
    text = f"{path}: {facts.contents:,} pictures, {facts.labels:,} labels, {facts.size_bytes / 1e6:,.1f} MB"
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        yield Finding(_SECTION, "library", "ok", text, facts=counts)
    else:
        way_out = "Give yourself the right to write the file and its folder."
        yield Finding(_SECTION, "library", "warn", f"{text}; it can only be read", way_out, counts)
    yield _health(path, facts.size_bytes)


def _health(path: Path, size_bytes: int) -> Finding:
    if size_bytes > _CHECKED_BELOW_BYTES:
        text = "not looked at, since it is large; `lightdesk library check` reads all of it"
        return Finding(_SECTION, "library health", "note", text)
    report = upkeep.check(path)
    if report.ok:
        return Finding(_SECTION, "library health", "ok", "no damage found")
    way_out = "See `lightdesk library check`, then `lightdesk library restore FILE`."
    return Finding(_SECTION, "library health", "fail", report.findings[0], way_out, {"findings": report.findings})


def _space(name: str, folder: Path) -> Finding:
    """Look for space and the right to write, at the folder or where it would be made."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        free = shutil.disk_usage(there).free
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        full = error.errno == errno.ENOSPC
        text = f"{folder} cannot be written: {error.strerror}"
        way_out = (
            "Free some space." if full else "Give yourself the right to write it, or choose another in the settings."
        )
        return Finding(_SECTION, name, "fail", text, way_out)
    text = f"{folder}{'' if there == folder else ' (not made yet)'}: {free / 1e9:,.1f} GB free"
    facts = {"path": str(folder), "free_bytes": free}
    if free < _TOO_LITTLE_BYTES:
        return Finding(_SECTION, name, "fail", text, "Free some space.", facts)
    if free < _LITTLE_BYTES:
        return Finding(_SECTION, name, "warn", text, "Free some space soon.", facts)
    return Finding(_SECTION, name, "ok", text, facts=facts)


def _folder_bytes(folder: Path) -> int:
    total = 0
    for here, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(here, name)).st_size
            except OSError:
                continue  # it went while we looked
    return total
