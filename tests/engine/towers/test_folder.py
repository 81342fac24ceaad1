"""Which files of a folder are the towers, and which belong to them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from engine.errors import ErrorCode
from engine.towers.folder import Folder
from engine.towers.installing import install_pair
from tests.engine.towers import published
from tests.engine.towers.published import failure, installed

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")


def files(folder: Path, *names: str) -> Folder:
    """A folder with empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return Folder(folder)


@pytest.mark.parametrize(
    ("image", "text"),
    [
        ("onnx/vision_model.onnx", "onnx/text_model.onnx"),
        ("visual/model.onnx", "textual/model.onnx"),
        ("clip-ViT-B-32-vision/model.onnx", "clip-ViT-B-32-text/model.onnx"),
        ("clip-vit-base-patch32-visual.onnx", "clip-vit-base-patch32-textual.onnx"),
        ("vit-b-16.img.fp16.onnx", "vit-b-16.txt.fp16.onnx"),
        ("siglip_vision_encoder.onnx", "siglip_text_encoder.onnx"),
        ("image_encoder/model.onnx", "text_encoder/model.onnx"),
        ("image/model.onnx", "text/model.onnx"),
        ("models--Q--clip-vision/snapshots/1f/model.onnx", "models--Q--clip-text/snapshots/2e/model.onnx"),
        ("image-text-search/vision_model_quantized.onnx", "image-text-search/text_model_int8.onnx"),
    ],
)
def test_towers_are_told_by_their_names(tmp_path: Path, image: str, text: str) -> None:
    found = files(tmp_path, image, text, "onnx/model.onnx", ".cache/text_model.onnx", "blobs/vision.onnx").towers()
    assert (found.image, found.text) == (tmp_path / image, tmp_path / text)
    assert not found.is_one_file


def test_what_belongs_to_a_tower_is_the_nearest(tmp_path: Path) -> None:
    folder = files(tmp_path, "text/onnx/model.onnx", "text/a.json", "a.json", "other/b.json", "x/c.json", "y/c.json")
    graph = tmp_path / "text" / "onnx" / "model.onnx"
    assert folder.beside(graph, "none.json", "a.json") == tmp_path / "text" / "a.json"
    assert folder.beside(graph, "b.json") == tmp_path / "other" / "b.json"
    # Of two elsewhere there is no telling.
    assert folder.beside(graph, "c.json") is None


def test_two_files_whose_names_say_nothing(tmp_path: Path) -> None:
    error = failure(lambda: files(tmp_path, "a.onnx", "b.onnx").towers())
    assert error.code is ErrorCode.MODEL_INVALID and "a.onnx, b.onnx" in error.message and "names" in error.way_out


def test_too_much_for_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.towers.folder._MAX_ENTRIES", 3)
    assert "too many" in failure(lambda: files(tmp_path, "a", "b", "c", "d")).message


def test_files_are_bounded_and_regular(tmp_path: Path) -> None:
    folder = files(tmp_path, "a.json", "sub/b")
    (tmp_path / "a.json").write_bytes(b" " * 1000)
    assert folder.checked(tmp_path / "a.json", 1000) == (tmp_path / "a.json").resolve()
    assert "more than any such file" in failure(lambda: folder.checked(tmp_path / "a.json", 999)).message
    assert "is not a file" in failure(lambda: folder.checked(tmp_path / "sub", 999)).message
    assert "missing" in failure(lambda: folder.checked(tmp_path / "c", 999)).message
    assert "not in it" in failure(lambda: folder.checked(tmp_path.parent, 999)).message
    assert "not a JSON object" in failure(lambda: files(tmp_path, "d").read_json(_with(tmp_path / "d", "[1]"))).message


def _with(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_of_several_precisions_the_exact_one_that_both_have(tmp_path: Path) -> None:
    graphs = published.transformers_js(tmp_path / "clip") / "onnx"
    for name in ("text_model", "vision_model"):
        for precision in ("fp16", "quantized", "q4", "uint8"):
            shutil.copy(graphs / f"{name}.onnx", graphs / f"{name}_{precision}.onnx")
    shutil.copy(graphs / "text_model.onnx", graphs / "model.onnx")  # holds both where it is published
    pair = installed(tmp_path / "clip", tmp_path)
    assert pair.manifest.image.files.graph == "vision_model.onnx"
    (graphs / "vision_model.onnx").unlink()
    pair = installed(tmp_path / "clip", tmp_path, name="quick")
    assert (pair.image_graph.name, pair.text_graph.name) == ("vision_model_quantized.onnx", "text_model_quantized.onnx")


@needs_links
def test_links_out_of_the_folder_are_refused_and_those_of_a_hub_cache_followed(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "models--openai--clip"
    snapshot = repository / "snapshots" / "5f3a"
    published.transformers_js(snapshot)
    blobs = repository / "blobs"
    blobs.mkdir()
    for number, file in enumerate(sorted(file for file in snapshot.rglob("*") if file.is_file())):
        shutil.move(file, blobs / f"{number:x}")
        file.symlink_to(os.path.relpath(blobs / f"{number:x}", file.parent))
    pair = installed(snapshot, tmp_path)
    assert not pair.image_graph.is_symlink() and published.finds_colours(pair)
    elsewhere = tmp_path / "vision.onnx"
    shutil.copy(pair.image_graph, elsewhere)
    (snapshot / "onnx" / "vision_model.onnx").unlink()
    (snapshot / "onnx" / "vision_model.onnx").symlink_to(elsewhere)
    error = failure(lambda: installed(snapshot, tmp_path))
    assert error.code is ErrorCode.MODEL_INVALID and "leads out of the folder" in error.message


def test_no_folder(tmp_path: Path) -> None:
    assert failure(lambda: install_pair(tmp_path / "nowhere", tmp_path / "models")).code is ErrorCode.MODEL_NOT_FOUND
