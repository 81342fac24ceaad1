"""The settings that differ from what the program comes with."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.doctor import configuration
from engine.settings import describe, load


def test_settings_that_differ_are_named_with_where_they_come_from(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (found_file, all_default) = configuration.examine(load())
    assert "all defaults" in found_file.text and all_default.text.startswith("all ")
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text("top_k = 3")
    monkeypatch.setenv("LIGHTDESK_CACHE_MB", "100")
    found = list(configuration.examine(load({"device": "cpu"})))
    assert {f.name: f.text for f in found[1:-1]} == {
        "device": "cpu (from this run)",
        "cache_mb": "100 (from LIGHTDESK_CACHE_MB)",
        "top_k": "3 (from the file)",
    }
    assert found[-1].text == f"{len(describe()) - 3} others are as they came"
