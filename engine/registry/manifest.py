"""Reads and checks a model's TOML manifest."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, get_args

from engine.errors import ErrorCode, ModelError
from engine.schemas.model import InputSpec, Interpolation, Layout, ModelManifest, OutputSpec, Task

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}|")


def read_manifest(path: Path, *, labels_dir: Path) -> ModelManifest:
    """Read one manifest; its label file is taken from beside it or from `labels_dir`.

    Raises
    ------
    ModelError
        MODEL_INVALID, naming the file and the key.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _invalid(path, f"it cannot be read ({error})") from error
    model = _part(table, "model", path)
    inputs = _part(table, "input", path)
    outputs = _part(table, "output", path)
    labels = _labels(path, str(_value(model, "labels", str, path)), labels_dir)
    dim = _value(outputs, "embedding_dim", int, path)
    return ModelManifest(
        name=_matching(model, "name", _NAME, path),
        version=_matching(model, "version", _NAME, path),
        task=_choice(model, "task", get_args(Task), path),
        title=_value(model, "title", str, path),
        licence=_value(model, "licence", str, path),
        format=_choice(model, "format", ("onnx", "fake"), path),
        file=_inside(_value(model, "file", str, path), path),
        sha256=_matching(model, "sha256", _SHA256, path),
        builder=model.get("builder"),
        labels=labels,
        input=InputSpec(
            name=_value(inputs, "name", str, path),
            layout=_choice(inputs, "layout", get_args(Layout), path),
            dtype=_choice(inputs, "dtype", ("uint8", "float32"), path),
            resize_short_side=_size(inputs, "resize_short_side", path),
            crop=_size(inputs, "crop", path),
            interpolation=_choice(inputs, "interpolation", get_args(Interpolation), path),
            mean=_triple(inputs, "mean", path),
            std=_triple(inputs, "std", path),
        ),
        output=OutputSpec(
            scores=_value(outputs, "scores", str, path),
            scores_are=_choice(outputs, "scores_are", ("probabilities", "logits"), path),
            embedding=outputs.get("embedding"),
            embedding_dim=dim,
        ),
    )


def _labels(path: Path, name: str, labels_dir: Path) -> tuple[str, ...]:
    for folder in (path.parent, labels_dir):
        file = folder / _inside(name, path)
        if file.is_file():
            labels = tuple(file.read_text("utf-8").splitlines())
            if not labels or not all(labels) or len(labels) > 1_000_000:
                raise _invalid(path, f"its label file {name} has empty lines or none")
            return labels
    raise _invalid(path, f"its label file {name} is missing")


def _part(table: dict[str, Any], key: str, path: Path) -> dict[str, Any]:
    part = table.get(key)
    if not isinstance(part, dict):
        raise _invalid(path, f"the table [{key}] is missing")
    return part


def _value(table: dict[str, Any], key: str, kind: type, path: Path) -> Any:
    value = table.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _invalid(path, f"{key} must be given, as {kind.__name__}")
    return value


def _choice(table: dict[str, Any], key: str, choices: tuple[str, ...], path: Path) -> Any:
    if table.get(key) not in choices:
        raise _invalid(path, f"{key} must be one of {', '.join(choices)}")
    return table[key]


def _matching(table: dict[str, Any], key: str, pattern: re.Pattern[str], path: Path) -> str:
    value = str(_value(table, key, str, path))
    if not pattern.fullmatch(value):
        raise _invalid(path, f"{key} = {value[:80]!r} is not of the right form")
    return value


def _size(table: dict[str, Any], key: str, path: Path) -> int:
    value = int(_value(table, key, int, path))
    if not 1 <= value <= 4096:
        raise _invalid(path, f"{key} must lie between 1 and 4096 pixels")
    return value


def _triple(table: dict[str, Any], key: str, path: Path) -> tuple[float, float, float] | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 3 or not all(isinstance(v, int | float) for v in value):
        raise _invalid(path, f"{key} must be three numbers, for red, green and blue")
    return (float(value[0]), float(value[1]), float(value[2]))


def _inside(name: str, path: Path) -> str:
    """Refuse a file name that leads out of the model's folder."""
    if not name or Path(name).name != name or name in (".", "..") or "\\" in name or ":" in name:
        raise _invalid(path, f"{name!r} must be a plain file name beside the manifest")
    return name


def _invalid(path: Path, reason: str) -> ModelError:
    return ModelError(
        ErrorCode.MODEL_INVALID,
        f"The model manifest {path} cannot be used: {reason}.",
        way_out="Correct the manifest, or remove its folder.",
        path=str(path),
    )
