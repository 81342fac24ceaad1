"""The command line in this process, for what needs no process of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.cli.entry import main
from tests.images import folder_of


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def lightdesk(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Call with arguments; on the fake model."""
    monkeypatch.setenv("LIGHTDESK_MODEL", "fake")

    def call(*arguments: object) -> Done:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Done(code, captured.out, captured.err)

    return call


@pytest.fixture
def library(tmp_path: Path, lightdesk: Callable[..., Done]) -> Path:
    """A library with one job: four pictures, one of them twice, and a broken file."""
    path = tmp_path / "birds.lightdesk"
    folder = folder_of(tmp_path / "photos", 4)
    shutil.copy(folder / "0000.jpg", folder / "copy.jpg")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    lightdesk("classify", folder, "--library", path)
    return path
