"""`lightdesk models`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

# A model of the person's own, that needs no file to be listed.
MANIFEST = """
[model]
name = "birds"
version = "{version}"
title = "Birds of the garden"
task = "classification"
licence = "CC0-1.0"
format = "onnx"
file = "birds.onnx"
sha256 = "{digest}"
labels = "birds.txt"

[input]
name = "pixels"
layout = "NHWC"
dtype = "uint8"
resize_short_side = 32
crop = 32
interpolation = "bicubic"

[output]
scores = "probabilities"
scores_are = "probabilities"
"""


@pytest.fixture
def birds(home: Path) -> Path:
    """A models folder with two versions of a model of the person's own."""
    folder = home / "data" / "models"
    for version in ("2", "10"):
        place = folder / "birds" / version
        place.mkdir(parents=True)
        (place / "manifest.toml").write_text(MANIFEST.format(version=version, digest="ab" * 32), "utf-8")
        (place / "birds.txt").write_text("robin\nwren\n", "utf-8")
    return folder


def test_a_list_for_programs(birds: Path, lightdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTDESK_MODEL", "birds")
    done = lightdesk("models", "--json")
    found = json.loads(done.out)
    assert done.code == 0, done.err
    assert [(m["name"], m["version"], m["in_use"]) for m in found] == [
        ("birds", "2", False),
        ("birds", "10", True),
        ("efficientnet-lite0", "1", False),
    ]
    assert found[0]["classes"] == 2 and found[0]["embedding_dim"] == 0 and found[2]["embedding_dim"] == 1280
    assert set(found[0]) == {"name", "version", "title", "task", "licence", "classes", "embedding_dim", "in_use"}


def test_a_list_for_people(birds: Path, lightdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTDESK_MODEL", "birds@2")
    rows = lightdesk("models").out.splitlines()
    assert rows[0].split() == ["model", "classes", "licence", "title"]
    assert next(row for row in rows if row.startswith("*")).split()[:3] == ["*", "birds@2", "2"]
    assert "Birds of the garden" in rows[1]
    assert "lightdesk settings set model" in rows[-1]


def test_a_broken_manifest_is_logged_and_the_others_are_listed(birds: Path, home: Path, lightdesk) -> None:
    (birds / "birds" / "2" / "manifest.toml").write_text("name = ", "utf-8")
    done = lightdesk("models")
    assert done.code == 0 and done.err == ""
    assert "birds@10" in done.out and "birds@2" not in done.out
    assert "birds" in (home / "data" / "lightdesk.log").read_text("utf-8")


def test_the_model_of_the_settings_is_not_there(lightdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTDESK_MODEL", "gone")
    done = lightdesk("models")
    assert done.code == 2 and "'gone'" in done.err and "efficientnet-lite0@1" in done.err
