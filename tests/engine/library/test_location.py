"""Where SQLite is safe: fake mount tables, and the folders of programs that copy to a cloud."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.library import location

Mount = Callable[..., None]


@pytest.fixture(autouse=True)
def plain_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cloud program, whatever the machine has that runs the tests."""
    for name in (*location._ONEDRIVE_VARIABLES, "APPDATA", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "somebody"))


@pytest.fixture
def mounts(monkeypatch: pytest.MonkeyPatch) -> Mount:
    """Set the table of mounts: (folder, file system, options)."""

    def set_table(*rows: tuple[str, ...]) -> None:
        table = [
            SimpleNamespace(mountpoint=row[0], fstype=row[1], opts=row[2] if len(row) > 2 else "rw") for row in rows
        ]
        monkeypatch.setattr(location.psutil, "disk_partitions", lambda all: table if all else [])

    return set_table


@pytest.mark.parametrize(
    "kind",
    [
        *("nfs", "nfs4", "NFS4", "cifs", "smb3", "smbfs", "afpfs", "webdav", "9p", "vboxsf", "virtiofs"),
        *("fuse.sshfs", "fuse.rclone", "fuse.gvfsd-fuse", "fuse.kio-fuse", "fuse.ceph-fuse"),
    ],
)
def test_network_drives(mounts: Mount, kind: str) -> None:
    mounts(("/", "ext4"), ("/srv/team", kind), ("/srv/team/local", "xfs"))
    for inside in ("/srv/team/a.lightdesk", "/srv/team/deep/er/a.lightdesk"):
        reason = location.why_unsafe(Path(inside))
        assert reason is not None and "network drive" in reason and kind.lower() in reason
    for outside in ("/srv/a.lightdesk", "/srv/teammates/a.lightdesk", "/srv/team/local/a.lightdesk"):
        assert location.why_unsafe(Path(outside)) is None, outside


@pytest.mark.parametrize(
    "kind", ["ext4", "btrfs", "xfs", "apfs", "tmpfs", "overlay", "fuseblk", "ntfs3", "exfat", "zfs"]
)
def test_drives_of_this_machine(mounts: Mount, kind: str) -> None:
    mounts(("/", kind))
    assert location.why_unsafe(Path("/home/me/a.lightdesk")) is None


def test_what_is_mounted_last_counts(mounts: Mount) -> None:
    mounts(("/", "ext4"), ("/net/pictures", "autofs"), ("/net/pictures", "nfs4"))
    assert location.why_unsafe(Path("/net/pictures/a.lightdesk")) is not None
    mounts(("/", "nfs"), ("/", "overlay"))
    assert location.why_unsafe(Path("/a.lightdesk")) is None


def test_a_link_into_a_network_drive(mounts: Mount, tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "share")
    mounts(("/", "ext4"), (str(tmp_path / "share"), "cifs"))
    assert location.why_unsafe(tmp_path / "link" / "a.lightdesk") is not None
    assert location.why_unsafe(tmp_path / "a.lightdesk") is None


def test_drives_that_windows_calls_remote(mounts: Mount) -> None:
    mounts(("/", "NTFS", "rw,fixed"), ("/z", "NTFS", "rw,remote"))
    assert location.why_unsafe(Path("/c/a.lightdesk")) is None
    assert location._mount_type(Path("/z/a.lightdesk")) == "remote"


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/home/me/Dropbox/a.lightdesk", "Dropbox"),
        ("/home/me/Dropbox (Personal)/deep/a.lightdesk", "Dropbox"),
        ("/home/me/DROPBOX/a.lightdesk", "Dropbox"),
        ("/home/me/OneDrive/a.lightdesk", "OneDrive"),
        ("/home/me/OneDrive - Contoso Ltd/a.lightdesk", "OneDrive"),
        ("/home/me/Acme Dropbox/Ann/a.lightdesk", "Dropbox"),
        ("/home/me/Dropbox-Acme/a.lightdesk", "Dropbox"),
        ("/home/me/OneDrive-Contoso/a.lightdesk", "OneDrive"),
        ("/home/me/Google Drive/a.lightdesk", "Google Drive"),
        ("/home/me/My Drive/a.lightdesk", "Google Drive"),
        ("/home/me/Nextcloud/a.lightdesk", "Nextcloud"),
        ("/Users/me/Library/CloudStorage/OneDrive-Contoso/a.lightdesk", "OneDrive"),
        ("/Users/me/Library/CloudStorage/GoogleDrive-me@example.org/x/a.lightdesk", "Google Drive"),
        ("/Users/me/Library/CloudStorage/Dropbox/a.lightdesk", "Dropbox"),
        ("/Users/me/Library/CloudStorage/Box-Box/a.lightdesk", "Box"),
        ("/Users/me/Library/CloudStorage/ProtonDrive-me/a.lightdesk", "ProtonDrive"),
        ("/Users/me/Library/Mobile Documents/com~apple~CloudDocs/a.lightdesk", "iCloud Drive"),
        ("/Users/me/Library/Mobile Documents/iCloud~md~obsidian/a.lightdesk", "iCloud Drive"),
    ],
)
def test_folders_that_go_to_a_cloud(mounts: Mount, path: str, service: str) -> None:
    mounts(("/", "apfs"))
    reason = location.why_unsafe(Path(path))
    assert reason is not None and reason == f"it lies in a folder that {service} copies to the cloud"


@pytest.mark.parametrize(
    "path",
    [
        "/home/me/dropboxes/a.lightdesk",
        "/home/me/OneDriven/a.lightdesk",
        "/home/me/Dropbox.lightdesk",
        "/Users/me/Library/Application Support/Lightdesk/a.lightdesk",
        "/Users/me/CloudStorage/a.lightdesk",
        "/Users/me/Mobile Documents/a.lightdesk",
        "/Users/me/Library/CloudStorage.lightdesk",
    ],
)
def test_folders_that_only_sound_like_it(mounts: Mount, path: str) -> None:
    mounts(("/", "apfs"))
    assert location.why_unsafe(Path(path)) is None


def test_a_dropbox_under_another_name(mounts: Mount, tmp_path: Path) -> None:
    mounts(("/", "ext4"))
    told = tmp_path / "somebody" / ".dropbox"
    told.mkdir(parents=True)
    (told / "info.json").write_text(json.dumps({"personal": {"path": str(tmp_path / "Box of mine"), "host": 1}}))
    reason = location.why_unsafe(tmp_path / "Box of mine" / "a.lightdesk")
    assert reason is not None and "Dropbox" in reason
    assert location.why_unsafe(tmp_path / "Box of mine too" / "a.lightdesk") is None
    for nonsense in (
        "",
        "[]",
        "{",
        '{"personal": 5}',
        '{"personal": {"path": 7}}',
        '{"personal": {"path": ""}}',
        "\xff",
    ):
        (told / "info.json").write_bytes(nonsense.encode("latin-1"))
        assert location.why_unsafe(tmp_path / "Box of mine" / "a.lightdesk") is None


@pytest.mark.skipif(sys.platform == "win32", reason="users of POSIX")
def test_a_user_without_a_home(mounts: Mount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As containers have: a number, no entry in the list of users, no HOME."""
    import pwd

    def unknown(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    mounts(("/", "ext4"))
    assert location.why_unsafe(tmp_path / "a.lightdesk") is None


def test_a_onedrive_under_another_name(mounts: Mount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts(("/", "ext4"))
    monkeypatch.setenv("OneDriveCommercial", str(tmp_path / "Work"))
    reason = location.why_unsafe(tmp_path / "Work" / "a.lightdesk")
    assert reason is not None and "OneDrive" in reason
    assert location.why_unsafe(tmp_path / "Play" / "a.lightdesk") is None


def test_this_machine_s_own_table_can_be_read(tmp_path: Path) -> None:
    assert location._mount_type(tmp_path) != ""
