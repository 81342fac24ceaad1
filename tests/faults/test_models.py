"""A model's file that is damaged, missing or cannot be saved: built again, or named; the jobs wait for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import JobError
from engine.events import Event, ModelStateChanged
from engine.pipeline import attempts
from engine.registry.catalogue import Registry
from engine.service import Engine
from engine.settings import load
from tests.faults.conftest import Mounts, until
from tests.images import folder_of

_SHIPPED = Path(__file__).resolve().parents[2] / "models"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default model's file."""
    return Registry(tmp_path_factory.mktemp("models")).ensure("efficientnet-lite0", lambda *_: None).path


@pytest.fixture
def engines() -> Iterator[list[Engine]]:
    """Engines that are closed at the end."""
    running: list[Engine] = []
    yield running
    for engine in running:
        engine.close()


def started(
    engines: list[Engine], told: list[Event], registry: Registry | None = None, **settings: object
) -> Engine:
    engine = Engine(load({"cpu_threads": 1, "device": "cpu", **settings}), registry=registry)
    engine.events.subscribe(told.append)
    engines.append(engine)
    engine.start()
    return engine


def own_model(models: Path, content: bytes) -> Path:
    """Install a model of the person's own: nothing here can build it."""
    folder = models / "mine" / "1"
    folder.mkdir(parents=True)
    manifest = (_SHIPPED / "efficientnet-lite0.toml").read_text("utf-8").replace('"efficientnet-lite0"', '"mine"', 1)
    (folder / "manifest.toml").write_text(manifest.replace('builder = "efficientnet-lite0"\n', ""), "utf-8")
    (folder / "model.onnx").write_bytes(content)
    return folder / "model.onnx"


def damaged(data: bytes) -> bytes:
    """One bit, in the middle of the weights."""
    copy = bytearray(data)
    copy[len(copy) // 2] ^= 1
    return bytes(copy)


def test_damaged_default_model_is_built_again(built: Path, engines: list[Engine], tmp_path: Path) -> None:
    file = tmp_path / "models" / "efficientnet-lite0" / "1" / "model.onnx"
    file.parent.mkdir(parents=True)
    file.write_bytes(damaged(built.read_bytes()))
    told: list[Event] = []
    engine = started(engines, told, models_dir=tmp_path / "models")
    job = engine.wait(engine.submit([str(folder_of(tmp_path / "photos", 3))]), 60)
    assert (job.state, job.n_done) == ("done", 3)
    assert file.read_bytes() == built.read_bytes()
    said = [event.state.message for event in told if isinstance(event, ModelStateChanged)]
    assert any(str(file) in message and "damaged" in message for message in said)


def test_damaged_model_that_nothing_can_build_is_named(built: Path, engines: list[Engine], tmp_path: Path) -> None:
    models = tmp_path / "models"
    file = own_model(models, damaged(built.read_bytes()))
    told: list[Event] = []
    engine = started(engines, told, models_dir=models, model="mine")
    folder = folder_of(tmp_path / "photos", 3)
    job_id = engine.submit([str(folder)])
    until(lambda: engine.model_state().phase == "failed")
    with pytest.raises(JobError) as caught:
        engine.wait(job_id, 20)
    assert str(file) in str(caught.value) and "damaged" in str(caught.value)
    assert [event.code for event in told if type(event).__name__ == "EngineFailed"] == ["MODEL_DAMAGED"]
    engines.remove(engine)
    engine.close()
    file.write_bytes(built.read_bytes())
    again = started(engines, told, models_dir=models, model="mine")
    until(lambda: again.wait(job_id, 0).state == "done")
    assert again.wait(job_id, 0).n_done == 3


def test_damaged_model_that_is_mended_is_used_without_a_restart(
    built: Path, engines: list[Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "_FIRST_REST_S", 0.05)
    file = own_model(tmp_path / "models", damaged(built.read_bytes()))
    told: list[Event] = []
    engine = started(engines, told, models_dir=tmp_path / "models", model="mine")
    until(lambda: engine.model_state().phase == "failed")
    job_id = engine.submit([str(folder_of(tmp_path / "photos", 3))])
    time.sleep(0.5)
    assert engine.model_state().phase == "failed"
    assert [event.code for event in told if type(event).__name__ == "EngineFailed"] == ["MODEL_DAMAGED"], "said once"
    file.write_bytes(built.read_bytes())
    until(lambda: engine.model_state().phase == "ready")
    job = engine.wait(job_id, 30)
    assert (job.state, job.n_done) == ("done", 3)
    phases = [event.state.phase for event in told if isinstance(event, ModelStateChanged)]
    assert phases[phases.index("failed") :] == ["failed", "ready"], "what is tried meanwhile is not shown"


def test_model_damaged_while_it_runs_and_mended_is_used_without_a_restart(
    built: Path, engines: list[Engine], tmp_path: Path
) -> None:
    """A running engine has read its model whole; one that is opened meanwhile in this process is refused, and one after is not."""
    models = tmp_path / "models"
    file = own_model(models, built.read_bytes())
    told: list[Event] = []
    registry = Registry(models)
    engine = started(engines, told, registry, models_dir=models, model="mine")
    until(lambda: engine.model_state().phase == "ready")
    with file.open("r+b") as opened:  # the very file, not another one under its name
        opened.write(damaged(built.read_bytes()))
    job = engine.wait(engine.submit([str(folder_of(tmp_path / "photos", 3))]), 60)
    assert (job.state, job.n_done, job.n_failed) == ("done", 3, 0)
    second = started(engines, told, registry, models_dir=models, model="mine")
    until(lambda: second.model_state().phase == "failed")
    with file.open("r+b") as opened:
        opened.write(built.read_bytes())
    third = started(engines, told, registry, models_dir=models, model="mine")
    job = third.wait(third.submit([str(folder_of(tmp_path / "more", 3, seed=500))]), 60)
    assert (job.state, job.n_done, job.n_failed) == ("done", 3, 0)


@pytest.mark.parametrize("fault", ["PERMISSION_DENIED", "DISK_FULL"])
def test_model_that_cannot_be_saved_is_named(
    fault: str, mounts: Mounts, engines: list[Engine], tmp_path: Path
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    if fault == "DISK_FULL":
        mounts.small_disk(models, 512)
    else:
        mounts.write_protect(models)
    told: list[Event] = []
    engine = started(engines, told, models_dir=models)
    job_id = engine.submit([str(folder_of(tmp_path / "photos", 3))])
    until(lambda: engine.model_state().phase == "failed")
    assert str(models) in engine.model_state().message
    assert [event.code for event in told if type(event).__name__ == "EngineFailed"] == [fault]
    mounts.pull(models)
    until(lambda: engine.model_state().phase == "ready")
    assert engine.wait(job_id, 30).state == "done"
