"""What the library answers: tiles, details, facets, problems, sources, commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engine.schemas.prediction import Prediction

LabelState = Literal["accepted", "rejected"]
SortKey = Literal["added", "name", "time", "confidence", "margin", "class", "outlier", "unique", "mistake"]
Only = Literal["all", "outliers", "mistakes"]
Labelled = Literal["any", "labelled", "unlabelled", "rejected"]


@dataclass(frozen=True, slots=True)
class Label:
    """The current label of a content, with its provenance.

    `class_name` is None for a rejection (``state == "rejected"``). `set_by` is a person's name or
    ``model@version``.
    """

    class_name: str | None
    state: LabelState
    set_by: str
    set_by_person: bool
    set_at: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A filter and an order over the visible contents. Empty fields do not filter.

    Attributes
    ----------
    mtime_min_ns, mtime_max_ns
        The file's time, in nanoseconds since 1970 (UTC), both ends included.
    only
        Outliers, or labels that are likely mistakes, as far as the neighbourhoods in the model's space are known.
    """

    source_id: int | None = None
    class_name: str | None = None
    confidence_min: float = 0.0
    confidence_max: float = 1.0
    labelled: Labelled = "any"
    text: str = ""
    mtime_min_ns: int | None = None
    mtime_max_ns: int | None = None
    only: Only = "all"
    sort: SortKey = "added"
    descending: bool = False
    model_ref: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """What the grid paints for one content."""

    content_id: int
    sha256: str
    name: str
    n_files: int
    top1: str | None
    confidence: float | None
    label: str | None
    label_state: LabelState | None


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file behind a content."""

    path: str
    size_bytes: int
    mtime_ns: int
    present: bool
    source_title: str


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything the inspector shows of one content."""

    content_id: int
    sha256: str
    name: str
    kind: str
    content_type: str
    width: int
    height: int
    size_bytes: int
    files: tuple[FileRow, ...]
    label: Label | None
    predictions: tuple[Prediction, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A dropped folder, or the pseudo-source of single files."""

    id: int
    path: str
    title: str
    n_contents: int
    added_at: str


@dataclass(frozen=True, slots=True)
class ClassCount:
    """A class and how many visible contents have it (the label if there is one, else top-1)."""

    class_name: str
    n: int


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts for the library panel."""

    n_all: int
    n_labelled: int
    n_unlabelled: int
    n_rejected: int
    n_problems: int
    sources: tuple[Source, ...] = ()
    classes: tuple[ClassCount, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that could not be used."""

    id: int
    path: str
    code: str
    message: str
    way_out: str
    n_tries: int
    first_at: str
    last_at: str


@dataclass(frozen=True, slots=True)
class Command:
    """One step of the log: a change by a person (or a rule), with its inverse stored beside it."""

    id: int
    kind: str
    title: str
    by: str
    at: str
    n_items: int
    undone: bool


@dataclass(frozen=True, slots=True)
class LibraryInfo:
    """Counts for ``lightdesk library info``."""

    path: str
    library_id: str
    schema_version: int
    size_bytes: int
    contents: int
    files: int
    predictions: int
    embeddings: int
    labels: int
    problems: int
    hidden: int


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Outcome of ``lightdesk library check``."""

    ok: bool
    findings: tuple[str, ...] = field(default_factory=tuple)
