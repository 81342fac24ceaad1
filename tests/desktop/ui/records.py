"""What a library says of pictures, made up for tests of widgets."""

from __future__ import annotations

from typing import Any

from engine.errors import ErrorCode, FileError, LightdeskError
from engine.schemas.library import Detail, FileRow, Label, Tile
from engine.schemas.prediction import ClassScore, Prediction

AT = "2026-01-01T10:00:00.000+00:00"
NAMES = ("tench", "black swan", "harvestman", "sea lion", "Swan", "banjo")
HEBREW = "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}\N{HEBREW LETTER VAV}\N{HEBREW LETTER FINAL MEM}"
PIZZA = "\N{SLICE OF PIZZA}"


def tile(content_id: int, **changes: Any) -> Tile:
    """Return a row for any id."""
    values = {
        "content_id": content_id,
        "sha256": f"{content_id:064x}",
        "name": f"IMG_{content_id:05d}.jpg",
        "n_files": 1,
        "top1": NAMES[content_id % len(NAMES)],
        "confidence": (content_id * 37 % 100) / 100,
        "label": None,
        "label_state": None,
    }
    return Tile(**{**values, **changes})


def detail(content_id: int = 1, **changes: Any) -> Detail:
    """Return a picture with five classes and one file."""
    scores = zip(NAMES, (0.62, 0.2, 0.1, 0.05, 0.01, 0.005), strict=True)
    top = tuple(ClassScore(k, name, confidence) for k, (name, confidence) in enumerate(scores))
    values: dict[str, Any] = {
        "content_id": content_id,
        "sha256": f"{content_id:064x}",
        "name": f"IMG_{content_id}.jpg",
        "kind": "image",
        "content_type": "image/jpeg",
        "width": 400,
        "height": 300,
        "size_bytes": 61_200,
        "files": files(f"/photos/IMG_{content_id}.jpg"),
        "label": None,
        "predictions": (Prediction("net@3", top, 0.42, 1.0, "cpu", 8.94, False, AT),),
    }
    return Detail(**(values | changes))


def files(*paths: str, present: bool = True) -> tuple[FileRow, ...]:
    """Return the files behind a content."""
    return tuple(FileRow(path, 61_200, 0, present, "photos") for path in paths)


def label(name: str | None = "tench", note: str = "") -> Label:
    """Return a label by a person; without a name a rejection."""
    return Label(name, "accepted" if name else "rejected", "Ada", True, AT, note)


def error(message: str = "The drive is gone.", way_out: str = "Plug it in.") -> LightdeskError:
    return FileError(ErrorCode.SOURCE_OFFLINE, message, way_out=way_out)
