"""``lightdesk library``: counting, checking, backing up, restoring, making."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path

from engine.cli.output import shown, sized, write_json, write_line, write_table
from engine.errors import ErrorCode, LibraryError
from engine.library import location, migrations, upkeep
from engine.schemas.library import LibraryInfo
from engine.settings import data_folder, library_path, load

_COUNTS = {
    "contents": "different pictures",
    "files": "files that hold them",
    "predictions": "answers of models",
    "embeddings": "vectors for similarity",
    "labels": "set by people",
    "problems": "files that could not be used",
    "hidden": "contents removed from view",
}


def print_info(library: Path | None, *, as_json: bool) -> None:
    """Print the counts."""
    path = _path(library)
    facts = _info(path)
    unsafe = location.why_unsafe(path)
    if as_json:
        write_json({**dataclasses.asdict(facts), "warning": unsafe})
        return
    write_line(f"Library   {shown(facts.path)}")
    write_line(f"          id {facts.library_id}, version {facts.schema_version}, {sized(facts.size_bytes)}")
    if unsafe:
        write_line(f"WARN      {unsafe}: SQLite files get damaged there. Move it to {data_folder()}.")
    write_line()
    rows = [(name, f"{getattr(facts, name):,}", meaning) for name, meaning in _COUNTS.items()]
    write_table((), rows, right=(1,))


def print_check(library: Path | None, *, as_json: bool) -> int:
    """Print what is wrong; returns the exit code."""
    path = _path(library)
    _refuse_others(path)
    report = upkeep.check(path)
    backups = upkeep.backups_of(path)[::-1]
    if as_json:
        write_json({**dataclasses.asdict(report), "path": str(path), "backups": [str(b) for b in backups]})
    elif report.ok:
        write_line(f"{shown(str(path))}: no damage found.")
    else:
        write_line(f"{shown(str(path))}: damaged.")
        for finding in report.findings:
            write_line(f"  {shown(finding)}")
        chosen = f" --library {_quoted(path)}" if library else ""
        write_line(f"Put a backup in its place with: lightdesk library restore FILE{chosen}")
        for found in backups[:3]:
            write_line(f"  {shown(str(found))}")
        if not backups:
            write_line(f"There are no automatic backups in {shown(str(path.parent / 'backups'))}.")
    return 0 if report.ok else 1


def back_up(library: Path | None, target: Path, *, as_json: bool) -> None:
    """Copy the library to `target`; into it, under a name of its own, where that is a folder."""
    path = _path(library)
    what, warning = _worth_a_copy(path)
    if target.is_dir():
        target = target / path.name
    if not target.parent.is_dir():
        raise LibraryError(
            ErrorCode.FILE_NOT_FOUND,
            f"There is no folder {target.parent} for the backup.",
            way_out="Make it first, or choose another.",
            path=str(target),
        )
    warning = upkeep.backup(path, target) or warning
    size_bytes = target.stat().st_size
    if as_json:
        write_json({"library": str(path), "backup": str(target), "size_bytes": size_bytes, "warning": warning or None})
        return
    write_line(f"{shown(str(path))}{what} was copied to")
    write_line(f"{shown(str(target))} ({sized(size_bytes)}).")
    if warning:
        write_line(f"WARN      {shown(warning)}")


def _worth_a_copy(path: Path) -> tuple[str, str]:
    """Return what is in the library, and what is to be said where it can be copied but not be opened."""
    try:
        facts = _info(path)
    except LibraryError as error:
        if error.code not in (ErrorCode.LIBRARY_TOO_NEW, ErrorCode.LIBRARY_DAMAGED, ErrorCode.INTERNAL):
            raise
        return "", f"The copy is like the library: {error.message}"
    return f" ({facts.contents:,} pictures, {facts.labels:,} labels)", ""


def put_back(library: Path | None, source: Path, *, as_json: bool) -> None:
    """Put a backup in the library's place."""
    path = _path(library)
    if not source.is_file():
        raise LibraryError(
            ErrorCode.FILE_NOT_FOUND, f"There is no backup {source}.", way_out="Check the path.", path=str(source)
        )
    migrations.open_for_reading(source).close()
    aside = upkeep.restore(path, source)
    if as_json:
        write_json({"library": str(path), "restored_from": str(source), "before": str(aside) if aside else None})
        return
    write_line(f"{shown(str(source))} is now the library {shown(str(path))}.")
    if aside:
        write_line(f"The one before lies in {shown(str(aside))}.")


def make(path: Path, *, as_json: bool) -> None:
    """Make an empty library."""
    path = library_path(load({"library": path}))
    if path.exists():
        raise LibraryError(
            ErrorCode.INVALID_ARGUMENT, f"{path} is already there.", way_out="Choose another name.", path=str(path)
        )
    reason = location.why_unsafe(path)
    if reason:
        raise LibraryError(
            ErrorCode.LIBRARY_LOCATION,
            f"A library cannot be made at {path}: {reason}, where SQLite files get damaged.",
            way_out=f"Make it in {data_folder()} instead; the pictures themselves may stay where they are.",
            path=str(path),
        )
    migrations.open_library(path, create=True)
    if as_json:
        write_json({**dataclasses.asdict(_info(path)), "warning": None})
    else:
        write_line(f"{shown(str(path))} was made. Open it with: lightdesk --library {_quoted(path)}")


def _quoted(path: Path) -> str:
    """Return a path that can be copied into a shell."""
    return shown(shlex.quote(str(path)))


def _info(path: Path) -> LibraryInfo:
    conn = migrations.open_for_reading(path)
    try:
        return upkeep.info(conn, path)
    finally:
        conn.close()


def _refuse_others(path: Path) -> None:
    """Raise where the file is missing or not a library of ours; damage is the check's own finding."""
    try:
        migrations.open_for_reading(path).close()
    except LibraryError as error:
        if error.code is not ErrorCode.LIBRARY_DAMAGED:
            raise


def _path(library: Path | None) -> Path:
    return library_path(load({"library": library}))
