"""Two networks that put pictures and words into one space: what a pair's manifest says, and where its files lie."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.schemas.model import InputSpec

Padding = Literal["shortest", "context"]
Mask = Literal["padding", "ones"]
Cleaning = Literal["none", "lower", "canonical"]


@dataclass(frozen=True, slots=True)
class TowerFiles:
    """The files of one tower, side by side in a folder of their own.

    Attributes
    ----------
    graph
        Name of the ONNX file.
    sha256
        Each file's name with its digest, the graph, its external data and the tokenizer's alike; ordered by name.
    """

    graph: str
    sha256: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ImageTowerSpec:
    """How a picture becomes a vector. `input` is what `Preprocessor` makes; `output` the name of the vector."""

    files: TowerFiles
    input: InputSpec
    output: str


@dataclass(frozen=True, slots=True)
class TextTowerSpec:
    """How a line of words becomes a vector.

    Attributes
    ----------
    tokenizer
        Name of the tokenizer's file: ``tokenizer.json``, or ``vocab.json`` with ``merges.txt`` beside it.
    context_length
        Most tokens that count; the rest of a longer text is left out.
    padding
        ``context`` where the network was trained on texts that are always filled up to `context_length`, and has not
        learnt to look past the filling.
    mask
        What an input for a mask gets: ones where there are words, or everywhere.
    cleaning
        What is done to a text before the tokenizer has it: nothing, lower case, or lower case without punctuation.
    """

    files: TowerFiles
    tokenizer: str
    output: str
    context_length: int
    pad_id: int
    padding: Padding
    mask: Mask
    cleaning: Cleaning


@dataclass(frozen=True, slots=True)
class PairManifest:
    """One version of one pair, as written in its TOML file.

    Attributes
    ----------
    dim
        Numbers in a vector; both towers give as many.
    assumed
        What no file of the export said and was taken to be as usual, one sentence each, to be shown.
    """

    name: str
    version: str
    title: str
    licence: str
    dim: int
    image: ImageTowerSpec
    text: TextTowerSpec
    assumed: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """``name@version``: the space that its vectors lie in."""
        return f"{self.name}@{self.version}"

    @property
    def space_sha256(self) -> str:
        """Digest of all that decides the vector of a picture: two pairs with the same one share a space."""
        decides = (self.image.files.sha256, self.image.input, self.image.output, self.dim)
        return hashlib.sha256(repr(decides).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class TowerPair:
    """A manifest with the folder of its verified files: ``image/`` and ``text/``."""

    manifest: PairManifest
    folder: Path

    @property
    def image_graph(self) -> Path:
        """The image tower's ONNX file."""
        return self.folder / "image" / self.manifest.image.files.graph

    @property
    def text_graph(self) -> Path:
        """The text tower's ONNX file."""
        return self.folder / "text" / self.manifest.text.files.graph

    @property
    def tokenizer(self) -> Path:
        """The tokenizer's file."""
        return self.folder / "text" / self.manifest.text.tokenizer
