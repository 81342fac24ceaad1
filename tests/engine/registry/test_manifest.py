"""A manifest is read as written, or refused with the key that is wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import tomli_w

from engine.errors import ErrorCode, ModelError
from engine.registry.manifest import read_manifest

MODELS = Path(__file__).parents[3] / "models"
LABELS = MODELS / "labels"


def written(folder: Path, changes: dict[str, object]) -> Path:
    """The default model's manifest with keys changed (``table.key``) or removed (None)."""
    table = tomllib.loads((MODELS / "efficientnet-lite0.toml").read_text("utf-8"))
    for place, value in changes.items():
        part, _, key = place.partition(".")
        if value is None:
            del (table[part] if key else table)[key or part]
        else:
            (table.setdefault(part, {}) if key else table)[key or part] = value
    path = folder / "manifest.toml"
    path.write_text(tomli_w.dumps(table), "utf-8")
    return path


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.toml")), ids=lambda p: p.stem)
def test_shipped_manifests_are_good(path: Path) -> None:
    manifest = read_manifest(path, labels_dir=LABELS)
    assert manifest.name == path.stem
    assert manifest.licence == "Apache-2.0"


def test_default_model_is_as_documented() -> None:
    manifest = read_manifest(MODELS / "efficientnet-lite0.toml", labels_dir=LABELS)
    assert manifest.ref == "efficientnet-lite0@1"
    assert (manifest.input.layout, manifest.input.dtype, manifest.input.crop) == ("NHWC", "uint8", 224)
    assert (manifest.input.resize_short_side, manifest.input.interpolation) == (256, "bicubic")
    assert manifest.output.embedding_dim == 1280
    assert len(manifest.labels) == 1000
    assert manifest.labels[0] == "tench, Tinca tinca"
    assert manifest.labels[281] == "tabby, tabby cat"
    assert manifest.labels[999] == "toilet tissue, toilet paper, bathroom tissue"


def test_optional_keys(tmp_path: Path) -> None:
    changes = {
        "model.builder": None,
        "output.embedding": None,
        "output.embedding_dim": None,
        "input.dtype": "float32",
        "input.mean": [123, 116.5, 103],
        "input.std": [58, 57, 57.5],
    }
    manifest = read_manifest(written(tmp_path, changes), labels_dir=LABELS)
    assert manifest.builder is None
    assert (manifest.output.embedding, manifest.output.embedding_dim) == (None, 0)
    assert manifest.input.mean == (123.0, 116.5, 103.0)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"model": None}, r"\[model\] is missing"),
        ({"input": 3}, r"\[input\] is missing"),
        ({"extra": 1}, "'extra'"),
        ({"model.colour": "red"}, "'colour'"),
        ({"model.name": None}, "name"),
        ({"model.name": ""}, "name"),
        ({"model.name": "../evil"}, "name"),
        ({"model.name": "Upper"}, "name"),
        ({"model.name": "a@b"}, "name"),
        ({"model.name": "dot."}, "name"),
        ({"model.version": 1}, "version"),
        ({"model.version": ".."}, "version"),
        ({"model.title": "two\nlines"}, "title"),
        ({"model.task": "detection"}, "task must be one of classification"),
        ({"model.format": ["onnx"]}, "format"),
        ({"model.sha256": "abc"}, "sha256"),
        ({"model.sha256": ""}, "sha256"),
        ({"model.builder": 7}, "builder"),
        ({"model.file": "../../secret"}, "plain file name"),
        ({"model.file": "/etc/passwd"}, "plain file name"),
        ({"model.file": "C:model"}, "plain file name"),
        ({"model.file": "a\\b"}, "plain file name"),
        ({"model.file": ".."}, "plain file name"),
        ({"model.labels": "../labels/imagenet1k.txt"}, "plain file name"),
        ({"model.labels": "nowhere.txt"}, "nowhere.txt is missing"),
        ({"input.layout": "HWC"}, "layout"),
        ({"input.dtype": "int8"}, "dtype"),
        ({"input.crop": 0}, "crop"),
        ({"input.crop": True}, "crop"),
        ({"input.crop": 224.0}, "crop"),
        ({"input.crop": 257}, "crop must not be larger"),
        ({"input.resize_short_side": 100_000}, "resize_short_side"),
        ({"input.interpolation": "nearest"}, "interpolation"),
        ({"input.mean": [1, 2, 3]}, "float32"),
        ({"input.dtype": "float32", "input.mean": [1, 2]}, "mean must be three numbers"),
        ({"input.dtype": "float32", "input.mean": [1, 2, float("nan")]}, "mean"),
        ({"input.dtype": "float32", "input.mean": "1,2,3"}, "mean"),
        ({"input.dtype": "float32", "input.std": [1, 0, 1]}, "std must be above zero"),
        ({"output.scores": None}, "scores"),
        ({"output.scores_are": "percent"}, "scores_are"),
        ({"output.embedding": 5}, "embedding"),
        ({"output.embedding_dim": -1}, "embedding_dim"),
        ({"output.embedding_dim": None}, "embedding_dim"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, object], key: str) -> None:
    path = written(tmp_path, changes)
    with pytest.raises(ModelError, match=key) as caught:
        read_manifest(path, labels_dir=LABELS)
    assert caught.value.code is ErrorCode.MODEL_INVALID
    assert str(path) in caught.value.message
    assert caught.value.way_out


@pytest.mark.parametrize(
    "data", [b"", b"[model", b"\xff\xfe", b"[model]\nname = 1", b"x = 1\n" * 20_000, b"a." * 8_000 + b"b = 1"]
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "manifest.toml"
    path.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        read_manifest(path, labels_dir=LABELS)
    assert caught.value.code is ErrorCode.MODEL_INVALID


def test_labels_lie_beside_the_manifest_first(tmp_path: Path) -> None:
    path = written(tmp_path, {"model.labels": "fake.txt"})
    (tmp_path / "fake.txt").write_bytes("\ufeffKatze\r\nHund, der\r\n\r\n".encode())
    assert read_manifest(path, labels_dir=LABELS).labels == ("Katze", "Hund, der")


@pytest.mark.parametrize("text", [b"", b"\n\n", b"a\n\nb\n", b"a\n \nb", b"\xff\n"])
def test_bad_labels_are_refused(tmp_path: Path, text: bytes) -> None:
    path = written(tmp_path, {"model.labels": "mine.txt"})
    (tmp_path / "mine.txt").write_bytes(text)
    with pytest.raises(ModelError, match=r"mine\.txt"):
        read_manifest(path, labels_dir=LABELS)
