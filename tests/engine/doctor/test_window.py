"""Whether a window can be opened, as it would be elsewhere."""

from __future__ import annotations

import os
from typing import Any

import pytest

from engine.doctor import window
from engine.doctor.child import Answer
from tests.engine.doctor.findings import states

WINDOW = {
    "qt": "6.11",
    "why_no_window": None,
    "display": True,
    "platform": "xcb",
    "screens": ["1920 x 1080 at 1x"],
    "n_font_families": 9,
}


def test_the_window_as_it_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("QT_")]:
        monkeypatch.delenv(name)

    def look(**change: Any) -> dict[str, str]:
        return states(window.judged(Answer({**WINDOW, **change})))

    assert look() == {"Qt": "ok", "platform": "ok", "fonts": "ok"}
    assert look(why_no_window="There is no display.", display=False)["platform"] == "note"
    assert look(why_no_window="Missing.\nInstall it.")["platform"] == "fail"
    assert look(n_font_families=0)["fonts"] == "warn"
    assert states(window.judged(Answer(None, "it crashed (SIGABRT)"))) == {"Qt": "fail"}
