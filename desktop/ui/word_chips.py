"""The words of a search, as chips beside the wells: those to look for, and those with a minus."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QToolTip, QWidget

from desktop.ui import theme
from desktop.ui.plain_text import printable, tooltip
from desktop.ui.word_query import WordQuery, parsed, typed

_HEIGHT_PX, _PADDING_PX, _GAP_PX, _CROSS_PX, _SIGN_PX, _WIDEST_PX, _LEAST_PX = 28, 9, 5, 14, 14, 190, 44
_FIELD_PX = 260


@dataclass(frozen=True, slots=True)
class _Chip:
    words: str
    is_minus: bool


class _Field(QLineEdit):
    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        # The chips would take it for a wish to type anew.
        event.accept()


class WordChips(QWidget):
    """Chips to look at and take out; away where a search has no words. GUI thread."""

    changed = Signal(object)  # WordQuery: what is left after a person took one out, or what was typed in their place

    def __init__(self) -> None:
        super().__init__()
        self._chips: tuple[_Chip, ...] = ()
        self._current = 0
        self._hovered = -1
        self._pressed = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Words"))
        self.field = _Field(self)
        self.field.setAccessibleName(self.tr("Words to look for; a minus before a word for what should not be there"))
        self.field.setToolTip(self.field.accessibleName())
        self.field.returnPressed.connect(self._take_typed)
        self.field.editingFinished.connect(self._end_typing)
        self.field.hide()
        self.hide()

    @property
    def query(self) -> WordQuery:
        """The words that are shown."""
        return _query(self._chips)

    def show_words(self, query: WordQuery) -> None:
        """Show these."""
        self._chips = tuple(
            _Chip(words, side is query.minus) for side in (query.plus, query.minus) for words in side
        )  # fmt: skip
        self._current = min(self._current, max(0, len(self._chips) - 1))
        self._hovered = self._pressed = -1
        self._describe()
        self.setVisible(bool(self._chips))
        self.updateGeometry()
        self.update()

    # Where they lie

    def sizeHint(self) -> QSize:
        width = _FIELD_PX if self.field.isVisibleTo(self) else self._total(_WIDEST_PX)
        return QSize(width, _HEIGHT_PX + 2)

    def minimumSizeHint(self) -> QSize:
        n = 3 if self.field.isVisibleTo(self) else max(1, len(self._chips))
        return QSize(n * (_LEAST_PX + _GAP_PX), _HEIGHT_PX + 2)

    def _natural(self, chip: _Chip) -> int:
        extra = 2 * _PADDING_PX + _CROSS_PX + 4 + (_SIGN_PX if chip.is_minus else 0)
        return self.fontMetrics().horizontalAdvance(printable(chip.words)) + extra

    def _total(self, widest: int) -> int:
        return sum(min(widest, self._natural(chip)) + _GAP_PX for chip in self._chips)

    def _widths(self) -> list[int]:
        """As wide as the words, or, where there is no room, the long ones narrower."""
        widest = _WIDEST_PX
        while widest > _LEAST_PX and self._total(widest) > self.width():
            widest -= 2
        return [min(widest, self._natural(chip)) for chip in self._chips]

    def rect_of(self, place: int) -> QRect:
        """Return where a chip lies."""
        widths = self._widths()
        left = sum(widths[:place]) + place * _GAP_PX
        return QRect(left, (self.height() - _HEIGHT_PX) // 2, widths[place], _HEIGHT_PX)

    def cross_of(self, place: int) -> QRect:
        """Return where a click takes it out."""
        chip = self.rect_of(place)
        left = chip.right() - _PADDING_PX - _CROSS_PX + 4
        return QRect(left, chip.center().y() - _CROSS_PX // 2, _CROSS_PX, _CROSS_PX)

    def _place_at(self, point: QPointF) -> int:
        at = point.toPoint()
        return next((place for place in range(len(self._chips)) if self.rect_of(place).contains(at)), -1)

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place, chip in enumerate(() if self.field.isVisible() else self._chips):
            self._paint(painter, place, chip)
        painter.end()

    def _paint(self, painter: QPainter, place: int, chip: _Chip) -> None:
        area = QRectF(self.rect_of(place)).adjusted(0.5, 0.5, -0.5, -0.5)
        current = self.hasFocus() and place == self._current
        line = theme.color("accent" if current or not chip.is_minus else "strong_line")
        painter.setPen(QPen(line, 2 if current else 1))
        painter.setBrush(theme.color("card" if chip.is_minus else "tint"))
        painter.drawRoundedRect(area, _HEIGHT_PX / 2, _HEIGHT_PX / 2)
        words = area.adjusted(_PADDING_PX, 0, -_PADDING_PX - _CROSS_PX - 2, 0)
        if chip.is_minus:
            # Not by colour alone.
            middle = QPointF(words.left() + 4, words.center().y())
            painter.setPen(QPen(theme.color("text"), 1.8, c=Qt.PenCapStyle.RoundCap))
            painter.drawLine(middle - QPointF(4, 0), middle + QPointF(4, 0))
            words.setLeft(words.left() + _SIGN_PX)
        painter.setPen(theme.color("text"))
        shown = self.fontMetrics().elidedText(printable(chip.words), Qt.TextElideMode.ElideRight, int(words.width()))
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        cross = QRectF(self.cross_of(place))
        if place == self._hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("hover"))
            painter.drawEllipse(cross)
        painter.setPen(QPen(theme.color("text" if place == self._hovered else "faint"), 1.3, c=Qt.PenCapStyle.RoundCap))
        for arm in (QPointF(2.8, 2.8), QPointF(2.8, -2.8)):
            painter.drawLine(cross.center() - arm, cross.center() + arm)

    # Mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._place_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def _hover(self, place: int) -> None:
        if place != self._hovered:
            self._hovered = place
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position())
        self._pressed = -1
        if place < 0:
            return
        middle = event.button() == Qt.MouseButton.MiddleButton
        if middle or self.cross_of(place).contains(event.position().toPoint()):
            self._pressed = place
        self._go_to(place)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, -1
        if pressed >= 0 and self._place_at(event.position()) == pressed:
            self._take_out(pressed)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._place_at(event.position()) >= 0:
            self.type_anew()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(key)
        if step is not None and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self._go_to(self._current + step)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self._chips:
            self._take_out(self._current)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2):
            self.type_anew()
        else:
            event.ignore()

    # Typing in their place

    def type_anew(self) -> None:
        """Let the words be typed anew: Enter takes them, and who goes elsewhere leaves them as they were."""
        self.field.setText(typed(self.query))
        self.field.show()
        self.field.setFocus()
        self.field.selectAll()
        self.updateGeometry()
        self.update()

    def _take_typed(self) -> None:
        words = parsed(self.field.text())
        self._end_typing()
        self.setFocus()
        self.changed.emit(words)

    def _end_typing(self) -> None:
        self.field.hide()
        self.updateGeometry()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.field.setGeometry(self.rect())

    def _take_out(self, place: int) -> None:
        self.changed.emit(_query(chip for at, chip in enumerate(self._chips) if at != place))

    def _go_to(self, place: int) -> None:
        self._current = max(0, min(place, len(self._chips) - 1))
        self._describe()
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self._place_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), tooltip(self._name(place) if place >= 0 else ""), self)
            return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            ours = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
            if plain and event.key() in ours:
                event.accept()
                return True
        return super().event(event)

    # In words

    def _name(self, place: int) -> str:
        chip = self._chips[place]
        text = self.tr("Not “{0}”") if chip.is_minus else self.tr("Pictures of “{0}”")
        return text.format(printable(chip.words))

    def _describe(self) -> None:
        if not self._chips:
            self.setAccessibleDescription("")
            return
        place = self.tr("{0}, {1} of {2}. Delete takes it out, Enter types them anew.")
        self.setAccessibleDescription(place.format(self._name(self._current), self._current + 1, len(self._chips)))


def _query(chips: Iterable[_Chip]) -> WordQuery:
    rows = list(chips)
    return WordQuery(
        tuple(chip.words for chip in rows if not chip.is_minus), tuple(chip.words for chip in rows if chip.is_minus)
    )
