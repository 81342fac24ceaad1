"""What a screen reader is told."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLineEdit

from desktop.ui import spoken


def test_said_once_and_only_where_the_keys_are(qtbot, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    class Ear:
        Event = spoken.QAccessible.Event
        isActive = staticmethod(lambda: True)

        @staticmethod
        def updateAccessibility(event: object) -> None:
            if isinstance(event, spoken.QAccessibleAnnouncementEvent):
                said.append(event.message())

    monkeypatch.setattr(spoken, "QAccessible", Ear)
    field = QLineEdit()
    qtbot.addWidget(field)
    spoken.describe(field, "nobody listens")
    assert field.accessibleDescription() == "nobody listens" and not said
    monkeypatch.setattr(field, "hasFocus", lambda: True)
    for text, aloud in (("one", True), ("one", True), ("two", False), ("three", True)):
        spoken.describe(field, text, aloud=aloud)
    assert said == ["one", "three"] and field.accessibleDescription() == "three"
