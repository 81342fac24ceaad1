"""Counting, checking, backing up and restoring a library."""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import apsw

from engine.errors import ErrorCode, LibraryError
from engine.library import database, problems
from engine.schemas.library import CheckReport, LibraryInfo

log = logging.getLogger(__name__)
_BACKUPS_KEPT = 5


def info(conn: database.Connection, path: Path) -> LibraryInfo:
    """Return the counts shown by ``lightdesk library info``."""
    with database.translated(path):

        def count(sql: str) -> int:
            return int(conn.execute(sql).fetchall()[0][0])

        embeddings = sum(
            count(f"SELECT count(*) FROM vectors_{int(model_id)}_rowids")
            for (model_id,) in conn.execute("SELECT id FROM models WHERE dim > 0").fetchall()
        )
        return LibraryInfo(
            path=str(path),
            library_id=database.library_id(conn),
            schema_version=count("PRAGMA user_version"),
            size_bytes=path.stat().st_size,
            contents=count("SELECT count(*) FROM contents"),
            files=count("SELECT count(*) FROM files"),
            predictions=count("SELECT count(*) FROM predictions"),
            embeddings=embeddings,
            labels=count("SELECT count(*) FROM labels WHERE state IS NOT NULL"),
            problems=count(f"SELECT count(*) FROM {problems.SHOWN}"),
            # Not those without a file: nobody took them away, the file holds something else now.
            hidden=count(
                """SELECT count(*) FROM contents c WHERE visible = 0
                   AND (hidden = 1 OR EXISTS (SELECT 1 FROM files f WHERE f.content_id = c.id))"""
            ),
        )


def check(path: Path) -> CheckReport:
    """Look for damage, in SQLite's pages and in what the tables promise each other."""
    findings: list[str] = []
    try:
        conn = database.connect(path, read_only=True)
    except LibraryError as error:
        return CheckReport(False, (str(error),))
    try:
        for (line,) in conn.execute("PRAGMA integrity_check(20)").fetchall():
            if line != "ok":
                findings.append(str(line))
        for table, rowid, parent, _ in conn.execute("PRAGMA foreign_key_check").fetchall():
            findings.append(f"{table} row {rowid} points at a missing row of {parent}")
        findings += broken_promises(conn)
    except apsw.Error as error:
        findings.append(str(database.library_error(error, path)))
    finally:
        conn.close()
    return CheckReport(not findings, tuple(findings))


def broken_promises(conn: database.Connection) -> list[str]:
    """Return what the tables promise each other and do not keep."""
    findings = []
    ((version,),) = conn.execute("PRAGMA user_version").fetchall()
    for since, text, sql in _PROMISES:
        if version < since:  # the backup made before a migration is to be checked as well
            continue
        (n,) = conn.execute(sql).fetchall()[0]
        if n:
            findings.append(f"{text}: {n}")
    for (model_id,) in conn.execute("SELECT id FROM models WHERE dim > 0").fetchall():
        (n,) = conn.execute(
            f"SELECT count(*) FROM vectors_{int(model_id)}_rowids WHERE rowid NOT IN (SELECT id FROM contents)"
        ).fetchall()[0]
        if n:
            findings.append(f"embeddings without a content: {n}")
        if version >= 3 and (n := _out_of_order(conn, int(model_id))):
            findings.append(f"embeddings without a place in their order, or the other way round: {n}")
    return findings


def _out_of_order(conn: database.Connection, model_id: int) -> int:
    ((n_vectors,),) = conn.execute(f"SELECT count(*) FROM vectors_{model_id}_rowids").fetchall()
    ((n_rows, n_contents, last),) = conn.execute(
        f"""SELECT count(*), count(DISTINCT content_id), coalesce(max(position) + 1, 0) FROM vector_rows
            WHERE model_id = ? AND content_id IN (SELECT rowid FROM vectors_{model_id}_rowids)""",
        (model_id,),
    ).fetchall()
    return int(max(n_vectors - min(n_rows, n_contents), last - n_rows, 0))


# (library version from which it holds, what is wrong, how many)
_PROMISES = (
    (
        2,
        "jobs whose counters are wrong",
        """SELECT count(*) FROM jobs j WHERE pruned = 0 AND kind = 'ingest' AND (
             n_total <> (SELECT count(*) FROM job_items i WHERE i.job_id = j.id)
             OR n_done <> (SELECT count(*) FROM job_items i WHERE i.job_id = j.id AND i.state = 'done')
             OR n_failed <> (SELECT count(*) FROM job_items i WHERE i.job_id = j.id AND i.state = 'failed')
             OR n_skipped <> (SELECT count(*) FROM job_items i WHERE i.job_id = j.id AND i.state = 'skipped'))""",
    ),
    (
        2,
        "contents shown or hidden wrongly",
        """SELECT count(*) FROM contents c WHERE visible <> (c.hidden = 0 AND EXISTS (
           SELECT 1 FROM files f JOIN sources s ON s.id = f.source_id WHERE f.content_id = c.id AND s.removed = 0))""",
    ),
    (
        2,
        "contents with the name of no file of theirs",
        # A name with a backslash may stand for bytes that are no text; then only the time tells.
        """SELECT count(*) FROM contents c JOIN files f ON f.id = (
             SELECT id FROM files WHERE content_id = c.id AND present = 1 ORDER BY id LIMIT 1)
           WHERE c.mtime_ns <> f.mtime_ns OR (instr(c.name, '\\') = 0 AND
             substr(f.path, -length(CAST(c.name AS BLOB))) <> CAST(c.name AS BLOB))""",
    ),
    (1, "accepted labels without a class", "SELECT count(*) FROM labels WHERE state = 'accepted' AND class_id IS NULL"),
)


def backup(path: Path, target: Path) -> str:
    """Copy a library that may be in use into a new file: page by page, or as it lies there where that cannot be.

    Returns
    -------
    str
        Empty for a whole copy in one file. Otherwise a sentence for the person: SQLite cannot read the library, so its
        file was copied with all damage, and its log beside it, for somebody who may know how to mend it.

    Raises
    ------
    LibraryError
        INVALID_ARGUMENT: the target is there already. LIBRARY_FOREIGN, LIBRARY_NOT_FOUND, DISK_FULL and what else
        stands in the way of a copy; nothing is left of it then.
    """
    if target.exists() or Path(f"{target}-wal").exists():
        raise LibraryError(
            ErrorCode.INVALID_ARGUMENT,
            f"{target} is already there.",
            way_out="Choose another name for the backup.",
            path=str(target),
        )
    try:
        source = database.connect(path, read_only=True)
        try:
            _copy(source, target)
        finally:
            source.close()
    except LibraryError as error:
        # INTERNAL: what SQLite says of a schema that it does not understand.
        if error.code not in (ErrorCode.LIBRARY_DAMAGED, ErrorCode.INTERNAL):
            raise
        log.warning("The library is copied as it is: %s", error)
        copied = _copy_as_it_is(path, target)
        return f"The library cannot be read, so its files were copied as they are: {' and '.join(map(str, copied))}."
    return ""


def _copy_as_it_is(path: Path, target: Path) -> list[Path]:
    """Copy the bytes of a library and of its log; returns the copies. Nothing is left where one cannot be made."""
    copies: list[Path] = []
    try:
        for here, there in _files_of(path, target)[:2]:
            if here == path or (here.exists() and here.stat().st_size):  # looking at it may have left an empty log
                copies.append(there)
                shutil.copyfile(here, there)
    except OSError as error:
        for copy in copies:
            copy.unlink(missing_ok=True)
        code = ErrorCode.FILE_UNREADABLE
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            code = ErrorCode.DISK_FULL
        elif isinstance(error, PermissionError):
            code = ErrorCode.PERMISSION_DENIED
        raise LibraryError(
            code,
            f"The library {path} could not be copied to {target}: {error.strerror}.",
            way_out="Choose another place for the backup, and look whether the disks are well.",
            path=str(path),
        ) from error
    return copies


def restore(path: Path, backup_path: Path) -> Path | None:
    """Put a backup in the library's place; returns where the library that was there lies now.

    Raises
    ------
    LibraryError
        LIBRARY_DAMAGED: the backup cannot be used. LIBRARY_BUSY: a program has the library open; it
        would go on writing into the file that is put aside. LIBRARY_BUSY or INTERNAL: a file could not be
        moved. Whatever is raised, the library is where it was, or the error names where it lies.
    """
    report = check(backup_path)
    if not report.ok:
        raise LibraryError(
            ErrorCode.LIBRARY_DAMAGED,
            f"The backup {backup_path} cannot be used: {report.findings[0]}.",
            way_out="Choose another backup.",
        )
    # All that can go wrong goes wrong while the library still lies in its place.
    temporary = path.with_name(f"{path.name}.restoring-{_stamp()}")
    source = database.connect(backup_path, read_only=True)
    try:
        _copy(source, temporary)
    finally:
        source.close()
    aside: Path | None = None
    try:
        if path.exists():
            _refuse_if_open(path)
            aside = path.with_name(f"{path.name}.before-restore-{_stamp()}")
            for here, there in _files_of(path, aside):
                if here.exists():
                    os.replace(here, there)
        os.replace(temporary, path)
    except BaseException as error:
        left = _put_back(path, aside) if aside is not None and not path.exists() else ""
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise LibraryError(
                ErrorCode.LIBRARY_BUSY if isinstance(error, PermissionError) else ErrorCode.INTERNAL,
                f"{backup_path} could not be put in the place of {path}: {error.strerror}. "
                + (left or "Nothing was changed."),
                way_out="Close every program that uses the library, and look whether you may write in its folder.",
                path=str(path),
            ) from error
        raise
    return aside


def _files_of(path: Path, other: Path) -> list[tuple[Path, Path]]:
    """Return the library with its side files, and how they are called under another name."""
    return [(Path(f"{path}{suffix}"), Path(f"{other}{suffix}")) for suffix in ("", "-wal", "-shm")]


def _put_back(path: Path, aside: Path) -> str:
    """Undo what was put aside. Returns a sentence about what is left there, empty where all is back.

    The library goes first: where that fails, its log must stay with it.
    """
    for here, there in _files_of(path, aside):
        if there.exists():
            try:
                os.replace(there, here)
            except OSError:  # told with the reason for the restore's own failure
                left = f"The library that was there lies in {there} now: rename it to {here}."
                if there != aside:
                    left = f"The library is back, but what was written last lies in {there}: rename it to {here} first."
                log.error("%s", left)
                return left
    return ""


def _refuse_if_open(path: Path) -> None:
    """Raise LIBRARY_BUSY where anybody has the library open, also idly: only a lone user may end the WAL."""
    try:
        conn = database.connect(path)
    except LibraryError as error:
        if error.code in (ErrorCode.LIBRARY_DAMAGED, ErrorCode.LIBRARY_FOREIGN):
            return  # what is to be replaced
        raise
    try:
        conn.set_busy_timeout(1000)
        conn.execute("PRAGMA journal_mode = DELETE")
    except (apsw.BusyError, apsw.LockedError) as error:
        raise LibraryError(
            ErrorCode.LIBRARY_BUSY,
            f"The library {path} is open in another program.",
            way_out="Close its window, and end what else uses it.",
            path=str(path),
        ) from error
    except apsw.Error:
        pass  # damaged: that is why it is replaced
    finally:
        conn.close()


def backup_before_migration(path: Path, version: int) -> Path:
    """Copy the library into ``backups`` beside it; the oldest beyond five go.

    Call it with the library's write lock held, so that of several processes one makes a backup. The copy is
    read by a connection of its own: SQLite copies nothing from one that is about to write.
    """
    folder = path.parent / "backups"
    target = folder / f"{path.stem}-v{version}-{_stamp()}{path.suffix}"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise LibraryError(
            ErrorCode.PERMISSION_DENIED,
            f"The library {path} must be brought up to date, and there is no place for its backup: "
            f"{folder} cannot be made ({error.strerror}).",
            way_out="Make that folder, or give yourself the right to.",
            path=str(path),
        ) from error
    source = database.connect(path, read_only=True)
    try:
        _copy(source, target)
    finally:
        source.close()
    for old in backups_of(path)[:-_BACKUPS_KEPT]:
        try:
            old.unlink(missing_ok=True)
        except OSError as error:  # one backup too many is no reason to stop
            log.warning("The old backup %s stays: %s", old, error)
    return target


def backups_of(path: Path) -> list[Path]:
    """Return the automatic backups of this library, oldest first; another may have a name that begins like it."""
    folder = path.parent / "backups"
    if not folder.is_dir():
        return []
    name = re.compile(rf"{re.escape(path.stem)}-v\d+-(\d{{8}}-\d{{6}}-\d+){re.escape(path.suffix)}")
    found = [(match[1], p) for p in folder.iterdir() if (match := name.fullmatch(p.name))]
    return [p for _, p in sorted(found)]


def _copy(source: database.Connection, target: Path) -> None:
    with database.translated(target):
        copy = apsw.Connection(str(target))
        try:
            with copy.backup("main", source, "main") as work:
                while not work.done:
                    work.step(1000)
            # One file that needs no other beside it, also to be looked at; the first to write it turns the log on again.
            copy.execute("PRAGMA journal_mode = DELETE")
        except BaseException:
            copy.close()
            target.unlink(missing_ok=True)
            raise
        copy.close()


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
