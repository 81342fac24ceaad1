"""Folders of photos to measure on: the given ones, repeated with a few bytes appended."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image


def originals(folder: Path) -> list[Path]:
    """Return the files of a folder of photos. Raises SystemExit where there are none."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))
    if not files:
        raise SystemExit(f"There are no JPEG photos in {folder}.")
    return files


def made_small(file: Path, side_px: int) -> bytes:
    """Return a photo as a JPEG with at most `side_px` on its longer side: a hundred thousand have room on a disk."""
    with Image.open(file) as image:
        small = image.convert("RGB")
        small.thumbnail((side_px, side_px))
    data = io.BytesIO()
    small.save(data, "JPEG", quality=85)
    return data.getvalue()


def repeated(source: Path, target: Path, n: int, mark: str) -> list[Path]:
    """Fill `target` with `n` photos, each a content of its own, and return them.

    Bytes after a JPEG's end are no part of the picture, so each copy costs what the original does. Other
    marks make other contents.
    """
    data = [path.read_bytes() for path in originals(source)]
    target.mkdir(parents=True)
    files = [target / f"{mark}{i:06}.jpg" for i in range(n)]
    for i, file in enumerate(files):
        file.write_bytes(data[i % len(data)] + mark.encode() + i.to_bytes(4, "big"))
    return files
