"""Hands for the map: maps to show, a canvas to take hold of, mouse and keys."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from desktop.ui import theme
from desktop.ui.map_canvas import MapCanvas
from engine.schemas.map import MapColours, MapGroup, MapPoints
from tests.desktop.ui.held_ports import HeldReads, HeldThumbnails

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
Key = Qt.Key


def lattice(side: int = 5, first_id: int = 100, layout: str = "a") -> MapPoints:
    """Points at whole numbers; ids go along the rows."""
    y, x = np.divmod(np.arange(side * side), side)
    return MapPoints(first_id + np.arange(side * side), np.stack([x, y], axis=1).astype(np.float32), layout)


def cloud(n: int, seed: int = 0, layout: str = "a") -> MapPoints:
    """Points in clusters."""
    random = np.random.default_rng(seed)
    centres = random.uniform(-50, 50, (20, 2))
    places = centres[random.integers(20, size=n)] + random.standard_normal((n, 2))
    return MapPoints(np.arange(n, dtype=np.int64) * 3 + 1, places.astype(np.float32), layout)


def two_kinds(n: int) -> MapColours:
    """Every other point of the second class."""
    groups = (np.arange(n) % 2).astype(np.uint16)
    return MapColours("class", groups, (MapGroup("tench", int((groups == 0).sum())), MapGroup("banjo", n // 2)))


def show(qtbot, canvas: MapCanvas, points: MapPoints, colours: MapColours | None = None) -> None:
    """Show a map and wait until it is there."""
    with qtbot.waitSignal(canvas.sceneChanged, timeout=20_000):
        canvas.set_points(points, colours or two_kinds(len(points.content_ids)))


@pytest.fixture
def canvas(qtbot, qapp) -> Iterator[MapCanvas]:
    """An empty map, 600 by 500 pixels."""
    theme.apply(qapp, "light")
    reads, thumbnails = HeldReads(), HeldThumbnails()
    canvas = MapCanvas(reads, thumbnails)
    qtbot.addWidget(canvas)
    canvas.resize(600, 500)
    canvas.show()
    canvas.activateWindow()
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus, timeout=20_000)
    yield canvas
    reads.close()
    thumbnails.instant = False


def at(canvas: MapCanvas, content_id: int) -> QPointF:
    """Return where a content is on the screen."""
    scene = canvas.scene()
    place = int(scene.index.rank[int(np.flatnonzero(scene.points.content_ids == content_id)[0])])
    point = canvas._at(place)
    assert point is not None
    return point


def mouse(
    canvas: MapCanvas, kind: QEvent.Type, where: QPointF, held: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT
) -> None:
    none = Qt.MouseButton.NoButton
    its_button = none if kind == QEvent.Type.MouseMove else button
    buttons = none if kind == QEvent.Type.MouseButtonRelease else button
    event = QMouseEvent(kind, where, QPointF(canvas.mapToGlobal(where.toPoint())), its_button, buttons, held)
    QApplication.sendEvent(canvas, event)


def hover(canvas: MapCanvas, where: QPointF) -> None:
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(QEvent.Type.MouseMove, where, QPointF(canvas.mapToGlobal(where.toPoint())), none, none, NONE)
    QApplication.sendEvent(canvas, event)


def click(
    canvas: MapCanvas, where: QPointF, held: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT
) -> None:
    mouse(canvas, QEvent.Type.MouseButtonPress, where, held, button)
    mouse(canvas, QEvent.Type.MouseButtonRelease, where, held, button)


def drag(
    canvas: MapCanvas, *corners: QPointF, held: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT
) -> None:
    mouse(canvas, QEvent.Type.MouseButtonPress, corners[0], held, button)
    for before, corner in itertools.pairwise(corners):
        for step in range(1, 6):
            mouse(canvas, QEvent.Type.MouseMove, before + (corner - before) * step / 5, held, button)
    mouse(canvas, QEvent.Type.MouseButtonRelease, corners[-1], held, button)
