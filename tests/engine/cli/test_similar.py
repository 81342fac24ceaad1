"""``lightdesk similar``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.cli.conftest import Done
from tests.images import encoded, folder_of, picture


def lines(done: Done) -> list[dict]:
    return [json.loads(line) for line in done.out.splitlines()]


def test_one_line_a_result_the_most_alike_first(lightdesk: Callable[..., Done], library: Path, tmp_path: Path) -> None:
    query = tmp_path / "photos" / "0002.jpg"
    done = lightdesk("similar", query, "--json", "--library", library)
    found = lines(done)
    assert done.code == 0 and [row["rank"] for row in found] == [1, 2, 3, 4]
    assert found[0] == {
        "rank": 1,
        "score": 1.0,
        "sha256": hashlib.sha256(query.read_bytes()).hexdigest(),
        "paths": [str(query)],
    }
    scores = [row["score"] for row in found]
    assert scores == sorted(scores, reverse=True)
    twice = next(row for row in found if len(row["paths"]) == 2)
    assert {Path(path).name for path in twice["paths"]} == {"0000.jpg", "copy.jpg"}
    assert len(lines(lightdesk("similar", query, "--json", "-k", 2, "--library", library))) == 2


def test_minus_and_where(lightdesk: Callable[..., Done], library: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "photos" / "0001.jpg", tmp_path / "photos" / "0002.jpg"
    plain, less = (
        {row["paths"][0]: row["score"] for row in lines(lightdesk("similar", one, *minus, "--json", "--library", library))}
        for minus in ((), ("--minus", two))
    )
    assert next(iter(less)) == str(one) and less[str(two)] < plain[str(two)] - 0.1
    named = lines(lightdesk("similar", one, "--where", "name=0003", "--json", "--library", library))
    assert [row["paths"] for row in named] == [[str(tmp_path / "photos" / "0003.jpg")]]
    wrong = lightdesk("similar", one, "--where", "name", "--library", library)
    assert wrong.code == 2 and "--where 'name'" in wrong.err


def test_a_folder_not_yet_in_the_library_is_taken_in_and_looked_in(
    lightdesk: Callable[..., Done], library: Path, tmp_path: Path
) -> None:
    more = folder_of(tmp_path / "more", 7)
    outside = tmp_path / "outside.png"
    outside.write_bytes(encoded(picture(6), "PNG"))
    found = lines(lightdesk("similar", outside, more, "--json", "--library", library))
    # Four of its seven are the library's own; all of them are in the folder.
    assert len(found) == 7 and found[0]["paths"] == [str(more / "0006.jpg")]
    assert lines(lightdesk("similar", outside, "--in", more, "--json", "--library", library)) == found
    info = json.loads(lightdesk("library", "info", "--json", "--library", library).out)
    assert info["contents"] == 7, "the picture asked with is not taken in"


def test_the_table(lightdesk: Callable[..., Done], library: Path, tmp_path: Path) -> None:
    done = lightdesk("similar", tmp_path / "photos" / "0000.jpg", "--library", library)
    first = done.out.splitlines()[0].split()
    assert first[:2] == ["1", "1.000"] and first[-1] == "+1"


@pytest.mark.parametrize("name", ["never.jpg", "broken.jpg"])
def test_a_query_that_cannot_be_used_is_named(
    lightdesk: Callable[..., Done], library: Path, tmp_path: Path, name: str
) -> None:
    bad, good = tmp_path / "photos" / name, tmp_path / "photos" / "0001.jpg"
    alone = lightdesk("similar", bad, "--json", "--library", library)
    assert alone.code == 1 and not alone.out and name in alone.err
    both = lightdesk("similar", bad, good, "--json", "--library", library)
    assert both.code == 1 and len(lines(both)) == 4 and name in both.err


def test_requests_that_make_no_sense(lightdesk: Callable[..., Done], library: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    assert lightdesk("similar", photos, "--library", library).code == 2
    assert lightdesk("similar", photos / "0000.jpg", photos, tmp_path, "--library", library).code == 2
    assert lightdesk("similar", "--library", library).code == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    done = lightdesk("similar", photos / "0000.jpg", empty, "--library", library)
    assert done.code == 2 and "no picture" in done.err


def test_an_empty_library_says_so(lightdesk: Callable[..., Done], tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "one", 1)
    done = lightdesk("similar", folder / "0000.jpg", "--json", "--library", tmp_path / "new.lightdesk")
    assert done.code == 0 and not done.out and "library is empty" in done.err
