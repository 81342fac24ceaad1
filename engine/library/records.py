"""What the pipeline hands to the library to be stored."""

from __future__ import annotations

from dataclasses import dataclass

from engine.schemas.prediction import Scores


@dataclass(frozen=True, slots=True)
class NewContent:
    """A picture not yet in the library."""

    sha256: bytes
    kind: str
    content_type: str
    width: int
    height: int
    size_bytes: int
    perceptual_hash: int | None
    sharpness: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class StoreItem:
    """One answered file. `content` is an id where the content is known; `scores` None where they are stored."""

    seq: int | None
    root: str
    path: str
    size_bytes: int
    mtime_ns: int
    content: NewContent | int
    scores: Scores | None
    device: str = ""
    inference_ms: float = 0.0
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A content that is in the library."""

    content_id: int
    has_prediction: bool


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one file of a job."""

    seq: int
    path: str
    state: str
    content_id: int | None
    code: str | None
    message: str | None
    way_out: str | None
