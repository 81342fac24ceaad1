"""Published layouts are taken in without any change to them, and what is no pair is refused with the reason."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from engine.errors import ErrorCode
from engine.registry.catalogue import Registry
from engine.registry.pairs import MANIFEST
from engine.towers import installing
from engine.towers.installing import Stopped, install_pair
from engine.towers.text import TextTower
from tests.engine.towers import made_towers as towers
from tests.engine.towers import published
from tests.engine.towers.made_tokenizers import END, clip_tokenizer
from tests.engine.towers.published import failure, installed

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")


def test_transformers_js(tmp_path: Path) -> None:
    pair = installed(published.transformers_js(tmp_path / "clip-vit-base-patch32"), tmp_path)
    manifest = pair.manifest
    assert manifest.name == manifest.title == "clip-vit-base-patch32" and manifest.dim == towers.DIM
    assert manifest.assumed == ()
    assert (manifest.image.output, manifest.text.output) == ("image_embeds", "text_embeds")
    spec = manifest.image.input
    assert (spec.name, spec.layout, spec.dtype) == ("pixel_values", "NCHW", "float32")
    assert (spec.resize_short_side, spec.crop, spec.resize, spec.interpolation) == (224, 224, "shortest", "bicubic")
    assert spec.mean == pytest.approx([255 * v for v in published.CLIP_MEAN])
    assert spec.std == pytest.approx([255 * v for v in published.CLIP_STD])
    text = manifest.text
    assert (text.tokenizer, text.context_length, text.padding, text.mask) == ("tokenizer.json", 77, "shortest", "padding")
    assert text.pad_id == clip_tokenizer().token_to_id(END)
    assert published.finds_colours(pair)


def test_fastembed(tmp_path: Path) -> None:
    folder = published.fastembed(tmp_path / "qdrant")
    pair = installed(folder, tmp_path)
    assert {file.name for file in pair.folder.rglob("*") if file.is_file()} == {MANIFEST, "model.onnx", "tokenizer.json"}
    assert pair.manifest.name == "qdrant" and published.finds_colours(pair)
    error = failure(lambda: installed(folder / "clip-ViT-B-32-text", tmp_path))
    assert error.code is ErrorCode.MODEL_NOT_FOUND and "one tower" in error.message and "folder above" in error.way_out


@pytest.mark.parametrize("takes_bytes", [False, True])
def test_immich(tmp_path: Path, takes_bytes: bool) -> None:
    pair = installed(published.immich(tmp_path / "ViT-B-32__openai", takes_bytes=takes_bytes), tmp_path)
    spec = pair.manifest.image.input
    assert (spec.layout, spec.dtype) == (("NHWC", "uint8") if takes_bytes else ("NCHW", "float32"))
    assert (spec.mean is None) == takes_bytes
    assert pair.manifest.name == "vit-b-32__openai"
    assert (pair.manifest.text.context_length, pair.manifest.text.padding) == (77, "context")
    assert published.finds_colours(pair)


def test_siglip(tmp_path: Path) -> None:
    pair = installed(published.siglip(tmp_path / "siglip"), tmp_path)
    text, spec = pair.manifest.text, pair.manifest.image.input
    # Filling is read: with another token, or with none, the vectors would be others.
    assert (text.padding, text.context_length, text.pad_id, text.mask) == ("context", 64, 1, "ones")
    assert (text.output, text.cleaning) == ("pooler_output", "canonical")
    assert spec.resize == "squash" and spec.mean == spec.std == (127.5, 127.5, 127.5)
    tower = TextTower(pair)
    assert np.array_equal(tower.embed(["A red car!"]), tower.embed(["a red car"]))
    assert published.finds_colours(pair)


def test_a_multilingual_text_tower(tmp_path: Path) -> None:
    pair = installed(published.multilingual(tmp_path / "xlm-roberta-vit"), tmp_path)
    assert (pair.manifest.text.pad_id, pair.manifest.text.mask) == (1, "padding")
    assert published.finds_colours(pair)


def test_added_twice_is_one(tmp_path: Path) -> None:
    folder = published.transformers_js(tmp_path / "clip")
    first = installed(folder, tmp_path)
    assert installed(folder, tmp_path) == first
    assert [manifest.ref for manifest in Registry(tmp_path / "models").pairs()] == [first.manifest.ref]
    # What has been damaged since is replaced.
    first.image_graph.unlink()
    first.image_graph.write_bytes(b"damaged")
    assert installed(folder, tmp_path) == first
    assert published.finds_colours(Registry(tmp_path / "models").pair(first.manifest.ref))
    (first.folder / MANIFEST).write_text("no toml", encoding="utf-8")
    assert installed(folder, tmp_path) == first


def test_added_again_is_the_one_that_was_added_last(tmp_path: Path) -> None:
    folder = published.transformers_js(tmp_path / "clip")
    first, second = installed(folder, tmp_path), installed(published.immich(tmp_path / "immich"), tmp_path)
    for pair, added_s in ((first, 1000), (second, 2000)):
        os.utime(pair.folder / MANIFEST, (added_s, added_s))
    registry = Registry(tmp_path / "models")
    assert registry.pairs()[-1] == second.manifest
    assert installed(folder, tmp_path) == first
    assert registry.pairs()[-1] == first.manifest


def test_a_manifest_of_ours_is_taken_as_it_is(tmp_path: Path) -> None:
    pair = installed(published.immich(tmp_path / "immich"), tmp_path)
    for given in (pair.folder, pair.folder / MANIFEST):
        again = install_pair(given, tmp_path / "others")
        assert again.manifest == pair.manifest and published.finds_colours(again)
    text = (pair.folder / MANIFEST).read_text("utf-8")
    (pair.folder / MANIFEST).write_text(text.replace('title = "immich"', 'title = "Another"'), "utf-8")
    assert install_pair(pair.folder, tmp_path / "others").manifest.title == pair.manifest.title
    (pair.folder / MANIFEST).write_text(text.replace('mask = "padding"', 'mask = "ones"'), "utf-8")
    error = failure(lambda: install_pair(pair.folder, tmp_path / "others"))
    assert error.code is ErrorCode.MODEL_INVALID and "already" in error.message
    digest = dict(pair.manifest.image.files.sha256)["model.onnx"]
    (pair.folder / MANIFEST).write_text(text.replace(digest, digest[::-1]), "utf-8")
    assert failure(lambda: install_pair(pair.folder, tmp_path / "third")).code is ErrorCode.MODEL_DAMAGED


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", no_links)
    folder = published.transformers_js(tmp_path / "clip")
    pair = installed(folder, tmp_path)
    assert not os.path.samefile(pair.image_graph, folder / "onnx" / "vision_model.onnx")
    assert published.finds_colours(Registry(tmp_path / "models").pair(pair.manifest.ref))


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    folder = published.transformers_js(tmp_path / "clip")
    monkeypatch.setattr(installing, "pair_toml", lambda _manifest: full(folder))
    error = failure(lambda: installed(folder, tmp_path))
    assert error.code is ErrorCode.DISK_FULL and "models_dir" in error.way_out
    assert list((tmp_path / "models").iterdir()) == []


def test_stopped_halfway(tmp_path: Path) -> None:
    folder = published.transformers_js(tmp_path / "clip")
    asked: list[None] = []

    def stopped() -> bool:
        asked.append(None)
        return len(asked) > 3

    with pytest.raises(Stopped):
        install_pair(folder, tmp_path / "models", stopped=stopped)
    assert list((tmp_path / "models").iterdir()) == []


def test_what_a_killed_process_left_goes_after_an_hour(tmp_path: Path) -> None:
    old, new = tmp_path / "models" / ".adding-old", tmp_path / "models" / ".adding-new"
    for left in (old, new):
        (left / "image").mkdir(parents=True)
    os.utime(old, (time.time() - 7200,) * 2)
    install_pair(published.transformers_js(tmp_path / "clip"), tmp_path / "models")
    assert not old.exists() and new.exists()
    assert Registry(tmp_path / "models").pairs() != ()


def _without(*names: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def _graph(name: str, model: Any) -> Callable[[Path], None]:
    return lambda folder: onnx.save(model, str(folder / "onnx" / f"{name}.onnx"))


def _json(name: str, **values: Any) -> Callable[[Path], None]:
    return lambda folder: published.said(folder / name, values)


CHANGES: dict[str, tuple[Callable[[Path], None], ErrorCode, str]] = {
    "no tokenizer": (_without("tokenizer.json", "vocab.json"), ErrorCode.MODEL_NOT_FOUND, "no tokenizer"),
    "no graph": (_without("onnx/text_model.onnx", "onnx/vision_model.onnx"), ErrorCode.MODEL_NOT_FOUND, "no ONNX file"),
    "no text tower": (_without("onnx/text_model.onnx"), ErrorCode.MODEL_NOT_FOUND, "no file for words"),
    "no image tower": (_without("onnx/vision_model.onnx"), ErrorCode.MODEL_NOT_FOUND, "no file for pictures"),
    "other dimensions": (
        _graph("text_model", towers.text_tower(clip_tokenizer(), dim=12)),
        ErrorCode.MODEL_INVALID,
        "gives 16 numbers and its text tower 12",
    ),
    "unprojected": (
        _graph("text_model", towers.text_tower(clip_tokenizer(), output="pooler_output")),
        ErrorCode.MODEL_INVALID,
        "without its projection",
    ),
    "unknown input": (
        _graph("text_model", towers.text_tower(clip_tokenizer(), more=["temperature"])),
        ErrorCode.MODEL_INVALID,
        "'temperature'",
    ),
    "another size": (
        _graph("vision_model", towers.image_tower(side=336)),
        ErrorCode.MODEL_INVALID,
        "224 pixels wide",
    ),
    "towers exchanged": (
        lambda folder: (folder / "onnx" / "vision_model.onnx").rename(folder / "onnx" / "text_model.onnx")
        and _graph("vision_model", towers.text_tower(clip_tokenizer()))(folder),
        ErrorCode.MODEL_INVALID,
        "pictures alone",
    ),
    "damaged graph": (
        lambda folder: (folder / "onnx" / "vision_model.onnx").write_bytes(b"\x08\x08version https://git-lfs\xff" * 9),
        ErrorCode.MODEL_INVALID,
        "no ONNX file, or a damaged one",
    ),
    "large file pointer": (
        lambda folder: (folder / "onnx" / "vision_model.onnx").write_text("version https://git-lfs.github.com/spec/v1"),
        ErrorCode.MODEL_INVALID,
        "no ONNX file, or a damaged one",
    ),
    "damaged tokenizer": (
        lambda folder: (folder / "tokenizer.json").write_text('{"version": "1.0", "model": {"type": "Spell"}}'),
        ErrorCode.MODEL_INVALID,
        "cannot be read",
    ),
    "damaged configuration": (
        lambda folder: (folder / "preprocessor_config.json").write_text("[" * 100_000),
        ErrorCode.MODEL_INVALID,
        "preprocessor_config.json cannot be read",
    ),
    "nearest neighbour": (
        _json("preprocessor_config.json", **{**published.PREPROCESSOR, "resample": 0}),
        ErrorCode.MODEL_INVALID,
        "resample 0",
    ),
    "letterbox": (
        _json("preprocessor_config.json", size=224, mean=[0, 0, 0], std=[1, 1, 1], resize_mode="longest"),
        ErrorCode.MODEL_INVALID,
        "'longest'",
    ),
    "no spread": (
        _json("preprocessor_config.json", **{**published.PREPROCESSOR, "image_std": [0, 1, 1]}),
        ErrorCode.MODEL_INVALID,
        "not above zero",
    ),
    "two models": (
        lambda folder: shutil.copytree(folder / "onnx", folder / "older") and None,
        ErrorCode.MODEL_INVALID,
        "several files",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_no_pair_is_refused_with_the_reason(tmp_path: Path, what: str) -> None:
    change, code, reason = CHANGES[what]
    folder = published.transformers_js(tmp_path / "clip")
    change(folder)
    error = failure(lambda: installed(folder, tmp_path))
    assert (error.code, reason in error.message) == (code, True), str(error)
    assert list((tmp_path / "models").iterdir()) == []


