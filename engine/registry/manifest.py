"""Reads and checks a model's TOML manifest."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from engine.registry.table import NAME, SHA256, Table, invalid, read_toml
from engine.schemas.model import InputSpec, Interpolation, Layout, ModelManifest, OutputSpec, Task

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
    table = Table(read_toml(path), path, "the manifest", {"model", "input", "output"})
    model = table.part("model", _MODEL_KEYS)
    inputs = table.part("input", _INPUT_KEYS)
    outputs = table.part("output", _OUTPUT_KEYS)
    fmt = model.choice("format", ("onnx", "fake"))
    embedding = outputs.text("embedding") if "embedding" in outputs else None
    return ModelManifest(
        name=model.matching("name", NAME),
        version=model.matching("version", NAME),
        task=model.choice("task", get_args(Task)),
        title=model.text("title"),
        licence=model.text("licence"),
        format=fmt,
        file=model.file_name("file"),
        # Only a model without a file has nothing to verify.
        sha256=model.matching("sha256", SHA256) if fmt != "fake" else "",
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


def _input(inputs: Table) -> InputSpec:
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
