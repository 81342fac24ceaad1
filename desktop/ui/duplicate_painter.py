"""Draws groups of duplicates: the lines over a group, and its tiles."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPen, QPixmap

from desktop.ui import theme
from desktop.ui.duplicates_model import ListedGroup, Member
from desktop.ui.inspector_words import size
from desktop.ui.plain_text import left_to_right

translate = QCoreApplication.translate
_PADDING_PX = 6
_PICTURE_SHARE = 0.7
_CAPTION_GAP_PX = 6
_LINES = 4
_RADIUS_PX = 6.0
_PILL_PX = 20
_HEAD_GAP_PX = 3
_BUTTON_PX = 24
_CHIP_GAP_PX = 6
_DOT = "  \N{MIDDLE DOT}  "


def kind_title(group: ListedGroup) -> str:
    """Return what a group is, and how many are in it."""
    n = len(group.members)
    text = {
        "exact": translate("Duplicates", "One picture in {0} files"),
        "near": translate("Duplicates", "{0} copies of one picture"),
        "similar": translate("Duplicates", "{0} shots of one scene"),
    }[group.kind]
    return text.format(f"{n:,}")


def reason(group: ListedGroup) -> str:
    """Return in one line which one the rules would keep, and why."""
    if group.kind == "exact":
        return translate(
            "Duplicates", "The same bytes in each file. The library has them as one picture, with one label."
        )
    kept, proposal = group.proposed, group.found.proposal
    if kept is None or proposal is None:
        return ""
    return translate("Duplicates", "Keep {0}. {1}").format(left_to_right(kept.name), proposal.reason)


def facts_of(member: Member) -> list[str]:
    """Return what the lines under a picture say: measures, folder, sharpness and label."""
    known = member.facts
    lines = ["", member.folder, ""]
    if known is not None:
        pixels = left_to_right(f"{known.width} \N{MULTIPLICATION SIGN} {known.height}")
        lines[0] = f"{pixels}{_DOT}{left_to_right(size(known.size_bytes))}"
        if known.sharpness is not None:
            lines[2] = translate("Duplicates", "Sharpness {0}").format(f"{known.sharpness:,.0f}")
    return lines


class DuplicatePainter:
    """Paints with one font, size and theme; made anew when these change. GUI thread.

    Parameters
    ----------
    ratio
        Device pixels of a logical pixel.
    """

    def __init__(self, font: QFont, tile_width: int, ratio: float) -> None:
        self.ratio, self.tile_width = ratio, tile_width
        self._font = font
        self._metrics = QFontMetrics(font)
        self._strong = QFont(font)
        self._strong.setWeight(QFont.Weight.DemiBold)
        self._strong_metrics = QFontMetrics(self._strong)
        self._picture_height = round((tile_width - 2 * _PADDING_PX) * _PICTURE_SHARE)
        self._line_px = self._metrics.height() + 1
        self.tile_height = 2 * _PADDING_PX + self._picture_height + _CAPTION_GAP_PX + _LINES * self._line_px

    # Tiles

    def tile(self, member: Member, image: QImage | None) -> QPixmap:
        """Return a tile as an opaque picture; `image` may not be there yet."""
        picture = QPixmap(round(self.tile_width * self.ratio), round(self.tile_height * self.ratio))
        picture.setDevicePixelRatio(self.ratio)
        picture.fill(theme.color("base"))
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = QRect(_PADDING_PX, _PADDING_PX, self.tile_width - 2 * _PADDING_PX, self._picture_height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("card"))
        painter.drawRoundedRect(place, 4, 4)
        if image is not None and not image.isNull():
            self._image(painter, place, image)
        if member.is_proposed:
            self._pill(painter, QPoint(place.left() + 6, place.top() + 6), translate("Duplicates", "Keep"))
        self._caption(painter, place, member)
        painter.end()
        return picture

    def frame(self, painter: QPainter, cell: QRect, *, focus: bool) -> None:
        """Draw around the current tile; without the focus the keys go elsewhere, and the line is thinner."""
        width = 2.0 if focus else 1.0
        inset = width / 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("accent"), width))
        painter.drawRoundedRect(QRectF(cell).adjusted(inset, inset, -inset, -inset), _RADIUS_PX, _RADIUS_PX)

    def _image(self, painter: QPainter, place: QRect, image: QImage) -> None:
        scale = min(place.width() / image.width(), place.height() / image.height(), 2.0)
        width, height = max(1, round(image.width() * scale)), max(1, round(image.height() * scale))
        target = QRect(
            place.left() + (place.width() - width) // 2, place.top() + (place.height() - height) // 2, width, height
        )
        device = target.size() * self.ratio
        if device.width() < image.width():
            smooth = Qt.TransformationMode.SmoothTransformation
            image = image.scaled(device, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, image)

    def _pill(self, painter: QPainter, at: QPoint, text: str) -> None:
        pill = QRectF(at.x(), at.y(), self._strong_metrics.horizontalAdvance(text) + 16, _PILL_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawRoundedRect(pill, _PILL_PX / 2, _PILL_PX / 2)
        painter.setPen(theme.color("on_accent"))
        painter.setFont(self._strong)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)

    def _caption(self, painter: QPainter, place: QRect, member: Member) -> None:
        measures, folder, sharpness = facts_of(member)
        top = place.bottom() + 1 + _CAPTION_GAP_PX
        line = QRect(place.left(), top, place.width(), self._line_px)
        left, middle, right = Qt.AlignmentFlag.AlignLeft, Qt.TextElideMode.ElideMiddle, Qt.TextElideMode.ElideRight
        text, faint = theme.color("text"), theme.color("faint")
        name_font = self._strong if member.is_proposed else self._font
        self._text(painter, line, member.name, text, name_font, middle)
        self._text(painter, line.translated(0, self._line_px), measures, faint, self._font, right)
        self._text(
            painter, line.translated(0, 2 * self._line_px), folder, faint, self._font, Qt.TextElideMode.ElideLeft
        )
        last = line.translated(0, 3 * self._line_px)
        room = last.width()
        if member.label is not None:
            shown = f"\N{CHECK MARK} {member.label}"
            both = self._metrics.horizontalAdvance(sharpness) + self._strong_metrics.horizontalAdvance(shown) + 12
            # A label is what must not get lost: the sharpness gives way to it.
            sharpness = sharpness if both <= room else ""
            area = last.adjusted(self._metrics.horizontalAdvance(sharpness) + 12 if sharpness else 0, 0, 0, 0)
            painter.setFont(self._strong)
            painter.setPen(theme.color("ready"))
            side = Qt.AlignmentFlag.AlignRight if sharpness else left
            painter.drawText(area, side, self._strong_metrics.elidedText(shown, right, area.width()))
        self._text(painter, last, sharpness, faint, self._font, right)

    def _text(
        self, painter: QPainter, line: QRect, text: str, color: QColor, font: QFont, mode: Qt.TextElideMode
    ) -> None:
        metrics = self._strong_metrics if font is self._strong else self._metrics
        painter.setFont(font)
        painter.setPen(color)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, metrics.elidedText(text, mode, line.width()))

    # The lines over a group

    def head_height(self, *, conflict: bool) -> int:
        """Return how high these lines are: labels at odds have one of their own."""
        lines = max(self._line_px, _BUTTON_PX) + _HEAD_GAP_PX + self._line_px
        return lines + (_HEAD_GAP_PX + _BUTTON_PX if conflict else 0)

    def button_text(self, group: ListedGroup) -> str:
        """Return what the button at the right of a group says; empty where there is nothing to choose."""
        return translate("Duplicates", "Keep the marked one") if group.proposed is not None else ""

    def button(self, head: QRect, group: ListedGroup) -> QRect:
        """Return where that button is."""
        text = self.button_text(group)
        if not text:
            return QRect()
        width = self._metrics.horizontalAdvance(text) + 20
        return QRect(head.right() + 1 - width, head.top(), width, _BUTTON_PX)

    def chips(self, head: QRect, group: ListedGroup) -> list[tuple[str, QRect]]:
        """Return the labels to choose from, where they are at odds, with their places."""
        if not group.is_conflict:
            return []
        x = head.left() + self._metrics.horizontalAdvance(self._conflict_words()) + 10
        top, found = head.bottom() + 1 - _BUTTON_PX, list[tuple[str, QRect]]()
        for label in group.labels:
            shown = self._chip_text(label)
            width = self._metrics.horizontalAdvance(shown) + 20
            if found and x + width > head.right():
                break  # the menu has them all
            found.append((label, QRect(x, top, width, _BUTTON_PX)))
            x += width + _CHIP_GAP_PX
        return found

    def head(
        self,
        painter: QPainter,
        head: QRect,
        group: ListedGroup,
        *,
        current: bool,
        chosen: str | None,
        under_mouse: QPoint | None,
    ) -> None:
        """Draw the lines over a group; `chosen` is the label that the kept one is to have."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        button = self.button(head, group)
        room = head.width() - (button.width() + 12 if not button.isNull() else 0)
        first = QRect(head.left(), head.top(), room, max(self._line_px, _BUTTON_PX))
        painter.setFont(self._strong)
        painter.setPen(theme.color("text"))
        title = self._strong_metrics.elidedText(kind_title(group), Qt.TextElideMode.ElideRight, room)
        painter.drawText(first, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        second = QRect(head.left(), first.bottom() + 1 + _HEAD_GAP_PX - 2, head.width(), self._line_px)
        self._text(painter, second, reason(group), theme.color("faint"), self._font, Qt.TextElideMode.ElideRight)
        if not button.isNull():
            over = under_mouse is not None and button.contains(under_mouse)
            self._button(painter, button, self.button_text(group), filled=current, over=over)
        chips = self.chips(head, group)
        if chips:
            words = QRect(head.left(), chips[0][1].top(), head.width(), _BUTTON_PX)
            painter.setFont(self._font)
            painter.setPen(theme.color("busy"))
            painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._conflict_words())
        for label, place in chips:
            over = under_mouse is not None and place.contains(under_mouse)
            self._button(painter, place, self._chip_text(label), filled=label == chosen, over=over)

    def _button(self, painter: QPainter, place: QRect, text: str, *, filled: bool, over: bool) -> None:
        painter.setPen(QPen(theme.color("accent" if filled else "strong_line" if over else "line"), 1))
        painter.setBrush(theme.color("tint" if filled else "hover" if over else "base"))
        painter.drawRoundedRect(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        painter.setFont(self._font)
        painter.setPen(theme.color("text"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _chip_text(self, label: str) -> str:
        return self._metrics.elidedText(label, Qt.TextElideMode.ElideRight, 220)

    def _conflict_words(self) -> str:
        return translate("Duplicates", "The labels differ. The kept one gets:")
