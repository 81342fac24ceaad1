"""Pairs of towers in the person's models folder: ``NAME/VERSION/pair.toml``, the files in ``image/`` and ``text/``."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Any, get_args

import tomli_w

from engine.errors import ErrorCode, ModelError
from engine.registry.table import NAME, Table, invalid, read_toml
from engine.schemas.model import InputSpec, Interpolation, Layout, Resize
from engine.schemas.tower import (
    Cleaning,
    ImageTowerSpec,
    Mask,
    Padding,
    PairManifest,
    TextTowerSpec,
    TowerFiles,
    TowerPair,
)

log = logging.getLogger(__name__)
MANIFEST = "pair.toml"
MAX_DIM = 65_536
MAX_SIDE_PX = 4096
MAX_CONTEXT = 512
_MAX_FILES = 16
_MAX_TOKEN = (1 << 31) - 1
_PAIR_KEYS = {"name", "version", "title", "licence", "dim", "assumed"}
_IMAGE_KEYS = {
    "graph",
    "files",
    "output",
    "input",
    "layout",
    "dtype",
    "size",
    "crop",
    "resize",
    "interpolation",
    "mean",
    "std",
}
_TEXT_KEYS = {"graph", "files", "output", "tokenizer", "context_length", "pad_id", "padding", "mask", "cleaning"}


def read_pair(path: Path) -> PairManifest:
    """Read the manifest of a pair.

    Raises
    ------
    ModelError
        MODEL_INVALID, naming the file and the key.
    """
    table = Table(read_toml(path), path, "the manifest", {"pair", "image", "text"})
    pair = table.part("pair", _PAIR_KEYS)
    return PairManifest(
        name=pair.matching("name", NAME),
        version=pair.matching("version", NAME),
        title=pair.text("title"),
        licence=pair.text("licence"),
        dim=pair.number("dim", 1, MAX_DIM),
        image=_image(table.part("image", _IMAGE_KEYS)),
        text=_text(table.part("text", _TEXT_KEYS)),
        assumed=pair.lines("assumed", 16),
    )


def pair_toml(manifest: PairManifest) -> str:
    """Return a manifest as `read_pair` reads it."""
    image, text = manifest.image, manifest.text
    scaled = {"mean": image.input.mean, "std": image.input.std}
    tables: dict[str, Any] = {
        "pair": {
            "name": manifest.name,
            "version": manifest.version,
            "title": manifest.title,
            "licence": manifest.licence,
            "dim": manifest.dim,
            "assumed": list(manifest.assumed),
        },
        "image": {
            "graph": image.files.graph,
            "output": image.output,
            "input": image.input.name,
            "layout": image.input.layout,
            "dtype": image.input.dtype,
            "size": image.input.resize_short_side,
            "crop": image.input.crop,
            "resize": image.input.resize,
            "interpolation": image.input.interpolation,
            **{key: list(value) for key, value in scaled.items() if value is not None},
            "files": dict(image.files.sha256),
        },
        "text": {
            "graph": text.files.graph,
            "tokenizer": text.tokenizer,
            "output": text.output,
            "context_length": text.context_length,
            "pad_id": text.pad_id,
            "padding": text.padding,
            "mask": text.mask,
            "cleaning": text.cleaning,
            "files": dict(text.files.sha256),
        },
    }
    return tomli_w.dumps(tables)


def read_pairs(models_dir: Path) -> tuple[dict[str, TowerPair], dict[str, ModelError]]:
    """Return the pairs there are by their refs, not yet verified, and what is wrong with the broken ones."""
    found: dict[str, TowerPair] = {}
    broken: dict[str, ModelError] = {}
    for path in sorted(models_dir.glob(f"*/*/{MANIFEST}")):
        folder = path.parent
        ref = f"{folder.parent.name}@{folder.name}"
        if folder.parent.name.startswith("."):
            continue  # what is being added, or was when the program died
        try:
            manifest = read_pair(path)
            if manifest.ref != ref:
                raise invalid(path, f"it describes {manifest.ref}, but its folder belongs to another model")
        except ModelError as error:
            broken[ref] = error
            continue
        found[ref] = TowerPair(manifest, folder)
    return found, broken


def added_ns(pair: TowerPair) -> int:
    """Return when a pair was added, in nanoseconds since 1970: its manifest is written then. 0 where that cannot be told."""
    try:
        return (pair.folder / MANIFEST).stat().st_mtime_ns
    except OSError:
        return 0


def verify(pair: TowerPair) -> None:
    """Compare every file's digest with the manifest's; about 1 ms a megabyte.

    Raises
    ------
    ModelError
        MODEL_NOT_FOUND where a file is missing, MODEL_DAMAGED where one is not as it was.
    """
    for part, files in (("image", pair.manifest.image.files), ("text", pair.manifest.text.files)):
        for name, sha256 in files.sha256:
            _verify(pair.folder / part / name, pair.folder, sha256)


def sha256_of(path: Path) -> str:
    """Return the digest of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _verify(path: Path, folder: Path, sha256: str) -> None:
    again = "Add the model again from where you had it."
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            raise ModelError(
                ErrorCode.MODEL_DAMAGED,
                f"{path} is a link that leads out of its folder.",
                way_out=again,
                path=str(path),
            )
        found = sha256_of(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelError(ErrorCode.MODEL_NOT_FOUND, f"{path} is missing.", way_out=again, path=str(path)) from error
    except (OSError, RuntimeError) as error:
        raise ModelError(
            ErrorCode.MODEL_DAMAGED, f"{path} cannot be read: {error}.", way_out=again, path=str(path)
        ) from error
    if found != sha256:
        raise ModelError(
            ErrorCode.MODEL_DAMAGED,
            f"{path} is not as it was when it was added (its sha256 differs).",
            way_out=again,
            path=str(path),
        )


def _image(table: Table) -> ImageTowerSpec:
    spec = InputSpec(
        name=table.text("input"),
        layout=table.choice("layout", get_args(Layout)),
        dtype=table.choice("dtype", ("uint8", "float16", "float32")),
        resize_short_side=table.number("size", 1, MAX_SIDE_PX),
        crop=table.number("crop", 1, MAX_SIDE_PX),
        interpolation=table.choice("interpolation", get_args(Interpolation)),
        mean=table.triple("mean"),
        std=table.triple("std"),
        resize=table.choice("resize", get_args(Resize)),
    )
    if spec.crop > spec.resize_short_side:
        raise table.invalid("crop must not be larger than size")
    if spec.dtype == "uint8" and (spec.mean or spec.std):
        raise table.invalid("mean and std need floats; a graph that takes uint8 normalises by itself")
    if spec.std and not all(value > 0 for value in spec.std):
        raise table.invalid("std must be above zero")
    return ImageTowerSpec(_files(table), spec, table.text("output"))


def _text(table: Table) -> TextTowerSpec:
    files = _files(table)
    tokenizer = table.file_name("tokenizer")
    if tokenizer not in dict(files.sha256):
        raise table.invalid(f"{tokenizer!r} is not among its files")
    return TextTowerSpec(
        files,
        tokenizer,
        output=table.text("output"),
        context_length=table.number("context_length", 1, MAX_CONTEXT),
        pad_id=table.number("pad_id", 0, _MAX_TOKEN),
        padding=table.choice("padding", get_args(Padding)),
        mask=table.choice("mask", get_args(Mask)),
        cleaning=table.choice("cleaning", get_args(Cleaning)),
    )


def _files(table: Table) -> TowerFiles:
    graph = table.file_name("graph")
    digests = table.digests("files", _MAX_FILES)
    if graph not in dict(digests):
        raise table.invalid(f"{graph!r} is not among its files")
    return TowerFiles(graph, digests)
