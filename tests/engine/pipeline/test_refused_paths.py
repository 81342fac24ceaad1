"""Each refusal of a scan has a reason and a way out that fit, as the list of problems and the result record show them."""

from __future__ import annotations

import ast
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import ErrorCode
from engine.ingest import scan
from engine.library import problems
from engine.pipeline import preparing
from engine.schemas.files import FoundFile
from engine.schemas.library import Problem
from engine.service import Engine
from tests.images import folder_of

posix = pytest.mark.skipif(os.name == "nt", reason="no such files on Windows")


def link(path: Path, target: str) -> None:
    path.symlink_to(target)


# What lies at the path, what the system says of it (None: the truth), and the words that must come.
REFUSED: list[tuple[str, Callable[[Path], object], int | None, ErrorCode, str, str]] = [
    ("missing", lambda path: None, None, ErrorCode.FILE_NOT_FOUND, "no such file or folder", "how the path is written"),
    ("below a file", lambda path: None, errno.ENOTDIR, ErrorCode.FILE_NOT_FOUND, "no such file", "put the file back"),
    ("dangling", lambda path: link(path, "nowhere"), None, ErrorCode.FILE_NOT_FOUND, "link to something", "leads to"),
    ("loop", lambda path: link(path, path.name), None, ErrorCode.FILE_UNREADABLE, "leads to itself", "Delete the link"),
    (
        "pipe",
        lambda path: os.mkfifo(path),
        None,
        ErrorCode.NOT_A_FILE,
        "device, pipe or socket",
        "Drop a file or folder",
    ),
    ("denied", Path.touch, errno.EACCES, ErrorCode.PERMISSION_DENIED, "no permission", "Give yourself the right"),
    ("forbidden", Path.touch, errno.EPERM, ErrorCode.PERMISSION_DENIED, "no permission", "Give yourself the right"),
    ("too long", Path.touch, errno.ENAMETOOLONG, ErrorCode.FILE_UNREADABLE, "longer than", "shorter names"),
    ("bad sector", Path.touch, errno.EIO, ErrorCode.FILE_UNREADABLE, "The system says", "Check the disk"),
    ("stale", Path.touch, errno.ESTALE, ErrorCode.FILE_UNREADABLE, "The system says", "its connection"),
]


def the_problem(engine: Engine, path: str) -> Problem:
    engine.wait(engine.submit([path]), 30)
    view = engine.view()
    try:
        (problem,) = view.problems()
    finally:
        view.close()
    assert problem.path == path
    return problem


@posix
@pytest.mark.parametrize(
    ("name", "make", "says", "code", "reason", "way_out"), REFUSED, ids=[row[0] for row in REFUSED]
)
def test_the_way_out_fits(
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    make: Callable[[Path], object],
    says: int | None,
    code: ErrorCode,
    reason: str,
    way_out: str,
) -> None:
    path = tmp_path / name
    make(path)
    real = os.stat

    def stat(given: str, **options: object) -> os.stat_result:
        if says is not None and str(given) == str(path):
            raise OSError(says, os.strerror(says), str(given))
        return real(given, **options)

    monkeypatch.setattr(scan.os, "stat", stat)
    problem = the_problem(engine, str(path))
    assert problem.code == code
    assert problem.message.startswith(f"{path}: ") and reason in problem.message
    assert way_out in problem.way_out


def test_a_name_that_no_file_can_have(engine: Engine) -> None:
    (skipped,) = scan.walk(["a\0b"], include_hidden=False)
    assert (skipped.code, skipped.way_out) == (ErrorCode.FILE_NOT_FOUND, "Check how the path is written.")


def test_the_table_has_every_code_that_a_scan_can_give() -> None:
    tree = ast.parse(Path(scan.__file__).read_bytes())
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ErrorCode"
    }
    assert used == {code for _, _, _, code, _, _ in REFUSED}


def test_quarantine_keeps_its_own_advice(engine: Engine, tmp_path: Path) -> None:
    """Also when the folder is dropped again, and the scan refuses the picture before anybody decodes it."""
    path = folder_of(tmp_path / "photos", 1) / "0000.jpg"
    info = path.stat()
    error = preparing.quarantined(str(path))
    engine._write(
        lambda conn: problems.record(
            conn,
            FoundFile(str(path), str(path), info.st_size, info.st_mtime_ns),
            str(error.code),
            error.message,
            error.way_out,
        )
    )
    problem = the_problem(engine, str(path))
    assert (problem.code, problem.n_tries) == ("QUARANTINED", 2)
    assert (problem.message, problem.way_out) == (error.message, error.way_out)
    assert "another program" in problem.way_out
