"""What a screen reader is told."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLineEdit

from desktop.ui import spoken


def test_said_once_and_only_where_the_keys_are(qtbot, heard: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    field = QLineEdit()
    qtbot.addWidget(field)
    spoken.describe(field, "nobody listens")
    assert field.accessibleDescription() == "nobody listens" and not heard
    monkeypatch.setattr(field, "hasFocus", lambda: True)
    for text, aloud in (("one", True), ("one", True), ("two", False), ("three", True)):
        spoken.describe(field, text, aloud=aloud)
    assert heard == ["one", "three"] and field.accessibleDescription() == "three"
