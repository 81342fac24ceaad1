"""Reads and checks a model's TOML manifest."""

from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

from engine.errors import ErrorCode, ModelError
from engine.schemas.model import InputSpec, Interpolation, Layout, ModelManifest, OutputSpec, Task

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# A manifest has some 700 bytes; reading TOML takes time that grows with the square of a hostile one's size.
_MAX_MANIFEST_BYTES = 1 << 14
_MAX_LABELS_BYTES = 64 << 20
_MAX_SIDE_PX = 4096
_MAX_EMBEDDING_DIM = 65_536
_MODEL_KEYS = {"name", "version", "task", "title", "licence", "format", "file", "sha256", "labels", "builder"}
_INPUT_KEYS = {"name", "layout", "dtype", "resize_short_side", "crop", "interpolation", "mean", "std"}
_OUTPUT_KEYS = {"scores", "scores_are", "embedding", "embedding_dim"}


def read_manifest(path: Path, *, labels_dir: Path) -> ModelManifest:
    """Read one manifest; its label file is taken from beside it or from `labels_dir`.

    Parameters
    ----------
    path
        The TOML file.
    labels_dir
        Label files that come with the program.

    Raises
    ------
    ModelError
        MODEL_INVALID, naming the file and the key.
    """
    table = _Table(_read(path), path, "the manifest", {"model", "input", "output"})
    model = table.part("model", _MODEL_KEYS)
    inputs = table.part("input", _INPUT_KEYS)
    outputs = table.part("output", _OUTPUT_KEYS)
    fmt = model.choice("format", ("onnx", "fake"))
    embedding = outputs.text("embedding") if "embedding" in outputs else None
    return ModelManifest(
        name=model.matching("name", _NAME),
        version=model.matching("version", _NAME),
        task=model.choice("task", get_args(Task)),
        title=model.text("title"),
        licence=model.text("licence"),
        format=fmt,
        file=model.file_name("file"),
        # Only a model without a file has nothing to verify.
        sha256=model.matching("sha256", _SHA256) if fmt != "fake" else "",
        builder=model.text("builder") if "builder" in model else None,
        labels=_labels(path, model.file_name("labels"), labels_dir),
        input=_input(inputs),
        output=OutputSpec(
            scores=outputs.text("scores"),
            scores_are=outputs.choice("scores_are", ("probabilities", "logits")),
            embedding=embedding,
            embedding_dim=outputs.number("embedding_dim", 1, _MAX_EMBEDDING_DIM) if embedding else 0,
        ),
    )


def invalid(path: Path, reason: str) -> ModelError:
    """Return the error of a manifest that cannot be used."""
    return ModelError(
        ErrorCode.MODEL_INVALID,
        f"The model manifest {path} cannot be used: {reason}.",
        way_out="Correct the manifest, or remove its folder.",
        path=str(path),
    )


def _input(inputs: _Table) -> InputSpec:
    spec = InputSpec(
        name=inputs.text("name"),
        layout=inputs.choice("layout", get_args(Layout)),
        dtype=inputs.choice("dtype", ("uint8", "float32")),
        resize_short_side=inputs.number("resize_short_side", 1, _MAX_SIDE_PX),
        crop=inputs.number("crop", 1, _MAX_SIDE_PX),
        interpolation=inputs.choice("interpolation", get_args(Interpolation)),
        mean=inputs.triple("mean"),
        std=inputs.triple("std"),
    )
    if spec.crop > spec.resize_short_side:
        raise inputs.invalid("crop must not be larger than resize_short_side")
    if spec.dtype == "uint8" and (spec.mean or spec.std):
        raise inputs.invalid('mean and std need dtype = "float32"; a graph that takes uint8 normalises by itself')
    if spec.std and not all(value > 0 for value in spec.std):
        raise inputs.invalid("std must be above zero")
    return spec


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_MANIFEST_BYTES + 1)
        if len(data) > _MAX_MANIFEST_BYTES:
            raise invalid(path, "it is larger than any manifest")
        return tomllib.loads(data.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise invalid(path, f"it cannot be read ({error})") from error


def _labels(path: Path, name: str, labels_dir: Path) -> tuple[str, ...]:
    for folder in (path.parent, labels_dir):
        file = folder / name
        if not file.is_file():
            continue
        try:
            if file.stat().st_size > _MAX_LABELS_BYTES:
                raise invalid(path, f"its label file {name} is too large")
            text = file.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise invalid(path, f"its label file {name} cannot be read ({error})") from error
        # Not splitlines(): a label may hold the odd characters at which that also breaks.
        labels = tuple(line.strip() for line in text.rstrip("\r\n").split("\n"))
        if not all(labels):
            raise invalid(path, f"its label file {name} has empty lines or none")
        return labels
    raise invalid(path, f"its label file {name} is missing")


class _Table:
    """One table of the file, with its place for messages; unknown keys are refused as misspelt."""

    def __init__(self, values: dict[str, Any], path: Path, place: str, known: set[str]) -> None:
        self._values = values
        self._path = path
        self._place = place
        unknown = sorted(values.keys() - known)
        if unknown:
            raise self.invalid(f"{unknown[0][:80]!r} is not a key that is known there")

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def invalid(self, reason: str) -> ModelError:
        return invalid(self._path, f"in {self._place}, {reason}")

    def part(self, key: str, known: set[str]) -> _Table:
        part = self._values.get(key)
        if not isinstance(part, dict):
            raise self.invalid(f"the table [{key}] is missing")
        return _Table(part, self._path, f"[{key}]", known)

    def text(self, key: str) -> str:
        value = self._values.get(key)
        if not isinstance(value, str) or not value or not value.isprintable() or len(value) > 200:
            raise self.invalid(f"{key} must be given, as one line of text")
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> Any:
        value = self._values.get(key)
        if not isinstance(value, str) or value not in choices:
            raise self.invalid(f"{key} must be one of {', '.join(choices)}")
        return value

    def matching(self, key: str, pattern: re.Pattern[str]) -> str:
        value = self.text(key)
        if not pattern.fullmatch(value):
            raise self.invalid(f"{key} = {value[:80]!r} is not of the right form")
        return value

    def number(self, key: str, lowest: int, highest: int) -> int:
        value = self._values.get(key)
        if type(value) is not int or not lowest <= value <= highest:
            raise self.invalid(f"{key} must be a whole number from {lowest} to {highest}")
        return value

    def triple(self, key: str) -> tuple[float, float, float] | None:
        value = self._values.get(key)
        if value is None:
            return None
        numbers = isinstance(value, list) and all(type(v) in (int, float) and math.isfinite(v) for v in value)
        if not numbers or len(value) != 3:
            raise self.invalid(f"{key} must be three numbers, for red, green and blue")
        return (float(value[0]), float(value[1]), float(value[2]))

    def file_name(self, key: str) -> str:
        """Refuse a file name that leads out of the model's folder, on any system."""
        name = self.text(key)
        if name in (".", "..") or any(c in name for c in '/\\:*?"<>|'):
            raise self.invalid(f"{key} = {name[:80]!r} must be a plain file name beside the manifest")
        return name
