"""A folder that a person points at: which of its files are the two towers, and which belong to them.

Layouts that are found as they are published:

- ``onnx/text_model.onnx`` and ``onnx/vision_model.onnx``, also with a precision in the name (``_fp16``, ``_quantized``),
  with ``tokenizer.json``, ``preprocessor_config.json`` and ``config.json`` above (transformers.js, Optimum);
- ``textual/model.onnx`` and ``visual/model.onnx``, the tokenizer and ``preprocess_cfg.json`` beside each, open_clip's
  ``config.json`` above (Immich);
- two folders such as ``clip-ViT-B-32-text`` and ``clip-ViT-B-32-vision``, each with a ``model.onnx`` (FastEmbed);
- two files with ``text`` or ``textual`` and ``image``, ``vision`` or ``visual`` in their names;
- a single ``model.onnx`` that holds both (Optimum's default), which is parted in two.

Nothing of a folder is believed: names must stay in it, links may lead only to where a hub's cache keeps its files.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.errors import ErrorCode, ModelError

Kind = Literal["image", "text"]
MAX_GRAPH_BYTES = (1 << 31) - 1  # what a protobuf can hold
MAX_DATA_BYTES = 16 << 30
MAX_TOKENIZER_BYTES = 128 << 20
_MAX_JSON_BYTES = 4 << 20
_MAX_ENTRIES = 20_000
_MAX_DEPTH = 6
_WORDS: dict[Kind, set[str]] = {
    "text": {"text", "textual", "txt"},
    "image": {"image", "img", "vision", "visual"},
}
_PART = re.compile(r"[^a-z0-9]+")
# How exact and how quick an export is on a CPU, best first: half precision is turned back into whole there.
_PRECISIONS = (
    ({"fp32", "float32"}, 0),
    ({"quantized", "int8", "uint8", "q8", "qint8", "quint8"}, 1),
    ({"fp16", "float16", "f16", "half"}, 2),
    ({"q4", "q4f16", "bnb4", "int4", "uint4"}, 3),
)
_PRECISION_WORDS = {word for words, _ in _PRECISIONS for word in words}


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: a file for each tower, or one that holds both."""

    image: Path
    text: Path

    @property
    def is_one_file(self) -> bool:
        """Whether both towers are in one file."""
        return self.image == self.text


class Folder:
    """The files below a folder, listed once.

    Raises
    ------
    ModelError
        MODEL_NOT_FOUND where there is no such folder, MODEL_INVALID where it holds too much to be a model.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_dir():
            raise ModelError(
                ErrorCode.MODEL_NOT_FOUND,
                f"{path} is no folder.",
                way_out="Choose the folder that holds the model's files.",
                path=str(path),
            )
        self._real = path.resolve()
        self._files = sorted(self._listed())
        self._set = frozenset(self._files)

    def towers(self) -> Found:
        """Tell the towers by their names.

        Raises
        ------
        ModelError
            MODEL_NOT_FOUND where one is missing or there is no telling, MODEL_INVALID where there are several.
        """
        graphs = [file for file in self._files if file.suffix.lower() == ".onnx"]
        if not graphs:
            raise self.missing("there is no ONNX file in it", "Choose a folder with an export to ONNX.")
        by_kind: dict[Kind, list[Path]] = {"image": [], "text": []}
        neither: list[Path] = []
        for graph in graphs:
            kind = self._kind(graph)
            (by_kind[kind] if kind is not None else neither).append(graph)
        if by_kind["image"] and by_kind["text"]:
            images, texts = (self._one_model(kind, by_kind[kind]) for kind in ("image", "text"))
            shared = set(images) & set(texts)
            precision = min(shared) if shared else None
            return Found(
                images[min(images) if precision is None else precision],
                texts[min(texts) if precision is None else precision],
            )
        if not by_kind["image"] and not by_kind["text"]:
            variants = self._one_model(None, neither)
            both = variants[min(variants)]
            return Found(both, both)
        there = (by_kind["image"] or by_kind["text"])[0].relative_to(self.path).as_posix()
        lacking = "words" if by_kind["image"] else "pictures"
        raise self.missing(
            f"there is {there} in it, but no file for {lacking}",
            "Choose the folder above, where both are, or put the other one beside it.",
        )

    def beside(self, graph: Path, *names: str) -> Path | None:
        """Return the file of one of these names that belongs to a graph: the nearest above it, or the only one there is."""
        folder = graph.parent
        while True:
            for name in names:
                if folder / name in self._set:
                    return folder / name
            if folder == self.path:
                break
            folder = folder.parent
        for name in names:
            others = [file for file in self._files if file.name == name]
            if len(others) == 1:
                return others[0]
        return None

    def json_beside(self, graph: Path, *names: str) -> dict[str, Any]:
        """Return the object in a JSON file that belongs to a graph, an empty one where there is none."""
        path = self.beside(graph, *names)
        return self.read_json(path) if path is not None else {}

    def read_json(self, path: Path, most_bytes: int = _MAX_JSON_BYTES) -> dict[str, Any]:
        """Return the object in a JSON file. Raises ModelError MODEL_INVALID."""
        try:
            value = json.loads(self.checked(path, most_bytes).read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            raise self.invalid(f"{path.relative_to(self.path)} cannot be read ({error})") from error
        if not isinstance(value, dict):
            raise self.invalid(f"{path.relative_to(self.path)} is not a JSON object")
        return value

    def checked(self, path: Path, most_bytes: int) -> Path:
        """Return where a file really lies, once it is known to be a regular one of this folder and of a sane size.

        Raises
        ------
        ModelError
            MODEL_INVALID for a link that leads out, and for what is too large or no file; MODEL_NOT_FOUND.
        """
        try:
            name = path.relative_to(self.path).as_posix()
        except ValueError as error:
            raise self.invalid(f"it asks for {path.name!r}, which is not in it") from error
        try:
            real = path.resolve(strict=True)
            info = real.stat()
        except (OSError, RuntimeError) as error:
            raise self.missing(f"{name} is missing in it", "Download the model again, with all its files.") from error
        if not self._belongs(real):
            raise self.invalid(f"{name} leads out of the folder")
        if not stat.S_ISREG(info.st_mode):
            raise self.invalid(f"{name} is not a file")
        if info.st_size > most_bytes:
            raise self.invalid(f"{name} has {info.st_size / 1e6:,.0f} MB, more than any such file")
        return real

    def invalid(self, reason: str, way_out: str = "Take another export of the model.") -> ModelError:
        """Return the error of a folder whose model cannot be used."""
        return ModelError(
            ErrorCode.MODEL_INVALID,
            f"The model in {self.path} cannot be used: {reason}.",
            way_out=way_out,
            path=str(self.path),
        )

    def missing(self, reason: str, way_out: str) -> ModelError:
        """Return the error of a folder that lacks something."""
        return ModelError(
            ErrorCode.MODEL_NOT_FOUND,
            f"There is no model for search with words in {self.path}: {reason}.",
            way_out=way_out,
            path=str(self.path),
        )

    def _listed(self) -> Iterator[Path]:
        n = 0
        for folder, folders, names in os.walk(self.path):
            here = Path(folder)
            depth = len(here.relative_to(self.path).parts)
            # What begins with a dot is a program's own; a hub's cache has every file a second time in `blobs`.
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "blobs" and depth < _MAX_DEPTH)
            n += len(folders) + len(names)
            if n > _MAX_ENTRIES:
                raise self.invalid("it holds too many files to be one model", "Choose the model's own folder.")
            yield from (here / name for name in names if not name.startswith("."))

    def _belongs(self, real: Path) -> bool:
        if real.is_relative_to(self._real):
            return True
        # A hub's cache: models--NAME/snapshots/REVISION/... are links to models--NAME/blobs/DIGEST.
        for above in (self._real, *self._real.parents):
            if above.parent.name == "snapshots":
                return real.is_relative_to(above.parent.parent / "blobs")
        return False

    def _kind(self, graph: Path) -> Kind | None:
        """Tell a tower by its name, or that of the nearest folder that says it."""
        inside = graph.relative_to(self.path)
        for name in (graph.stem, *reversed(inside.parts[:-1])):
            words = set(_PART.split(name.lower()))
            kinds = [kind for kind, its_words in _WORDS.items() if words & its_words]
            if len(kinds) == 1:
                return kinds[0]
        return None

    def _one_model(self, kind: Kind | None, graphs: Sequence[Path]) -> dict[int, Path]:
        """Return the precisions there are of one graph. Raises ModelError where there is more than one graph."""
        variants: dict[tuple[Path, str], dict[int, Path]] = {}
        for graph in graphs:
            words = [word for word in _PART.split(graph.stem.lower()) if word]
            stem = " ".join(word for word in words if word not in _PRECISION_WORDS)
            rank = max((rank for names, rank in _PRECISIONS if names & set(words)), default=0)
            variants.setdefault((graph.parent, stem), {}).setdefault(rank, graph)
        if len(variants) > 1:
            names = sorted(min(files.items())[1].relative_to(self.path).as_posix() for files in variants.values())
            what = {"image": "for pictures", "text": "for words", None: "that may be the model"}[kind]
            way_out = "Choose the folder of one model alone"
            if kind is None:
                way_out += ", or put the words text and image into the names of its two files"
            raise self.invalid(f"it has several files {what}: {', '.join(names[:4])}", f"{way_out}.")
        return next(iter(variants.values()))
