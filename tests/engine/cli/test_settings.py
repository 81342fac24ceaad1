"""`lightdesk settings`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from engine.settings import describe, settings_file


def in_file() -> dict[str, object]:
    return tomllib.loads(settings_file().read_text("utf-8"))


def test_set_get_unset(lightdesk) -> None:
    assert lightdesk("settings", "set", "top_k", "3").out == "top_k = 3\n"
    assert lightdesk("settings", "get", "top_k").out == "3\n"
    assert in_file() == {"top_k": 3}
    assert lightdesk("settings", "unset", "top_k").out == "top_k = 5\n"
    assert in_file() == {}


def test_each_kind_is_written_as_its_type(tmp_path: Path, lightdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("include_hidden", "yes"), ("max_delay_ms", "2.5"), ("device", "CPU"), ("library", "a b.x")):
        assert lightdesk("settings", "set", name, text).code == 0
    assert in_file() == {
        "include_hidden": True,
        "max_delay_ms": 2.5,
        "device": "cpu",
        "library": str(tmp_path / "a b.x"),
    }
    assert lightdesk("settings", "get", "include_hidden").out == "true\n"
    assert lightdesk("settings", "get", "max_delay_ms").out == "2.5\n"
    assert lightdesk("settings", "set", "library", "").out == "library = (empty)\n"
    assert "library" not in in_file()


def test_a_number_is_shown_as_it_is_documented(lightdesk) -> None:
    assert lightdesk("settings", "get", "max_delay_ms").out == "8\n"


def test_list_for_programs(lightdesk) -> None:
    lightdesk("settings", "set", "top_k", "3")
    listed = json.loads(lightdesk("settings", "list", "--json").out)
    assert listed["file"] == str(settings_file())
    assert list(listed["settings"]) == [info.name for info in describe()]
    assert listed["settings"]["top_k"] == {"value": 3, "from": "file"}
    assert listed["settings"]["model"] == {"value": "fake", "from": "environment"}
    assert listed["settings"]["library"] == {"value": None, "from": "default"}


def test_list_for_people(lightdesk) -> None:
    rows = lightdesk("settings", "list").out.splitlines()
    assert rows[0].split() == ["setting", "value", "from", "meaning"]
    for info, row in zip(describe(), rows[1:], strict=False):
        assert row.startswith(info.name) and row.endswith(info.help)
    assert rows[-1] == f"File: {settings_file()}"


def test_the_environment_counts_more_and_that_is_said(lightdesk) -> None:
    done = lightdesk("settings", "set", "model", "birds")
    assert done.code == 0 and "LIGHTDESK_MODEL counts more than the file" in done.out
    assert in_file() == {"model": "birds"}


@pytest.mark.parametrize(
    "arguments",
    [("set", "top_k", "many"), ("set", "nonsense", "1"), ("get", "nonsense"), ("unset", "nonsense"), ("set", "top_k")],
)
def test_what_is_refused(arguments: tuple[str, ...], lightdesk) -> None:
    lightdesk("settings", "set", "device", "cpu")
    done = lightdesk("settings", *arguments)
    assert done.code == 2 and done.out == "" and (arguments[1] in done.err or "VALUE" in done.err)
    assert in_file() == {"device": "cpu"}


def test_a_file_that_cannot_be_written(tmp_path: Path, lightdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "blocker").write_text("")
    monkeypatch.setenv("LIGHTDESK_HOME", str(tmp_path / "blocker"))
    done = lightdesk("settings", "set", "top_k", "3")
    assert done.code == 2 and "cannot be written" in done.err and "LIGHTDESK_HOME" in done.err
