"""An answer is asked of the model once: what could change its numbers is asked anew, another library is not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.backends.fake import FakeSession
from engine.pipeline import preparing
from engine.preprocess import Preprocessor
from engine.registry.catalogue import Registry
from engine.schemas.library import Query
from tests.faults.conftest import Watched
from tests.images import folder_of

N = 5
Start = Callable[..., Watched]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the batches that the model has run since the list was cleared."""
    sizes: list[int] = []
    run = FakeSession.run

    def counted(session: FakeSession, batch: Any) -> list[Any]:
        sizes.append(len(batch))
        return run(session, batch)

    monkeypatch.setattr(FakeSession, "run", counted)
    return sizes


def records(start: Start, asked: list[int], library: Path, folder: Path, *, urgent: bool) -> list[dict[str, Any]]:
    """Drop a folder's files into a library; returns the records, as `classify --json` prints them."""
    now = start(library=library)
    asked.clear()  # what warmed the model up
    job = now.engine.wait(now.engine.submit([str(path) for path in sorted(folder.iterdir())], urgent=urgent), 30)
    assert (job.state, job.n_done) == ("done", N)
    view = now.engine.view()
    ids = sorted(view.ids(Query()).tolist())
    view.close()
    found = [now.engine.record(content_id, 3, since=job.created_at) for content_id in ids]
    assert now.engine.info().embeddings == N
    assert all(now.engine.thumbnail(record["data"]["metadata"]["sha256"]) for record in found)
    now.close()
    return sorted(found, key=lambda record: record["data"]["metadata"]["filename"])


def cached(records_: list[dict[str, Any]]) -> set[bool]:
    return {record["data"]["metadata"]["cached"] for record in records_}


@pytest.mark.parametrize("urgent", [False, True], ids=["bulk", "express"])
def test_a_new_library_is_filled_from_the_cache(start: Start, asked: list[int], tmp_path: Path, urgent: bool) -> None:
    folder = folder_of(tmp_path / "photos", N)
    first = records(start, asked, tmp_path / "one.lightdesk", folder, urgent=urgent)
    assert sum(asked) == N and cached(first) == {False}
    second = records(start, asked, tmp_path / "two.lightdesk", folder, urgent=urgent)
    assert asked == [] and cached(second) == {True}
    for before, after in zip(first, second, strict=True):
        assert after["data"]["prediction"] == before["data"]["prediction"]


def test_without_its_cache_it_asks_again(start: Start, asked: list[int], tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", N)
    records(start, asked, tmp_path / "one.lightdesk", folder, urgent=False)
    now = start(library=tmp_path / "two.lightdesk", cache_dir=tmp_path / "another cache")
    asked.clear()
    now.until_done(now.engine.submit([str(folder)]))
    assert sum(asked) == N


def another_model_file(patch: pytest.MonkeyPatch) -> None:
    ensure = Registry.ensure

    def retrained(registry: Registry, *arguments: Any) -> Any:
        model = ensure(registry, *arguments)
        return dataclasses.replace(model, manifest=dataclasses.replace(model.manifest, sha256="f" * 64))

    patch.setattr(Registry, "ensure", retrained)


def other_rules(patch: pytest.MonkeyPatch) -> None:
    init = Preprocessor.__init__

    def changed(preprocessor: Preprocessor, *arguments: Any) -> None:
        init(preprocessor, *arguments)
        preprocessor.version = "other rules"

    patch.setattr(Preprocessor, "__init__", changed)


def another_precision(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(preparing, "_PRECISION", "fp16")


@pytest.mark.parametrize("change", [another_model_file, other_rules, another_precision])
def test_what_could_change_the_numbers_is_asked_anew(
    start: Start, asked: list[int], tmp_path: Path, change: Callable[[pytest.MonkeyPatch], None]
) -> None:
    folder = folder_of(tmp_path / "photos", N)
    records(start, asked, tmp_path / "one.lightdesk", folder, urgent=False)
    with pytest.MonkeyPatch.context() as patch:
        change(patch)
        changed = records(start, asked, tmp_path / "two.lightdesk", folder, urgent=False)
        assert sum(asked) == N and cached(changed) == {False}
    # Neither has taken the place of the other.
    assert cached(records(start, asked, tmp_path / "three.lightdesk", folder, urgent=False)) == {True}
    assert asked == []
