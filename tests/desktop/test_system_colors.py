"""Light and dark by the system: followed while the program runs, unless the person has chosen."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QToolButton, QWidget

from desktop.ui import icons, theme

Scheme = Qt.ColorScheme


class System:
    """A system that can change its mind, which the offscreen one cannot.

    Attributes
    ----------
    asked
        What the program asked of it for the frames of windows.
    """

    def __init__(self) -> None:
        self.scheme = Scheme.Light
        self.asked: list[Scheme] = []

    def turn(self, scheme: Scheme) -> None:
        """Change, and tell as Qt does: by the signal of the real style hints."""
        self.scheme = scheme
        QGuiApplication.styleHints().colorSchemeChanged.emit(scheme)


@pytest.fixture
def system(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    theme.apply(qapp, "light")  # whoever listens to the system's signal does from here on
    system = System()
    hints = SimpleNamespace(colorScheme=lambda: system.scheme, setColorScheme=system.asked.append)
    with monkeypatch.context() as patch:
        patch.setattr(theme, "QGuiApplication", SimpleNamespace(styleHints=lambda: hints))
        yield system
    theme.apply(qapp, "light")


def ground(app: QApplication) -> str:
    """The colour of a window as it is drawn, not as it is meant."""
    widget = QWidget()
    widget.resize(20, 20)
    drawn = widget.grab().toImage().pixelColor(10, 10).name()
    assert drawn == app.palette().color(QPalette.ColorRole.Window).name()
    return drawn


def test_colours_follow_the_system_while_the_program_runs(qapp: QApplication, system: System, qtbot) -> None:
    button = QToolButton()
    qtbot.addWidget(button)
    theme.apply(qapp, "system")
    icons.set_icon(button, "copy")
    assert system.asked == [Scheme.Unknown], "the frames of windows are the system's again"
    assert ground(qapp) == theme.LIGHT["window"]
    light = button.icon().pixmap(16, 16).toImage()
    for scheme, colors in ((Scheme.Dark, theme.DARK), (Scheme.Light, theme.LIGHT), (Scheme.Dark, theme.DARK)):
        system.turn(scheme)
        assert ground(qapp) == colors["window"]
        assert theme.color("text").name() == colors["text"]
        assert qapp.styleSheet() == theme.style(colors)
    assert button.icon().pixmap(16, 16).toImage() != light
    # A system that does not say is light.
    system.turn(Scheme.Unknown)
    assert ground(qapp) == theme.LIGHT["window"]


def test_a_dark_system_is_met_at_the_start(qapp: QApplication, system: System) -> None:
    system.scheme = Scheme.Dark
    theme.apply(qapp, "system")
    assert ground(qapp) == theme.DARK["window"]


@pytest.mark.parametrize(("chosen", "colors"), [("light", theme.LIGHT), ("dark", theme.DARK)])
def test_the_person_s_choice_stands_against_the_system(
    qapp: QApplication, system: System, chosen: theme.Theme, colors: dict[str, str]
) -> None:
    theme.apply(qapp, chosen)
    for scheme in (Scheme.Dark, Scheme.Light):
        system.turn(scheme)
        assert ground(qapp) == colors["window"]
    assert system.asked == [Scheme.Dark if chosen == "dark" else Scheme.Light]
