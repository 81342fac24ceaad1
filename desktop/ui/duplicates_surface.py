"""The virtual list of groups of duplicates: only what is on the screen is drawn, and has its pictures fetched."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea

from desktop.ui import theme
from desktop.ui.duplicate_layout import DuplicateLayout
from desktop.ui.duplicate_painter import DuplicatePainter
from desktop.ui.duplicates_model import DuplicatesModel, Key, ListedGroup, Member
from desktop.ui.ports import ThumbnailPort

_TILE_PX = 184
_MIN_TILE_PX, _MAX_TILE_PX, _ZOOM_STEP_PX = 136, 376, 24
_FETCH_MS = 12
# The grid has wishes of its own: what is still missing here is wished for again.
_WISH_AGAIN_MS = 400
_KEPT_PAGES = 4
_LEAST_KEPT = 120
_MARK_PX = 3
_LOOKS = (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange)


@dataclass(slots=True)
class _Drawn:
    pixmap: QPixmap
    member: Member
    has_image: bool
    painter: DuplicatePainter


class DuplicatesSurface(QAbstractScrollArea):
    """Lays out, fetches and paints; knows no keys and no mouse. GUI thread."""

    def __init__(self, model: DuplicatesModel, thumbnails: ThumbnailPort) -> None:
        super().__init__()
        self._model, self._thumbnails = model, thumbnails
        self._tile_px = _TILE_PX
        self._painter: DuplicatePainter | None = None
        self._tiles: OrderedDict[tuple[int, str], _Drawn] = OrderedDict()
        self._mouse: QPoint | None = None  # in the list, while it is over it
        self._n_members: list[int] = []
        self._layout = DuplicateLayout.of(1, [], [], tile_width=1, tile_height=1)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        # All of it is painted by us: scrolling copies what is there and paints the strip that is new.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._fetch_soon = QTimer(self, singleShot=True, interval=_FETCH_MS)
        self._fetch_soon.timeout.connect(self._wish)
        self._again = QTimer(self, singleShot=True, interval=_WISH_AGAIN_MS)
        self._again.timeout.connect(self._wish)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._fetch_in_a_moment())
        thumbnails.subscribe(self._thumbnails_came)

    # What is shown

    def show_groups(self, groups: list[ListedGroup]) -> None:
        """List these; what the eye rests on stays where it is."""
        resting = self._resting()
        before = self._model.groups
        came_back = self._model.replace(groups)
        self._settle(resting, before)
        if came_back:
            self._reveal(self._model.group)

    def take_off(self, keys: list[Key]) -> None:
        """Groups are dealt with: they go at once."""
        resting = self._resting()
        gone = self._model.take_off(keys)
        self._lay_out()
        if resting is not None and self._model.groups:
            place = min(resting[0] - bisect_left(gone, resting[0]), len(self._model.groups) - 1)
            self.verticalScrollBar().setValue(int(self._layout.tops[place]) - resting[1])
        self._fetch_in_a_moment()
        if self._model.group >= 0:
            self._reveal(self._model.group)

    def measure_again(self) -> None:
        """What stands over groups has changed, or whether it is all there."""
        self._lay_out()

    def reset(self) -> None:
        """Forget everything: another library."""
        self._model.reset()
        self._tiles.clear()
        self._lay_out()
        self.verticalScrollBar().setValue(0)

    def zoom(self, steps: int) -> None:
        """Show tiles larger or smaller, around the current group."""
        width = max(_MIN_TILE_PX, min(_MAX_TILE_PX, self._tile_px + steps * _ZOOM_STEP_PX))
        if width != self._tile_px:
            resting = self._resting()
            self._tile_px, self._painter = width, None
            self._settle(resting, self._model.groups)

    def visible_share_with_thumbnails(self) -> float:
        """Part of the visible tiles that have their picture; for tests and benchmarks."""
        members = list(self._visible_members())
        return sum(self._thumbnails.peek(member.content_id) is not None for member in members) / max(1, len(members))

    def _resting(self) -> tuple[int, int] | None:
        """Return the group that the eye rests on, the current one or the first, with its distance from the top."""
        scroll_px, visible = self._scroll_px, self._layout.visible(self._scroll_px, self._page_px)
        if not visible or (scroll_px == 0 and self._model.group not in visible):
            return None
        place = self._model.group if self._model.group in visible else visible.start
        return place, int(self._layout.tops[place]) - scroll_px

    def _settle(self, resting: tuple[int, int] | None, before: list[ListedGroup]) -> None:
        self._lay_out()
        if resting is not None and self._model.groups:
            place = self._model.place_after(before, resting[0])
            self.verticalScrollBar().setValue(int(self._layout.tops[place]) - resting[1])
        self._fetch_in_a_moment()

    # Geometry

    @property
    def _scroll_px(self) -> int:
        return self.verticalScrollBar().value()

    @property
    def _page_px(self) -> int:
        return self.viewport().height()

    def _on_screen(self, rect: QRect) -> QRect:
        return rect.translated(0, -self._scroll_px)

    def _visible_members(self, pages_after: int = 0) -> list[Member]:
        visible = self._layout.visible(self._scroll_px, self._page_px * (1 + pages_after))
        bottom = self._scroll_px + self._page_px * (1 + pages_after)
        return [
            member
            for place in visible
            for at, member in enumerate(self._model.groups[place].members)
            if self._layout.tile(place, at).bottom() >= self._scroll_px and self._layout.tile(place, at).top() <= bottom
        ]

    def _lay_out(self) -> None:
        painter = self._dressed()
        groups, bar = self._model.groups, self.verticalScrollBar()
        heads = painter.head_height(conflict=False), painter.head_height(conflict=True)
        self._n_members = [len(group.members) for group in groups]
        self._layout = DuplicateLayout.of(
            self.viewport().width(),
            self._n_members,
            [heads[group.is_conflict] for group in groups],
            tile_width=painter.tile_width,
            tile_height=painter.tile_height,
        )
        bar.setPageStep(max(1, self._page_px - painter.tile_height // 3))
        bar.setSingleStep(max(1, painter.tile_height // 4))
        bar.setRange(0, max(0, self._layout.height_px - self._page_px))
        bar.setEnabled(bar.maximum() > 0)
        self.viewport().update()

    def _reveal(self, place: int, member: int = 0) -> None:
        """Scroll so that a group is seen, or at least its head or the tile."""
        group, bar = self._layout.group(place), self.verticalScrollBar()
        if group.height() > self._page_px and member:
            group = self._layout.tile(place, member).adjusted(0, -12, 0, 12)
        if group.top() < bar.value() or group.height() > self._page_px:
            bar.setValue(group.top() - 4)
        elif group.bottom() > bar.value() + self._page_px:
            bar.setValue(group.bottom() - self._page_px)

    # Fetching

    def _fetch_in_a_moment(self) -> None:
        if not self._fetch_soon.isActive():
            self._fetch_soon.start()

    def _wish(self) -> None:
        if not self.isVisible():
            return
        wanted = {(member.content_id, member.sha256) for member in self._visible_members() if member.sha256}
        later = {(member.content_id, member.sha256) for member in self._visible_members(1) if member.sha256} - wanted
        self._thumbnails.want([*sorted(wanted), *sorted(later)])
        if any(self._thumbnails.peek(content_id) is None for content_id, _sha in wanted):
            self._again.start()

    def _thumbnails_came(self, content_ids: list[int]) -> None:
        if self.isVisible():
            came = set(content_ids)
            for place in self._layout.visible(self._scroll_px, self._page_px):
                for at, member in enumerate(self._model.groups[place].members):
                    if member.content_id in came:
                        self.viewport().update(self._on_screen(self._layout.tile(place, at)))

    # Painting

    def _dressed(self) -> DuplicatePainter:
        ratio = self.devicePixelRatioF()
        if self._painter is None or self._painter.ratio != ratio:
            self._painter = DuplicatePainter(self.font(), self._tile_px, ratio)
        return self._painter

    def paintEvent(self, event: QPaintEvent) -> None:
        tiles = self._dressed()
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), theme.color("base"))
        region = event.region()
        visible = self._layout.visible(self._scroll_px, self._page_px)
        n_drawn = 0
        for place in visible:
            group = self._model.groups[place]
            if not region.intersects(self._on_screen(self._layout.group(place))):
                continue
            self._paint_frame(painter, place)
            head = self._on_screen(self._layout.head(place))
            mouse = self._mouse - QPoint(0, self._scroll_px) if self._mouse is not None else None
            chosen = self._model.label_of(group)
            current = place == self._model.group
            tiles.head(painter, head, group, current=current, chosen=chosen, under_mouse=mouse)
            for at, member in enumerate(group.members):
                cell = self._on_screen(self._layout.tile(place, at))
                if region.intersects(cell):
                    painter.drawPixmap(cell.topLeft(), self._tile(tiles, member))
                    n_drawn += 1
                    if current and at == self._model.member:
                        tiles.frame(painter, cell, focus=self.hasFocus())
        painter.end()
        kept = max(_LEAST_KEPT, _KEPT_PAGES * n_drawn)
        while len(self._tiles) > kept:
            self._tiles.popitem(last=False)

    def _paint_frame(self, painter: QPainter, place: int) -> None:
        """Draw what parts a group from the next, and the mark of the current one."""
        group = self._on_screen(self._layout.group(place))
        if place + 1 < len(self._layout):
            painter.setPen(theme.color("line"))
            y = group.bottom() - 10
            painter.drawLine(self._layout.head(place).left(), y, self._layout.head(place).right(), y)
        if place == self._model.group:
            top = self._on_screen(self._layout.head(place)).top()
            painter.fillRect(QRect(0, top, _MARK_PX, group.bottom() - 22 - top), theme.color("accent"))

    def _tile(self, tiles: DuplicatePainter, member: Member) -> QPixmap:
        key = (member.content_id, member.path)
        drawn, image = self._tiles.get(key), self._thumbnails.peek(member.content_id)
        # An image that has left memory since is still on the tile.
        fresh = drawn is not None and drawn.painter is tiles and drawn.member == member
        if drawn is None or not fresh or (image is not None and not drawn.has_image):
            drawn = self._tiles[key] = _Drawn(tiles.tile(member, image), member, image is not None, tiles)
        self._tiles.move_to_end(key)
        return drawn.pixmap

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        if self._mouse is not None:
            self._mouse = None  # what was under it has gone away with its colours
            self.viewport().update()
        else:
            self.viewport().scroll(dx, dy)

    def resizeEvent(self, event: QResizeEvent) -> None:
        resting = self._resting()
        self._settle(resting, self._model.groups)
        super().resizeEvent(event)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._fetch_in_a_moment()

    def changeEvent(self, event: QEvent) -> None:
        # While the base class is being made there is nothing to lay out.
        if event.type() in _LOOKS and getattr(self, "_layout", None) is not None:
            self._painter = None
            self._lay_out()
        super().changeEvent(event)
