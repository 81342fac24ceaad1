"""The surface of the map: points, pictures and names painted as the camera sees them; knows no keys and no mouse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from desktop.ui import map_card, theme
from desktop.ui.map_area import MapArea
from desktop.ui.map_camera import MapCamera
from desktop.ui.map_groups import group_name
from desktop.ui.map_names import MapNames
from desktop.ui.map_palette import colours_of, faint, mixed
from desktop.ui.map_pictures import MapPictures, Spot, picture_side, spots
from desktop.ui.map_raster import Look, MapRaster
from desktop.ui.map_scene import MapScene
from desktop.ui.map_selection import MapSelection
from desktop.ui.ports import ReadPort, ThumbnailPort
from engine.schemas.map import MapColours, MapPoints

_ZOOM_STEP = 1.25
_STEPPED_BACK = 0.28  # what is left of a colour
_LOOKS = (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange)


class MapSurface(QWidget):
    """Shows a map and what is chosen on it. GUI thread; points are made ready on a reader's."""

    viewChanged = Signal()
    sceneChanged = Signal()

    def __init__(self, read: ReadPort, thumbnails: ThumbnailPort) -> None:
        super().__init__()
        self._read = read
        self._pictures = MapPictures(read, thumbnails, self._more_came, self)
        self._raster, self._names = MapRaster(), MapNames()
        self._scene = MapScene.empty()
        self._camera = MapCamera()
        # All of it is shown, whatever the size of the window, until someone moves it.
        self._is_fitted = True
        self._selection = MapSelection()
        self._mask: NDArray[np.bool_] | None = None  # of the selection, in the order of the index
        self._picked: NDArray[np.bool_] | None = None  # groups
        self._look: Look | None = None
        self._image: QImage | None = None
        self._spots: list[Spot] | None = None
        self._hovered: int | None = None
        self._shows_focus = False
        self._area = MapArea()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)

    # What is shown

    def set_points(self, points: MapPoints, colours: MapColours) -> None:
        """Show these contents. While the layout is the same, view and selection stay; what is shown stays until then."""
        self._make_ready(points, colours)

    def set_colours(self, colours: MapColours) -> None:
        """Colour the same points otherwise."""
        self._make_ready(self._scene.points, colours)

    def set_model_ref(self, ref: str) -> None:
        """Show the predictions of another model."""
        self._pictures.set_model_ref(ref)

    def refresh(self, content_ids: Iterable[int] | None) -> None:
        """Read the rows of these again (all for None)."""
        self._pictures.invalidate(None if content_ids is None else list(content_ids))

    def pick_groups(self, groups: Sequence[int]) -> None:
        """Let all other groups step back; none: all are as they are."""
        picked = np.zeros(max(1, len(self._scene.colours.legend)), np.bool_)
        picked[list(groups)] = True
        self._picked = picked if picked.any() else None
        self._repaint()

    def count(self) -> int:
        """Number of points."""
        return len(self._scene)

    def scene(self) -> MapScene:
        """Return what is shown."""
        return self._scene

    def fit(self) -> None:
        """Show all of the map."""
        self._look_from(self._camera.fitted(self._scene.index))
        self._is_fitted = True

    def zoom(self, steps: float, at: QPointF | None = None) -> None:
        """Show it larger around a point of the screen, or else around the current point or the middle."""
        if at is None:
            at = self._at(self._current_place()) if self._current_place() is not None else None
            if at is None or not QRectF(self.rect()).contains(at):
                at = QPointF(self.width() / 2, self.height() / 2)
        self._look_from(self._camera.zoomed(_ZOOM_STEP**steps, at, self._scene.index))

    def pictures_painted(self) -> tuple[int, int]:
        """Return how many of the places for pictures have theirs, and how many there are; for benchmarks."""
        found = self._seen_spots()
        return sum(self._pictures.image(spot.content_id) is not None for spot in found), len(found)

    def _more_came(self) -> None:
        """Rows or thumbnails have come."""
        self._describe(aloud=False)
        self.update()

    def _describe(self, *, aloud: bool = True) -> None:
        """For what says what is shown."""

    def _forget(self) -> None:
        """Show nothing, and let go of the selection."""
        self._read.ask(
            "map", lambda _view: None, lambda _nothing: None
        )  # what is being made ready is of no use any more
        self._selection = MapSelection()
        self._hovered, self._picked = None, None
        self._take_scene(MapScene.empty())

    def _make_ready(self, points: MapPoints, colours: MapColours) -> None:
        index = self._scene.index if points is self._scene.points else None
        self._read.ask("map", lambda _view: MapScene.of(points, colours, index), self._take_scene)

    def _take_scene(self, scene: MapScene) -> None:
        before, self._scene = self._scene, scene
        self._spots = None
        same_points = before.points is scene.points
        if not same_points:
            self._selection.set_ids(scene.points.content_ids)
            self._hovered = None
        if before.colours.legend != scene.colours.legend:
            self._picked = None
        self._look = None
        if len(before) == 0 or before.points.layout != scene.points.layout:
            self.fit()
        self._selection_moved()
        self.sceneChanged.emit()

    # Geometry

    def _look_from(self, camera: MapCamera) -> None:
        if camera != self._camera:
            self._camera = camera
            self._is_fitted = False
            self._spots = None
            self._repaint()
            self.viewChanged.emit()

    def _at(self, place: int | None) -> QPointF | None:
        """Return where a place of the index is on the screen."""
        if place is None:
            return None
        return self._camera.on_screen(float(self._scene.index.x[place]), float(self._scene.index.y[place]))

    def _current_place(self) -> int | None:
        """Return the current point's place in the index."""
        current = self._selection.current
        return int(self._scene.index.rank[current]) if 0 <= current < len(self._scene) else None

    def _seen_spots(self) -> list[Spot]:
        if self._spots is None:
            self._spots = spots(self._scene.index, self._camera, self._scene.content_id)
        return self._spots

    def _selection_moved(self) -> None:
        mask = self._selection.mask
        several = self._selection.n_marked > 1 and len(mask) == len(self._scene)
        self._mask = mask[self._scene.index.order] if several else None
        self._repaint()

    def _repaint(self) -> None:
        self._image = None
        self.update()

    # Painting

    def _looks(self) -> Look:
        if self._look is None:
            palette = self.palette()
            ground, stand_back = palette.color(QPalette.ColorRole.Base), faint(palette)
            colors = tuple(colours_of(self._scene.colours, palette))
            faded = tuple(mixed(mixed(color, stand_back, 0.45), ground, _STEPPED_BACK) for color in colors)
            self._look = Look(ground, palette.color(QPalette.ColorRole.Text), colors, faded)
        return self._look

    def _picked_look(self, look: Look, picked: NDArray[np.bool_] | None) -> Look:
        """Groups that are picked and have no colour of their own take that of the words."""
        if picked is None:
            return look
        grey = faint(self.palette())
        colors = tuple(
            look.ring if is_picked and color == grey else color
            for color, is_picked in zip(look.colors, picked.tolist(), strict=True)
        )
        return replace(look, colors=colors)

    def _color(self, place: int) -> QColor:
        return self._looks().colors[int(self._scene.groups[place])]

    def paintEvent(self, _event: QPaintEvent) -> None:
        look, ratio = self._looks(), self.devicePixelRatioF()
        if self._image is None:
            picked = self._picked if self._mask is None else None
            seen_as = self._picked_look(look, picked)
            self._image = self._raster.drawn(self._scene, self._camera, ratio, seen_as, self._mask, picked)
        painter = QPainter(self)
        painter.drawImage(0, 0, self._image)
        busy = self._paint_pictures(painter, look, ratio)
        if not busy and self._mask is None:
            names = self._names
            names.paint(painter, self._scene, self._camera, self.font(), look.ring, look.ground, ratio, busy)
        self._paint_current(painter, look)
        self._area.paint(painter, self.palette())
        if self._shows_focus and self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        if self._hovered is not None and not self._area.is_open:
            self._paint_hovered(painter, self._hovered)
        painter.end()
        self._want()

    def _paint_pictures(self, painter: QPainter, look: Look, ratio: float) -> list[QRectF]:
        side = picture_side(self._camera)
        self._pictures.begin_frame()
        painted = []
        for spot in self._seen_spots():
            group = int(self._scene.groups[spot.place])
            selected = self._mask is not None and bool(self._mask[spot.place])
            stands_back = (self._mask is not None and not selected) or (
                self._mask is None and self._picked is not None and not self._picked[group]
            )
            color = look.ring if selected else look.colors[group]
            picture = self._pictures.pixmap(spot.content_id, side, color, look.ground, ratio, strong=selected)
            if picture is not None:
                painter.setOpacity(0.35 if stands_back else 1.0)
                painter.drawPixmap(spot.rect.topLeft(), picture)
                painted.append(spot.rect)
        painter.setOpacity(1.0)
        return painted

    def _paint_current(self, painter: QPainter, look: Look) -> None:
        place = self._current_place()
        at = self._at(place)
        if at is None or place is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((look.ground, 5.0), (theme.color("accent"), 2.5 if self.hasFocus() else 1.5)):
            painter.setPen(QPen(color, width))
            spot = next((spot for spot in self._seen_spots() if spot.place == place), None)
            if spot is not None and self._pictures.image(spot.content_id) is not None:
                painter.drawRoundedRect(spot.rect.adjusted(-2, -2, 2, 2), 6, 6)
            else:
                radius = max(6.0, self._raster.radius_px + 3.5)
                painter.drawEllipse(at, radius, radius)
        painter.setPen(Qt.PenStyle.NoPen)

    def _paint_hovered(self, painter: QPainter, place: int) -> None:
        at = self._at(place)
        if at is None:
            return
        content_id, color = self._scene.content_id(place), self._color(place)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(color)
        painter.setPen(QPen(theme.color("base"), 1.5))
        radius = self._raster.radius_px + 2.5
        painter.drawEllipse(at, radius, radius)
        row = self._pictures.row(content_id)
        if row is not None:
            image = self._pictures.image(content_id)
            map_card.paint(painter, at, QRectF(self.rect()), self._words(place), image, color, self.font())

    def _words(self, place: int) -> list[str]:
        row = self._pictures.row(self._scene.content_id(place))
        colours = self._scene.colours
        group = group_name(colours.legend[int(self._scene.groups[place])], colours.kind)
        return map_card.words(row, group) if row is not None else []

    def _want(self) -> None:
        """Fetch what is seen: what is hovered and current first."""
        first = [place for place in (self._hovered, self._current_place()) if place is not None]
        wanted = [self._scene.content_id(place) for place in first]
        self._pictures.want([*wanted, *(spot.content_id for spot in self._seen_spots())])

    def resizeEvent(self, event: QResizeEvent) -> None:
        was_fitted = self._is_fitted
        self._look_from(self._camera.resized(self.width(), self.height()))
        if was_fitted:
            self.fit()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in _LOOKS and hasattr(self, "_area"):
            self._look = None
            self._repaint()
        super().changeEvent(event)
