"""A model is data: what its manifest says, and where its file lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Task = Literal["classification"]
Layout = Literal["NHWC", "NCHW"]
Interpolation = Literal["bilinear", "bicubic", "area", "lanczos"]
Resize = Literal["shortest", "squash"]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How a picture becomes the network's input.

    The shorter side is resized to `resize_short_side` pixels, then a centre crop of `crop` pixels is
    taken. `mean` and `std` (per RGB channel, in the range of 0..255) are applied outside the graph
    only where they are given; None means that the graph normalises by itself. With ``squash`` there is no
    crop: the whole picture is resized to a square of `crop` pixels, whatever its proportions.
    """

    name: str
    layout: Layout
    dtype: Literal["uint8", "float16", "float32"]
    resize_short_side: int
    crop: int
    interpolation: Interpolation
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    resize: Resize = "shortest"


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """Names of the outputs; `scores_are` says whether a softmax is still due."""

    scores: str
    scores_are: Literal["probabilities", "logits"]
    embedding: str | None
    embedding_dim: int


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """One version of one model, as written in its TOML file."""

    name: str
    version: str
    task: Task
    title: str
    licence: str
    format: Literal["onnx", "fake"]
    file: str
    sha256: str
    input: InputSpec
    output: OutputSpec
    labels: tuple[str, ...]
    builder: str | None = None

    @property
    def ref(self) -> str:
        """``name@version``, as shown to people and stored with predictions."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class Model:
    """A manifest with its verified file."""

    manifest: ModelManifest
    path: Path
