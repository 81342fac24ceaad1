"""``lightdesk duplicates``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from skimage import data

from tests.engine.cli.conftest import Done


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three photographs, smaller copies of two of them, and one file twice."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("astronaut", "coffee", "rocket"):
        image = Image.fromarray(getattr(data, name)())
        image.save(folder / f"{name}.png")
        if name != "rocket":
            image.resize((image.width * 2 // 3, image.height * 2 // 3)).save(folder / f"{name}-small.jpg", quality=80)
    shutil.copy(folder / "rocket.png", folder / "rocket-again.png")
    return folder


def names(group: dict) -> list[list[str]]:
    return sorted(sorted(Path(path).stem for path in member["paths"]) for member in group["members"])


def test_groups_of_a_folder_not_yet_in_the_library(
    lightdesk: Callable[..., Done], photos: Path, tmp_path: Path, home: Path
) -> None:
    library = tmp_path / "l.lightdesk"
    done = lightdesk("duplicates", photos, "--json", "--library", library)
    assert done.code == 0, done.err
    groups = [json.loads(line) for line in done.out.splitlines()]
    assert [group["kind"] for group in groups] == ["exact", "near", "near"]
    assert names(groups[0]) == [["rocket", "rocket-again"]]
    assert names(groups[1]) == [["astronaut"], ["astronaut-small"]]
    kept = next(member for member in groups[1]["members"] if member["keep"])
    assert kept["paths"][0].endswith("astronaut.png") and "pixels" in groups[1]["reason"]
    assert lightdesk("duplicates", "--json", "--library", library).out == done.out
    only = lightdesk("duplicates", "--kind", "exact", "--json", "--library", library)
    assert [json.loads(line)["kind"] for line in only.out.splitlines()] == ["exact"]
    table = lightdesk("duplicates", "--library", library)
    assert table.out.count("*") == 2 and "3 groups" in table.err
    # Something new is compared with what is there.
    Image.fromarray(data.rocket()).save(tmp_path / "rocket.jpg", quality=70)
    assert lightdesk("classify", tmp_path / "rocket.jpg", "--library", library).code == 0
    more = [json.loads(line) for line in lightdesk("duplicates", "--json", "--library", library).out.splitlines()]
    assert ["rocket"] in [n for group in more if group["kind"] == "near" for n in names(group)] and len(more) == 4


def test_there_may_be_none(lightdesk: Callable[..., Done], library: Path, tmp_path: Path) -> None:
    assert lightdesk("duplicates", tmp_path / "never", "--library", library).code == 2
    done = lightdesk("duplicates", "--kind", "near", "--json", "--library", library)
    assert done.code == 0 and not done.out and "no duplicates" in done.err
