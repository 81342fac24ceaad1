"""The window over the fake engine with hands on it, and an ear for what a screen reader is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from desktop.ui import spoken
from tests.desktop.conftest import Shown, on_first
from tests.desktop.ui.search_hands import Hands


@pytest.fixture
def hands(show: Callable[..., Shown], qtbot) -> Hands:
    """Sixty pictures, the first of them current."""
    shown = show(60)
    on_first(qtbot, shown)
    return Hands(qtbot, shown)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said aloud from now on, as if a screen reader ran."""
    said: list[str] = []

    class Ear:
        Event = spoken.QAccessible.Event
        isActive = staticmethod(lambda: True)

        @staticmethod
        def updateAccessibility(event: object) -> None:
            if isinstance(event, spoken.QAccessibleAnnouncementEvent):
                said.append(event.message())

    monkeypatch.setattr(spoken, "QAccessible", Ear)
    return said
