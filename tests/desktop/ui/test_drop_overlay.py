"""What is said during a drag, and where it can fall."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop.ui import theme
from desktop.ui.drop_overlay import DropOverlay, DropSpot
from tests.desktop.ui.on_screen import color_of, painted, shown


@pytest.fixture
def parent(qtbot) -> QWidget:
    parent = QWidget()
    shown(qtbot, parent, 500, 300)
    return parent


@pytest.fixture
def spot(parent: QWidget) -> DropSpot:
    field = QLineEdit(parent)
    field.setGeometry(20, 20, 120, 30)
    field.show()
    return DropSpot(field, "Find similar", "Drop to find similar pictures", lambda _mime: True)


def test_it_lies_over_the_whole_window_and_takes_no_clicks(parent: QWidget) -> None:
    overlay = DropOverlay(parent)
    assert not overlay.isVisible()
    overlay.lift()
    assert overlay.isVisible() and overlay.geometry() == parent.rect()
    assert overlay.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents) and overlay.accessibleName()
    assert theme.LIGHT["accent"] in painted(overlay)
    parent.resize(700, 350)
    overlay.fit()
    assert overlay.geometry() == parent.rect()


def test_it_says_what_a_drop_would_do_here(parent: QWidget, spot: DropSpot) -> None:
    overlay = DropOverlay(parent)
    overlay.lift([spot])
    before = overlay.grab().toImage()
    assert overlay.point(QPoint(300, 200)) is None and "add to the library" in overlay.words()
    assert overlay.point(QPoint(60, 35)) is spot and overlay.words() == "Drop to find similar pictures"
    assert overlay.grab().toImage() != before
    overlay.lift([spot])  # another drag begins anywhere
    assert "add to the library" in overlay.words()
    overlay.lift([spot], adds=False)
    assert "only be read" in overlay.words()


def test_a_spot_that_is_not_seen_is_none(parent: QWidget, spot: DropSpot) -> None:
    overlay = DropOverlay(parent)
    spot.widget.hide()
    overlay.lift([spot])
    assert overlay.point(QPoint(60, 35)) is None


def test_what_is_dragged_about_inside_hides_nothing(parent: QWidget, spot: DropSpot) -> None:
    """The veil is for what comes in; over the pictures of the library only the spots are marked."""
    ground = QWidget(parent)
    ground.setGeometry(parent.rect())
    ground.lower()
    color = color_of(3)
    ground.setAutoFillBackground(True)
    palette = ground.palette()
    palette.setColor(ground.backgroundRole(), color)
    ground.setPalette(palette)
    ground.show()
    overlay = DropOverlay(parent)

    def at(x: int, y: int) -> str:
        return parent.grab().toImage().pixelColor(x, y).name()

    overlay.lift([spot], veiled=False)
    assert at(400, 250) == color.name() and at(17, 35) != color.name()
    overlay.lift([spot])
    assert at(400, 250) != color.name()
