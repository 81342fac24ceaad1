"""A model never overwrites a person's label: not the same one again, not another version, not for another person."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.errors import ErrorCode
from engine.schemas.library import Detail, Label
from engine.service import Engine
from engine.settings import load
from tests.images import encoded, folder_of, picture

MODELS = Path(__file__).resolve().parents[2] / "models"
N_PICTURES = 6


@contextmanager
def started(**settings: str) -> Iterator[Engine]:
    engine = Engine(load({"model": "fake", "user_name": "Ann", **settings}))
    engine.start()
    try:
        yield engine
    finally:
        engine.close()


def details(engine: Engine) -> list[Detail]:
    """The pictures as they are shown, with the answers of the engine's model first."""
    view = engine.view()
    try:
        found = [view.detail(content_id, engine.model_ref) for content_id in range(1, N_PICTURES + 1)]
    finally:
        view.close()
    return [detail for detail in found if detail is not None]


def labels(engine: Engine) -> list[Label | None]:
    return [detail.label for detail in details(engine)]


def first_classes(engine: Engine) -> list[str]:
    """What the engine's model says of each picture."""
    for detail in details(engine):
        assert detail.predictions[0].model_ref == engine.model_ref
    return [detail.predictions[0].top[0].class_name for detail in details(engine)]


def take(engine: Engine, folder: Path) -> None:
    job = engine.wait(engine.submit([str(folder)]), 30)
    assert job.state == "done"


@pytest.fixture
def labelled(home: Path, tmp_path: Path) -> tuple[Path, list[Label | None]]:
    """A folder in a library, each picture labelled by Ann in another way, and the labels; the last one has none."""
    folder = folder_of(tmp_path / "photos", N_PICTURES)
    with started() as engine:
        take(engine, folder)
        engine.accept([1])
        engine.accept([2], 3)
        engine.reject([3])
        engine.label([4], "a class of her own")
        engine.label([5], first_classes(engine)[4])
        engine.note([5], "left ear hidden")
        given = labels(engine)
    by = [(label.set_by, label.set_by_person, label.state) if label is not None else None for label in given]
    assert by == [("Ann", True, state) for state in ("accepted", "accepted", "rejected", "accepted", "accepted")] + [
        None
    ]
    return folder, given


def other_version(models_dir: Path) -> str:
    """Install the fake model once more, with its classes the other way round."""
    folder = models_dir / "fake" / "2"
    folder.mkdir(parents=True)
    names = (MODELS / "labels" / "fake.txt").read_text("utf-8").split()
    (folder / "turned.txt").write_text("\n".join(reversed(names)), encoding="utf-8")
    manifest = (MODELS / "fake.toml").read_text("utf-8")
    manifest = manifest.replace('version = "1"', 'version = "2"').replace('"fake.txt"', '"turned.txt"')
    (folder / "manifest.toml").write_text(manifest, encoding="utf-8")
    return "fake@2"


def test_another_version_of_the_model_changes_answers_and_no_label(
    tmp_path: Path, labelled: tuple[Path, list[Label | None]]
) -> None:
    folder, given = labelled
    models_dir = tmp_path / "models"
    with started() as engine:
        before = first_classes(engine)
    with started(model=other_version(models_dir), models_dir=str(models_dir), user_name="Ben") as engine:
        assert engine.model_ref == "fake@2"
        take(engine, folder)
        after = first_classes(engine)
        assert all(old != new for old, new in zip(before, after, strict=True)), "else this proves nothing"
        assert labels(engine) == given
        # And back again, with the first version's answers.
    with started(user_name="Ben") as engine:
        take(engine, folder)
        assert first_classes(engine) == before and labels(engine) == given


@pytest.mark.parametrize("cache", ["kept", "deleted"])
def test_the_same_model_again_changes_no_label(
    home: Path, tmp_path: Path, labelled: tuple[Path, list[Label | None]], cache: str
) -> None:
    folder, given = labelled
    if cache == "deleted":
        shutil.rmtree(home / "cache")
    with started(user_name="Ben") as engine:
        take(engine, folder)
        # The same pictures under other names: met, read and answered for once more.
        take(engine, Path(shutil.copytree(folder, tmp_path / "copies")))
        (folder / "0000.jpg").rename(folder / "renamed.jpg")
        take(engine, folder)
        for content_id in range(1, N_PICTURES + 1):
            engine.prioritise(content_id)
        assert engine.info().contents == N_PICTURES and labels(engine) == given


def test_retry_of_a_problem_gives_answers_and_changes_no_label(labelled: tuple[Path, list[Label | None]]) -> None:
    """A labelled picture is damaged in its place, becomes a problem, is mended, and tried again."""
    folder, given = labelled
    broken, new = folder / "0003.jpg", folder / "new.jpg"
    whole = broken.read_bytes()
    with started(user_name="Ben") as engine:
        broken.write_bytes(whole[:60])
        new.write_bytes(b"\xff\xd8\xff broken")
        take(engine, folder)
        view = engine.view()
        codes = {Path(problem.path).name: problem.code for problem in view.problems()}
        view.close()
        assert codes == dict.fromkeys(("0003.jpg", "new.jpg"), ErrorCode.UNREADABLE_IMAGE)
        broken.write_bytes(whole)
        new.write_bytes(encoded(picture(99), "JPEG"))
        assert engine.wait(engine.retry_problems(None), 30).n_done == 2
        assert labels(engine) == given
        assert engine.info().problems == 0 and engine.info().labels == 5
        # A picture that comes by a retry has an answer, and no label from it.
        view = engine.view()
        detail = view.detail(N_PICTURES + 1, engine.model_ref)
        view.close()
        assert detail is not None and detail.predictions and detail.label is None
