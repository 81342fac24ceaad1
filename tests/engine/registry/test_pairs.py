"""Manifests of pairs, and what the models folder holds of them."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from engine.errors import ErrorCode, ModelError
from engine.registry.catalogue import Registry
from engine.registry.pairs import MANIFEST, pair_toml, read_pair
from engine.schemas.model import InputSpec
from engine.schemas.tower import ImageTowerSpec, PairManifest, TextTowerSpec, TowerFiles
from tests.engine.towers import published
from tests.engine.towers.published import failure, installed

DIGEST = "0" * 64
PAIR = PairManifest(
    "clip",
    "1",
    "A CLIP",
    "MIT",
    512,
    ImageTowerSpec(
        TowerFiles("model.onnx", (("model.onnx", DIGEST), ("model.onnx_data", DIGEST))),
        InputSpec("pixel_values", "NCHW", "float16", 256, 224, "bicubic", (1.0, 2.0, 3.0), (4.0, 5.0, 6.0)),
        "image_embeds",
    ),
    TextTowerSpec(
        TowerFiles("model.onnx", (("model.onnx", DIGEST), ("tokenizer.json", DIGEST))),
        "tokenizer.json",
        "text_embeds",
        77,
        1,
        "shortest",
        "padding",
        "lower",
    ),
    ("Something was taken to be as usual.",),
)


def written(folder: Path, changes: dict[str, Any]) -> Path:
    """The manifest above with keys changed (``table.key``) or removed (None)."""
    table = tomllib.loads(pair_toml(PAIR))
    for place, value in changes.items():
        part, _, key = place.partition(".")
        if value is None:
            del table[part][key]
        else:
            table[part][key] = value
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).write_text(tomli_w.dumps(table), "utf-8")
    return folder / MANIFEST


def test_read_as_written(tmp_path: Path) -> None:
    assert read_pair(written(tmp_path, {})) == PAIR
    bare = read_pair(written(tmp_path, {"image.dtype": "uint8", "image.mean": None, "image.std": None}))
    assert (bare.image.input.mean, bare.image.input.std) == (None, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"pair.name": "../x"},
        {"pair.dim": 0},
        {"pair.dim": None},
        {"pair.assumed": "one"},
        {"pair.assumed": ["two\nlines"]},
        {"pair.colour": "red"},
        {"image.graph": "other.onnx"},
        {"image.graph": "../model.onnx"},
        {"image.files": {}},
        {"image.files": {"model.onnx": "short"}},
        {"image.files": {"model.onnx": DIGEST, "../x": DIGEST}},
        {"image.files": {"model.onnx": DIGEST, "a/b": DIGEST}},
        {"image.crop": 300},
        {"image.resize": "stretch"},
        {"image.dtype": "uint8"},
        {"image.std": [0, 1, 1]},
        {"text.tokenizer": "vocab.json"},
        {"text.context_length": 513},
        {"text.pad_id": -1},
        {"text.padding": "some"},
    ],
)
def test_what_is_wrong_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ModelError) as caught:
        read_pair(written(tmp_path, changes))
    assert caught.value.code is ErrorCode.MODEL_INVALID and str(tmp_path) in caught.value.message


def test_a_space_is_what_decides_a_picture() -> None:
    import dataclasses

    other_words = dataclasses.replace(PAIR, text=dataclasses.replace(PAIR.text, context_length=64), version="2")
    assert other_words.space_sha256 == PAIR.space_sha256
    squashed = dataclasses.replace(PAIR.image, input=dataclasses.replace(PAIR.image.input, resize="squash"))
    assert dataclasses.replace(PAIR, image=squashed).space_sha256 != PAIR.space_sha256


def test_the_registry_lists_pairs_beside_models(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    models = tmp_path / "models"
    registry = Registry(models)
    assert registry.pairs() == ()
    assert "from a folder" in failure(lambda: registry.pair("clip@1")).way_out
    for version in ("1.10", "1.9"):
        os.utime(written(models / "clip" / version, {"pair.version": version}), (1000, 1000))
    written(models / "clip" / "3", {"pair.version": "4"})
    written(models / ".adding-x" / "1", {})
    assert [pair.ref for pair in registry.pairs()] == ["clip@1.9", "clip@1.10"]
    assert "another model" in caplog.text
    assert failure(lambda: registry.pair("clip@3")).code is ErrorCode.MODEL_INVALID
    assert "clip@1.10" in failure(lambda: registry.pair("clip@2")).way_out
    assert failure(lambda: registry.pair("clip@1.9")).code is ErrorCode.MODEL_NOT_FOUND  # it has no files
    # They are no classifiers.
    assert all(manifest.name != "clip" for manifest in registry.list())


def test_the_pair_that_was_added_last_is_the_last(tmp_path: Path) -> None:
    models = tmp_path / "models"
    registry = Registry(models)
    for added_s, (name, version) in enumerate((("siglip", "2"), ("clip", "10"), ("clip", "9")), 1000):
        path = written(models / name / version, {"pair.name": name, "pair.version": version})
        os.utime(path, (added_s, added_s))
    assert [pair.ref for pair in registry.pairs()] == ["siglip@2", "clip@10", "clip@9"]
    os.utime(models / "siglip" / "2" / MANIFEST, (2000, 2000))
    assert registry.pairs()[-1].ref == "siglip@2"


def test_files_are_verified(tmp_path: Path) -> None:
    pair = installed(published.transformers_js(tmp_path / "clip"), tmp_path)
    registry = Registry(tmp_path / "models")
    assert registry.pair(pair.manifest.ref) == pair
    data = pair.tokenizer.read_bytes()
    pair.tokenizer.unlink()
    pair.tokenizer.write_bytes(data[:-1] + b" ")
    error = failure(lambda: registry.pair(pair.manifest.ref))
    assert error.code is ErrorCode.MODEL_DAMAGED and "tokenizer.json" in error.message
    pair.tokenizer.unlink()
    (tmp_path / "elsewhere.json").write_bytes(data)
    pair.tokenizer.symlink_to(tmp_path / "elsewhere.json")
    assert "leads out" in failure(lambda: registry.pair(pair.manifest.ref)).message


def test_the_manifest_reads_as_it_was_written(tmp_path: Path) -> None:
    pair = installed(published.siglip(tmp_path / "siglip"), tmp_path)
    assert read_pair(pair.folder / MANIFEST) == pair.manifest
