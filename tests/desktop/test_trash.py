"""Files go to the trash only while they are what was looked at and a copy of them stays; the others are named with the reason."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from desktop import trash
from desktop.ui.trash_files import KnownFile, Outcome, TrashFile


def known(path: Path) -> KnownFile:
    found = path.stat()
    return KnownFile(str(path), found.st_size, found.st_mtime_ns)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def doomed(path: Path, kept: Path) -> TrashFile:
    found = path.stat()
    return TrashFile(str(path), sha256(path), found.st_size, found.st_mtime_ns, (known(kept),), sha256(kept))


class Bin:
    """Takes files, and remembers which."""

    def __init__(self, says: str = "") -> None:
        self.took: list[str] = []
        self.says = says

    def __call__(self, path: str) -> str:
        self.took.append(path)
        return self.says


@pytest.fixture
def photos(tmp_path: Path) -> tuple[Path, Path]:
    """A copy that may go, and the picture that is kept."""
    copy, kept = tmp_path / "copy.jpg", tmp_path / "kept.jpg"
    copy.write_bytes(b"a copy" * 1000)
    kept.write_bytes(b"the original" * 1000)
    return copy, kept


def outcome(file: TrashFile, bin_: Bin | None = None) -> tuple[Outcome, bool]:
    """What comes of a file, and whether the trash was asked."""
    bin_ = bin_ or Bin()
    (came,) = trash.move([file], bin_)
    return came, bool(bin_.took)


def same_time(path: Path, before: os.stat_result) -> None:
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_file_that_is_what_it_was_goes(photos: tuple[Path, Path]) -> None:
    file = doomed(*photos)
    assert trash.look([file]) == [Outcome(str(photos[0]))]
    assert outcome(file) == (Outcome(str(photos[0])), True)


def test_the_reason_of_the_trash_is_passed_on(photos: tuple[Path, Path]) -> None:
    came, _asked = outcome(doomed(*photos), Bin("The system's trash is full."))
    assert came.reason == "The system's trash is full."


@pytest.mark.parametrize("how", ["longer", "later"])
def test_one_that_has_changed_stays(photos: tuple[Path, Path], how: str) -> None:
    file = doomed(*photos)
    if how == "longer":
        photos[0].write_bytes(b"a copy" * 1001)
        os.utime(photos[0], ns=(file.mtime_ns, file.mtime_ns))
    else:
        os.utime(photos[0], ns=(file.mtime_ns + 1000, file.mtime_ns + 1000))
    came, asked = outcome(file)
    assert "changed since" in came.reason and not asked and photos[0].exists()
    assert "changed since" in trash.look([file])[0].reason


def test_other_bytes_under_the_same_size_and_time_are_seen(photos: tuple[Path, Path]) -> None:
    file, before = doomed(*photos), photos[0].stat()
    photos[0].write_bytes(b"A COPY" * 1000)
    same_time(photos[0], before)
    came, asked = outcome(file)
    assert "other bytes" in came.reason and not asked
    assert trash.look([file])[0].reason == "", "a look reads nothing"


def test_the_last_copy_stays(photos: tuple[Path, Path]) -> None:
    file = doomed(*photos)
    photos[1].unlink()
    came, asked = outcome(file)
    assert "last copy" in came.reason and not asked
    assert "last copy" in trash.look([file])[0].reason


def test_a_kept_one_that_became_another_picture_keeps_nothing(photos: tuple[Path, Path]) -> None:
    file = doomed(*photos)
    photos[1].write_bytes(b"THE ORIGINAL" * 1000)
    os.utime(photos[1], ns=(1, 1))
    came, asked = outcome(file)
    assert "last copy" in came.reason and not asked


def test_a_kept_one_with_another_time_and_the_same_bytes_counts(photos: tuple[Path, Path]) -> None:
    file = doomed(*photos)
    os.utime(photos[1], ns=(1, 1))
    assert outcome(file) == (Outcome(str(photos[0])), True)


def test_the_kept_file_under_another_name_never_goes(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jpg"
    kept.write_bytes(b"the only one")
    link = tmp_path / "link.jpg"
    os.link(kept, link)
    came, asked = outcome(doomed(link, kept))
    assert "last copy" in came.reason and not asked


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_is_not_followed(photos: tuple[Path, Path], tmp_path: Path) -> None:
    file = doomed(*photos)
    moved = tmp_path / "elsewhere.jpg"
    photos[0].rename(moved)
    photos[0].symlink_to(moved)
    came, asked = outcome(file)
    assert "ordinary file" in came.reason and not asked


def test_one_that_is_gone_is_told_from_one_that_cannot_be_read(photos: tuple[Path, Path]) -> None:
    file = doomed(*photos)
    photos[0].unlink()
    came, asked = outcome(file)
    assert came.is_gone and came.reason and not asked


def test_each_file_has_its_own_outcome(photos: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.jpg"
    other.write_bytes(b"other")
    files = [doomed(photos[0], photos[1]), doomed(other, photos[1])]
    other.write_bytes(b"changed!")
    bin_ = Bin()
    came = trash.move(files, bin_)
    assert [c.path for c in came] == [str(photos[0]), str(other)] and [bool(c.reason) for c in came] == [False, True]
    assert bin_.took == [str(photos[0])]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="where the trash is differs")
def test_the_system_s_trash_has_it_then(
    photos: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    assert trash.move([doomed(*photos)]) == [Outcome(str(photos[0]))]
    assert not photos[0].exists() and photos[1].exists()
    assert (tmp_path / "data" / "Trash" / "files" / "copy.jpg").read_bytes() == b"a copy" * 1000


def test_what_the_system_cannot_take_stays_with_the_reason(tmp_path: Path) -> None:
    reason = trash.system_trash(str(tmp_path / "nowhere.jpg"))
    assert reason.startswith("The system's trash did not take it")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names are text elsewhere")
def test_a_name_that_is_no_text_is_not_handed_over(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(str(tmp_path)) + b"/caf\xe9.jpg")
    with open(path, "wb") as stream:
        stream.write(b"x")
    assert "no text" in trash.system_trash(path) and os.path.exists(path)


def test_the_port_runs_it_aside(photos: tuple[Path, Path]) -> None:
    ran: list[str] = []

    def aside(work, done, failed) -> None:
        ran.append("aside")
        done(work())

    came: list[list[Outcome]] = []
    trash.Trash(aside).look([doomed(*photos)], came.append, came.append)
    trash.Trash(aside).move([], came.append, came.append)
    assert ran == ["aside", "aside"] and came == [[Outcome(str(photos[0]))], []]
