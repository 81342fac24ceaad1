"""Which part of a map the screen shows, and how large."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF

from desktop.ui.map_index import MapIndex, Rect

_FIT_MARGIN_PX = 36
_MIN_ZOOM, _MAX_ZOOM = 0.5, 20_000.0  # by the scale at which all of it fits


@dataclass(frozen=True, slots=True)
class MapCamera:
    """A look at the plane. Lengths are logical pixels.

    Attributes
    ----------
    x, y
        The place of the map in the middle of the screen.
    scale
        Pixels of a unit of the map.
    width, height
        The screen.
    """

    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    width: int = 1
    height: int = 1

    def fitted(self, index: MapIndex) -> MapCamera:
        """Show all of a map."""
        width, height = (float(part.max() - part.min()) if len(index) else 0.0 for part in (index.x, index.y))
        room_x, room_y = (max(40, side - 2 * _FIT_MARGIN_PX) for side in (self.width, self.height))
        least = index.side / 1000
        scale = min(room_x / max(width, least), room_y / max(height, least))
        if not len(index):
            return replace(self, x=0.0, y=0.0, scale=1.0)
        middle = [float(part.min()) + (float(part.max()) - float(part.min())) / 2 for part in (index.x, index.y)]
        return replace(self, x=middle[0], y=middle[1], scale=scale)

    def resized(self, width: int, height: int) -> MapCamera:
        """Show what was in the middle in the middle of another screen."""
        return replace(self, width=max(1, width), height=max(1, height))

    def moved(self, dx: float, dy: float) -> MapCamera:
        """Move what is shown by pixels."""
        return replace(self, x=self.x - dx / self.scale, y=self.y - dy / self.scale)

    def zoomed(self, factor: float, at: QPointF, index: MapIndex) -> MapCamera:
        """Show it larger; what lies at a point of the screen stays there."""
        whole = self.fitted(index).scale
        scale = min(max(self.scale * factor, whole * _MIN_ZOOM), whole * _MAX_ZOOM)
        x, y = self.on_map(at)
        dx, dy = at.x() - self.width / 2, at.y() - self.height / 2
        return replace(self, x=x - dx / scale, y=y - dy / scale, scale=scale)

    def showing(self, x: float, y: float, margin_px: float) -> MapCamera:
        """Move as little as is needed for a place to be on the screen, away from its edges."""
        at = self.on_screen(x, y)
        margin_x, margin_y = (min(margin_px, side / 3) for side in (self.width, self.height))
        dx = min(0.0, self.width - margin_x - at.x()) + max(0.0, margin_x - at.x())
        dy = min(0.0, self.height - margin_y - at.y()) + max(0.0, margin_y - at.y())
        return self.moved(dx, dy) if dx or dy else self

    def on_map(self, at: QPointF) -> tuple[float, float]:
        """Return what lies at a point of the screen."""
        return self.x + (at.x() - self.width / 2) / self.scale, self.y + (at.y() - self.height / 2) / self.scale

    def on_screen(self, x: float, y: float) -> QPointF:
        """Return where a place of the map is on the screen."""
        return QPointF((x - self.x) * self.scale + self.width / 2, (y - self.y) * self.scale + self.height / 2)

    def rect(self, margin_px: float = 0.0) -> Rect:
        """Return the part of the map that is shown, and a margin around it."""
        half_x, half_y = (self.width / 2 + margin_px) / self.scale, (self.height / 2 + margin_px) / self.scale
        return self.x - half_x, self.y - half_y, self.x + half_x, self.y + half_y
