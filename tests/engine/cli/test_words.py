"""``lightdesk words``, and searching with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.engine.cli.conftest import Done
from tests.engine.towers import published
from tests.images import encoded


@pytest.fixture
def colours(tmp_path: Path, home: Path, lightdesk: Callable[..., Done]) -> Path:
    """A library with three pictures of one colour each, and a pair that knows colours."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("red", "green", "blue"):
        pixels = published.picture(getattr(published, name.upper()), (120, 90)).pixels
        (folder / f"{name}.png").write_bytes(encoded(Image.fromarray(pixels), "PNG"))
    library = tmp_path / "l.lightdesk"
    assert lightdesk("classify", folder, "--library", library).code == 0
    return library


def names(done: Done) -> list[str]:
    return [Path(json.loads(line)["paths"][0]).stem for line in done.out.splitlines()]


def test_from_a_folder_to_a_picture(colours: Path, lightdesk: Callable[..., Done], tmp_path: Path) -> None:
    nothing = lightdesk("similar", "red", "--library", colours)
    assert nothing.code == 2 and "words add" in nothing.err
    assert "no model for search with words" in lightdesk("words", "list").out
    assert lightdesk("words", "prepare", "--library", colours).code == 2
    clip = published.transformers_js(tmp_path / "clip")
    added = json.loads(lightdesk("words", "add", clip, "--json").out)
    (listed,) = json.loads(lightdesk("words", "list", "--json").out)
    assert listed == {"model": added["model"], "dim": added["dim"], "title": added["title"], "in_use": True}
    prepared = json.loads(lightdesk("words", "prepare", "--json", "--library", colours).out)
    assert (prepared["model"], prepared["prepared"], prepared["skipped"]) == (added["model"], 3, 0)
    assert json.loads(lightdesk("words", "prepare", "--json", "--library", colours).out) == prepared
    for colour in ("red", "green", "blue"):
        found = lightdesk("similar", colour, "--json", "--library", colours)
        assert found.code == 0 and names(found)[0] == colour, found.err
    mixed = lightdesk("similar", "red", tmp_path / "photos" / "blue.png", "--json", "--library", colours)
    assert set(names(mixed)[:2]) == {"red", "blue"}
    (tmp_path / "q.jsonl").write_text('{"plus": "green"}\n{"plus": "blue", "k": 1}\n')
    lines = [json.loads(line) for line in lightdesk("similar", tmp_path / "q.jsonl", "--json", "--library", colours).out.splitlines()]
    assert [line["query"] for line in lines] == [1, 1, 1, 2] and lines[3]["paths"][0].endswith("blue.png")


def test_what_is_no_pair_is_refused(lightdesk: Callable[..., Done], home: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = lightdesk("words", "add", tmp_path / "empty")
    assert done.code == 2 and not done.out and done.err
