"""Whether SQLite is safe in a folder: not on network drives, not where a cloud program copies files about."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

_NETWORK_TYPES = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "afpfs",
        "webdav",
        "davfs",
        "ncpfs",
        "9p",
        "ceph",
        "glusterfs",
        "lustre",
        "afs",
        "beegfs",
        "gpfs",
        # folders that a virtual machine shares with its host: no locks that both see
        "virtiofs",
        "vboxsf",
        "prl_fs",
        "vmhgfs",
        "fuse.vmhgfs-fuse",
        "fuse.sshfs",
        "fuse.rclone",
        "fuse.davfs",
        "fuse.s3fs",
        "fuse.gcsfuse",
        "fuse.smbnetfs",
        "fuse.glusterfs",
        "fuse.onedriver",
        "fuse.google-drive-ocamlfuse",
        "fuse.curlftpfs",
        "fuse.ceph-fuse",
        # shares opened in the file managers of GNOME and KDE
        "fuse.gvfsd-fuse",
        "fuse.kio-fuse",
    ]
)
_CLOUD_FOLDERS = {
    "onedrive": "OneDrive",
    "dropbox": "Dropbox",
    "google drive": "Google Drive",
    "googledrive": "Google Drive",
    "my drive": "Google Drive",
    "com~apple~clouddocs": "iCloud Drive",
    "icloud drive": "iCloud Drive",
    "nextcloud": "Nextcloud",
    "owncloud": "ownCloud",
    "box sync": "Box",
    "pcloud drive": "pCloud",
}
# What OneDrive's program on Windows tells others; the folder may have any name.
_ONEDRIVE_VARIABLES = ("OneDrive", "OneDriveCommercial", "OneDriveConsumer")


def why_unsafe(path: Path) -> str | None:
    """Return the reason not to keep a library at `path`, or None."""
    resolved = Path(os.path.realpath(path))
    service = _cloud_by_name(resolved.parts) or _cloud_by_program(resolved)
    if service:
        return f"it lies in a folder that {service} copies to the cloud"
    kind = _mount_type(resolved)
    if kind in _NETWORK_TYPES:
        return f"it lies on a network drive ({kind})"
    if sys.platform == "win32" and (str(resolved).startswith("\\\\") or kind == "remote"):
        return "it lies on a network drive"
    return None


def _cloud_by_name(parts: tuple[str, ...]) -> str | None:
    """Return the service whose folder is known by its usual name."""
    names = [part.casefold() for part in parts]
    for name in names:
        for folder, service in _CLOUD_FOLDERS.items():
            if (
                name == folder
                or name.startswith((folder + " - ", folder + "-"))
                or name.endswith(" " + folder)  # as a team's: Acme Dropbox
                or (name.startswith(folder + " (") and name.endswith(")"))
            ):
                return service
    # macOS keeps all of them in two places: ~/Library/CloudStorage/OneDrive-Contoso, and iCloud for every app.
    for above, name, below in zip(names, names[1:], [*parts[2:], ""], strict=False):
        if (above, name) == ("library", "mobile documents"):
            return "iCloud Drive"
        if (above, name) == ("library", "cloudstorage") and below:
            service = below.partition("-")[0]
            return _CLOUD_FOLDERS.get(service.casefold(), service)
    return None


def _cloud_by_program(path: Path) -> str | None:
    """Return the service whose program says that it copies a folder around `path`."""
    for service, folder in _told_folders():
        try:
            inside = Path(os.path.normcase(path)).is_relative_to(os.path.normcase(os.path.realpath(folder)))
        except ValueError:  # no path at all
            continue
        if inside:
            return service
    return None


def _told_folders() -> Iterator[tuple[str, str]]:
    for variable in _ONEDRIVE_VARIABLES:
        if folder := os.environ.get(variable):
            yield "OneDrive", folder
    # Dropbox documents this file for other programs.
    # Not `Path.home()`: it raises for a user without an entry in the list of users, as containers have.
    homes = [Path(os.path.expanduser("~"), ".dropbox")]
    homes += [Path(os.environ[name], "Dropbox") for name in ("APPDATA", "LOCALAPPDATA") if os.environ.get(name)]
    for home in homes:
        try:
            accounts = json.loads((home / "info.json").read_text("utf-8"))
        except (OSError, ValueError):
            continue
        for account in accounts.values() if isinstance(accounts, dict) else ():
            if isinstance(account, dict) and isinstance(account.get("path"), str) and account["path"]:
                yield "Dropbox", account["path"]


def _mount_type(path: Path) -> str:
    """Return the file system type of the mount that holds `path`."""
    best, kind = "", ""
    for part in psutil.disk_partitions(all=True):
        mount = part.mountpoint
        inside = path.is_relative_to(mount)
        if inside and len(mount) >= len(best):
            best, kind = mount, "remote" if "remote" in part.opts.split(",") else part.fstype
    return kind.lower()
