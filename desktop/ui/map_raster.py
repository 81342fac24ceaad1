"""Draws the points of a map into an image, fast enough for each frame: NumPy writes the pixels, Qt copies them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from desktop.ui.map_camera import MapCamera
from desktop.ui.map_index import MapIndex, joined
from desktop.ui.map_palette import mixed, pixels_of
from desktop.ui.map_scene import MapScene

_MIN_RADIUS_PX, _MAX_RADIUS_PX = 1.15, 5.0
_RADIUS_BY_SPACING = 0.33
_STEPS_A_DOUBLING = 4  # of the radius: it grows in steps, or dots would tremble
_RING_PX, _THIN_RING_PX = 1.5, 0.8  # around dots that are selected, and around small ones
_SMALL_PX = 2.5
_BORDER_PX = 16  # around the image, so that dots at the edge need no care
_FINE_CELL_PX = 0.8  # points closer than this cannot be told apart
_MOST_PIXELS = 1_600_000  # written in one frame


Part = Literal["colors", "faded", "ring"]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Colours of all groups: as they are, and stepped back behind what is selected or picked in the legend."""

    ground: QColor
    ring: QColor
    colors: tuple[QColor, ...]
    faded: tuple[QColor, ...]
    _pixels: dict[tuple[str, float], NDArray[np.uint32]] = field(default_factory=dict)

    def pixels(self, which: Part, coverage: float) -> NDArray[np.uint32]:
        """Return a pixel for each group, which a dot covers so far."""
        key = (which, coverage)
        if key not in self._pixels:
            colors = {"colors": self.colors, "faded": self.faded, "ring": (self.ring,) * len(self.colors)}[which]
            self._pixels[key] = pixels_of([mixed(color, self.ground, coverage) for color in colors])
        return self._pixels[key]


class MapRaster:
    """An image of points. GUI thread."""

    def __init__(self) -> None:
        self._pixels: NDArray[np.uint32] = np.empty(0, np.uint32)
        self._measures = (0, 0)
        self._image = QImage()
        self.radius_px = _MIN_RADIUS_PX
        self.n_drawn = 0

    def drawn(
        self,
        scene: MapScene,
        camera: MapCamera,
        ratio: float,
        look: Look,
        selected: NDArray[np.bool_] | None,
        picked: NDArray[np.bool_] | None,
    ) -> QImage:
        """Return an image of what the camera sees. It is drawn over by the next call.

        Parameters
        ----------
        selected
            (n,), by place in the index; if given, all others step back and these have a ring.
        picked
            By group; if given, the other groups step back.
        """
        self._resize(round(camera.width * ratio), round(camera.height * ratio), ratio)
        self._pixels.fill(look.ground.rgb())
        self.n_drawn = 0
        index = scene.index
        if not len(index):
            return self._image
        self.radius_px = radius_of(index, camera)
        radius = self.radius_px * ratio
        stamp = _stamp(radius)
        places = seen(index, camera, ratio, _MOST_PIXELS // stamp.n_pixels, self.radius_px)
        if selected is None:
            front = places if picked is None else places[picked[scene.groups[places]]]
            back = places[:0] if picked is None else places[~picked[scene.groups[places]]]
        else:
            back = places[~selected[places]]
            front = _any_in_cells(index, selected, places)
        ring = _stamp(radius + (_THIN_RING_PX if self.radius_px < _SMALL_PX else _RING_PX) * ratio)
        self._write(*self._located(scene, camera, ratio, back, stamp.reach), stamp, look, "faded")
        at, groups = self._located(scene, camera, ratio, front, ring.reach)
        if selected is not None:
            self._write(at, groups, ring, look, "ring")
        self._write(at, groups, stamp, look, "colors")
        return self._image

    def _located(
        self, scene: MapScene, camera: MapCamera, ratio: float, places: NDArray[np.intp], reach: int
    ) -> tuple[NDArray[np.intp], NDArray[np.uint16]]:
        """Return where in the pixels points are, and their groups; without those that are off the image."""
        width, height = self._measures
        scale, border = camera.scale * ratio, _border(ratio)
        x = (scene.index.x[places] - np.float32(camera.x)) * np.float32(scale) + np.float32(width / 2)
        y = (scene.index.y[places] - np.float32(camera.y)) * np.float32(scale) + np.float32(height / 2)
        edge = reach + 1
        inside = (x > -edge) & (y > -edge) & (x < width + edge) & (y < height + edge)
        if not inside.all():
            x, y, places = x[inside], y[inside], places[inside]
        self.n_drawn += len(places)
        # Rounded down from far above zero: the same step for all, or dots would tremble when the map is moved.
        at = (y + np.float32(border)).astype(np.intp) * (width + 2 * border)
        at += (x + np.float32(border)).astype(np.intp)
        return at, scene.groups[places]

    def _write(self, at: NDArray[np.intp], groups: NDArray[np.uint16], stamp: _Stamp, look: Look, part: Part) -> None:
        if not len(at):
            return
        stride = self._measures[0] + 2 * _border(self._image.devicePixelRatio())
        first = stamp.reach * (stride + 1)
        # From the first pixel of each dot on: a slice then takes the place of an addition for each pixel.
        at = at - first
        for coverage, offsets in stamp.passes:
            pixels = look.pixels(part, coverage)[groups] if part != "ring" else look.pixels(part, coverage)[0]
            for row, col in offsets:
                self._pixels[first + row * stride + col :][at] = pixels

    def _resize(self, width: int, height: int, ratio: float) -> None:
        if self._measures != (width, height) or self._image.devicePixelRatio() != ratio:
            border = _border(ratio)
            stride = width + 2 * border
            self._pixels = np.empty((height + 2 * border + 1) * stride, np.uint32)
            inside = self._pixels[border * stride + border :]
            self._image = QImage(inside.data, width, height, 4 * stride, QImage.Format.Format_RGB32)
            self._image.setDevicePixelRatio(ratio)
            self._measures = width, height


@dataclass(frozen=True, slots=True)
class _Stamp:
    """A disc: its pixels by how much of each it covers, the least covered first, so that middles lie over rims."""

    reach: int
    n_pixels: int
    passes: tuple[tuple[float, tuple[tuple[int, int], ...]], ...]


@cache
def _stamp(radius: float) -> _Stamp:
    reach = int(np.ceil(radius))
    fine = (np.arange(8) + 0.5) / 8 - 0.5
    by_coverage: dict[float, list[tuple[int, int]]] = {}
    for row in range(-reach, reach + 1):
        for col in range(-reach, reach + 1):
            inside = np.square(row + fine[:, None]) + np.square(col + fine[None, :]) <= radius * radius
            coverage = round(float(inside.mean()) * 6) / 6
            if coverage > 0:
                by_coverage.setdefault(coverage, []).append((row, col))
    passes = tuple((coverage, tuple(by_coverage[coverage])) for coverage in sorted(by_coverage))
    return _Stamp(reach, sum(len(offsets) for _coverage, offsets in passes), passes)


def radius_of(index: MapIndex, camera: MapCamera) -> float:
    """Return the radius of a dot in logical pixels: by how far points lie apart, in steps."""
    spacing = index.side * camera.scale / max(1.0, len(index) ** 0.5)
    radius = max(_MIN_RADIUS_PX, min(_MAX_RADIUS_PX, _RADIUS_BY_SPACING * spacing))
    step = np.floor(np.log2(radius / _MIN_RADIUS_PX) * _STEPS_A_DOUBLING) / _STEPS_A_DOUBLING
    return float(_MIN_RADIUS_PX * 2**step)


def seen(index: MapIndex, camera: MapCamera, ratio: float, most: int, margin_px: float) -> NDArray[np.intp]:
    """Return places in the index that are worth drawing: all that are on the screen, or one for each cell of a level.

    Parameters
    ----------
    most
        A coarser level is taken where there would be more.
    """
    rect = camera.rect(margin_px)
    fine = [depth for depth, level in index.levels.items() if level.cell * camera.scale * ratio <= _FINE_CELL_PX]
    depth = min(fine) if fine else None
    if depth is None:
        runs = index.runs(rect)
        if sum(end - begin for begin, end in runs) <= most or not index.levels:
            return joined(runs)
        depth = max(index.levels)
    while True:
        level = index.levels[depth]
        runs = index.runs(rect, level.codes)
        if sum(end - begin for begin, end in runs) <= most or depth - 1 not in index.levels:
            if len(runs) == 1:
                return level.firsts[runs[0][0] : runs[0][1]].astype(np.intp)
            return level.firsts[joined(runs)].astype(np.intp)
        depth -= 1


def _any_in_cells(index: MapIndex, selected: NDArray[np.bool_], places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return for each drawn point that is selected itself, or stands for selected ones, one that is."""
    if not len(places):
        return places
    # Places ascend: each stands for those up to the next one that is drawn, near enough on a screen.
    ends = np.append(places[1:], min(len(index), places[-1] + 1))
    chosen = np.flatnonzero(selected[places[0] : ends[-1]]) + places[0]
    which = np.searchsorted(places, chosen, "right") - 1
    first = np.ones(len(chosen), np.bool_)
    np.not_equal(which[1:], which[:-1], out=first[1:])
    stand_for: NDArray[np.intp] = chosen[first]
    return stand_for


def _border(ratio: float) -> int:
    return round(_BORDER_PX * ratio)
