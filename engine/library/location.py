"""Whether SQLite is safe in a folder: not on network drives, not where a cloud program copies files about."""

from __future__ import annotations

import os
import sys
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
        "fuse.sshfs",
        "fuse.rclone",
        "fuse.davfs",
        "fuse.s3fs",
        "fuse.gcsfuse",
        "fuse.smbnetfs",
        "fuse.glusterfs",
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
}


def why_unsafe(path: Path) -> str | None:
    """Return the reason not to keep a library at `path`, or None."""
    resolved = Path(os.path.realpath(path))
    for part in resolved.parts:
        name = part.casefold()
        for folder, service in _CLOUD_FOLDERS.items():
            if (
                name == folder
                or name.startswith(folder + " - ")
                or (name.startswith(folder + " (") and name.endswith(")"))
            ):
                return f"it lies in a folder that {service} copies to the cloud"
    kind = _mount_type(resolved)
    if kind in _NETWORK_TYPES:
        return f"it lies on a network drive ({kind})"
    if sys.platform == "win32" and (str(resolved).startswith("\\\\") or kind == "remote"):
        return "it lies on a network drive"
    return None


def _mount_type(path: Path) -> str:
    """Return the file system type of the mount that holds `path`."""
    best, kind = "", ""
    for part in psutil.disk_partitions(all=True):
        mount = part.mountpoint
        inside = str(path) == mount or str(path).startswith(mount.rstrip("/\\") + os.sep)
        if inside and len(mount) >= len(best):
            best, kind = mount, "remote" if "remote" in part.opts.split(",") else part.fstype
    return kind.lower()
