"""The library, its place, the space, and vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.doctor import storage
from tests.engine.doctor.findings import states, texts


def test_a_library_that_is_ill(tmp_path: Path) -> None:
    path = tmp_path / "l.lightdesk"
    path.write_text("my notes " * 1000)
    found = list(storage._library(path))
    assert states(found) == {"library": "fail"} and "not a Lightdesk library" in texts(found)


def test_a_library_in_a_cloud_folder(tmp_path: Path) -> None:
    path = tmp_path / "OneDrive" / "l.lightdesk"
    assert states(storage._library(path)) == {"library's place": "fail", "library": "note"}
    path.parent.mkdir()
    path.write_bytes(b"")
    assert states(storage._library(path))["library's place"] == "warn"


def test_a_sound_library(engine: Any) -> None:
    found = list(storage._library(engine.library_path))
    assert states(found) == {"library": "ok", "library health": "ok"}


@pytest.mark.parametrize(("free", "state"), [(10**11, "ok"), (10**9, "warn"), (10**8, "fail")])
def test_space(free: int, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: type("Usage", (), {"free": free}))
    assert storage._space("cache folder", tmp_path / "not" / "made").state == state


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert storage._space("cache folder", tmp_path / "file" / "x").state == "fail"


def test_vectors_that_answer_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_nearest_of_three", lambda: [1, 2, 3])
    assert states(storage._database())["sqlite-vec"] == "fail"
