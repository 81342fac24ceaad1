"""Colours of the map: told apart by all kinds of colour blindness, in light and dark."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QPalette

from desktop.ui.tile_painter import confidence_color, is_dark
from engine.schemas.map import MapColours, MapGroup

# Found by search: any two are at least 0.09 apart in Oklab, seen with or without each kind of colour blindness (Machado
# et al. 2009), and each has a contrast of 3 or more to its ground (tests/desktop/ui/test_map_palette.py).
_LIGHT = ("#2d40b7", "#d77e05", "#277c61", "#c93805", "#a75fb1", "#5f83fa", "#8d1f08", "#6e3270")
_DARK = ("#7781f1", "#eed545", "#1cbdfd", "#f9a699", "#9aad21", "#d37aae", "#83e9fb", "#a46e35")
_FAINT = {False: "#8b93a0", True: "#6b7480"}
N_COLOURS = len(_LIGHT)


def colours_of(colours: MapColours, palette: QPalette) -> list[QColor]:
    """Return the colour of each group. More than eight cannot be told apart: from the ninth on named groups are grey."""
    dark = is_dark(palette)
    n_ranges = sum(group.role == "range" for group in colours.legend)
    n_named = n_range = 0
    found = []
    for group in colours.legend:
        if group.role == "range":
            found.append(confidence_color(n_range / max(1, n_ranges - 1), dark=dark))
            n_range += 1
        elif group.role == "named":
            ours = _DARK if dark else _LIGHT
            found.append(QColor(ours[n_named]) if n_named < N_COLOURS else faint(palette))
            n_named += 1
        else:
            found.append(_by_role(group, dark))
    return found


def faint(palette: QPalette) -> QColor:
    """Return the colour of what stands back."""
    return QColor(_FAINT[is_dark(palette)])


def mixed(color: QColor, ground: QColor, share: float) -> QColor:
    """Return a colour that lets the ground through."""
    parts = ((color.redF(), ground.redF()), (color.greenF(), ground.greenF()), (color.blueF(), ground.blueF()))
    return QColor.fromRgbF(*(a * share + b * (1 - share) for a, b in parts))


def pixels_of(colors: list[QColor]) -> NDArray[np.uint32]:
    """Return colours as opaque pixels."""
    return np.array([color.rgb() for color in colors], np.uint32)


def _by_role(group: MapGroup, dark: bool) -> QColor:
    ours = _DARK if dark else _LIGHT
    return QColor({"accepted": ours[0], "rejected": ours[1]}.get(group.role, _FAINT[dark]))
