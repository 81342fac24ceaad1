"""Colours of the map as people with each kind of colour blindness see them, and on their ground."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QPalette

from desktop.ui import theme
from desktop.ui.map_palette import N_COLOURS, colours_of, faint, mixed, pixels_of
from engine.schemas.map import GroupRole, MapColours, MapGroup

# Machado, Oliveira and Fernandes 2009, at full severity, for linear RGB.
VIEWS = {
    "all colours": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]),
}  # fmt: skip
_TO_LMS = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]])
_TO_LAB = np.array([[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099], [0.0259040371, 0.7827717662, -0.808675766]])


def linear(color: QColor) -> np.ndarray:
    parts = np.array(color.getRgbF()[:3])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def oklab(light: np.ndarray) -> np.ndarray:
    return _TO_LAB @ np.cbrt(_TO_LMS @ np.clip(light, 0, 1))


def contrast(front: QColor, ground: QColor) -> float:
    low, high = sorted(float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (front, ground))
    return (high + 0.05) / (low + 0.05)


def legend(*roles: GroupRole, kind: str = "class") -> MapColours:
    groups = tuple(MapGroup(f"g{i}", 1, role) for i, role in enumerate(roles))
    return MapColours(kind, np.zeros(0, np.uint16), groups)  # type: ignore[arg-type]


@pytest.fixture(params=["light", "dark"])
def palette(request: pytest.FixtureRequest, qapp) -> QPalette:
    theme.apply(qapp, request.param)
    return qapp.palette()


@pytest.mark.parametrize("view", VIEWS)
def test_any_two_classes_are_told_apart(palette: QPalette, view: str) -> None:
    colors = colours_of(legend(*["named"] * N_COLOURS), palette)
    seen = [oklab(VIEWS[view] @ linear(color)) for color in [*colors, faint(palette)]]
    assert len(seen) == 9
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen[:-1], 2)) >= 0.09
    assert min(np.linalg.norm(seen[-1] - color) for color in seen[:-1]) >= 0.05


def test_all_stand_out_from_the_ground(palette: QPalette) -> None:
    ground = palette.color(QPalette.ColorRole.Base)
    roles: list[GroupRole] = ["named"] * N_COLOURS + ["range"] * 5 + ["other", "none", "accepted", "rejected", "unlabelled"]  # type: ignore[list-item]
    for color in colours_of(legend(*roles), palette):
        assert contrast(color, ground) >= 3.0, color.name()


def test_what_has_no_colour_of_its_own_is_grey(palette: QPalette) -> None:
    colors = colours_of(legend(*["named"] * (N_COLOURS + 2), "other"), palette)
    assert len({color.name() for color in colors}) == N_COLOURS + 1
    assert colors[-1] == colors[N_COLOURS] == faint(palette)


def test_confidence_goes_along_a_ramp(palette: QPalette) -> None:
    colors = colours_of(legend(*["range"] * 5, "none", kind="confidence"), palette)
    assert colors[0].red() > colors[0].blue() and colors[4].blue() > colors[4].red()
    assert colors[5] == faint(palette)


def test_mixing_and_pixels() -> None:
    assert mixed(QColor("white"), QColor("black"), 0.5).red() in (127, 128)
    assert pixels_of([QColor("#123456")]).tolist() == [0xFF123456]
