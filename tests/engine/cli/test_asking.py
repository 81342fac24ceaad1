"""What is asked on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.asking import Asked, Search, searches
from engine.errors import UsageError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_pictures_and_words_together(here: Path) -> None:
    (here / "cat").write_bytes(b"")
    (found,) = searches(["a.jpg", "red car", "cat", "sub/never"], ["snow", "b.png"])
    assert found == Search(
        (Asked("a.jpg", False), Asked("red car", True), Asked("cat", False), Asked("sub/never", False)),
        (Asked("snow", True), Asked("b.png", False)),
    )
    assert found.has_words and not next(iter(searches(["a.jpg"], []))).has_words


def test_a_file_of_words_is_a_line_each(here: Path) -> None:
    (here / "q.txt").write_text("\ufeffred car\n\n  at night \n- snow\n", "utf-8")
    (found,) = searches(["q.txt"], [])
    assert [one.value for one in found.plus] == ["red car", "at night"]
    assert [one.value for one in found.minus] == ["snow"] and found.has_words
    (turned,) = searches(["x.jpg"], ["q.txt"])
    assert [one.value for one in turned.minus] == ["red car", "at night", "- snow"]


def test_lines_of_json_are_a_search_each(here: Path) -> None:
    lines = [
        {"plus": ["red car", "a.jpg"], "minus": "snow", "k": 7},
        {"plus": [{"image": "odd name", "weight": 2}, {"text": "b.jpg"}]},
    ]
    (here / "q.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    one, two = searches(["q.jsonl", "c.jpg"], [])
    assert one == Search(
        (Asked("red car", True), Asked("a.jpg", False), Asked("c.jpg", False)), (Asked("snow", True),), 1, 7
    )
    assert two == Search((Asked("odd name", False, 2.0), Asked("b.jpg", True), Asked("c.jpg", False)), (), 2, None)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "no JSON"),
        ("[]", "no object"),
        ('{"plus": ["a"], "limit": 3}', "no object"),
        ("{}", "no example"),
        ('{"plus": [""]}', "an example is"),
        ('{"plus": [3]}', "an example is"),
        ('{"plus": [{"image": "a", "text": "b"}]}', "an example is"),
        ('{"plus": [{"text": " "}]}', "no text"),
        ('{"plus": [{"text": "a", "weight": 0}]}', "weight"),
        ('{"plus": [{"text": "a", "weight": true}]}', "weight"),
        ('{"plus": ["a"], "k": 0}', '"k"'),
        ('{"plus": ["a"], "k": 10001}', '"k"'),
        ('{"plus": ["a"], "k": true}', '"k"'),
    ],
)
def test_a_line_that_is_not_understood_is_named(here: Path, line: str, why: str) -> None:
    (here / "q.jsonl").write_text('{"plus": ["a"]}\n' + line + "\n")
    with pytest.raises(UsageError) as refused:
        list(searches(["q.jsonl"], []))
    assert "q.jsonl, line 2" in refused.value.message and why in refused.value.message


def test_what_is_no_text_is_refused(here: Path) -> None:
    (here / "q.txt").write_bytes(b"\xff\xfe\x00r")
    with pytest.raises(UsageError, match="UTF-8"):
        list(searches(["q.txt"], []))
