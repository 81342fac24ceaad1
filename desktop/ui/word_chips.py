"""The words of a search, as chips beside the wells: those to look for, and those with a minus."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QLineEdit

from desktop.ui import theme
from desktop.ui.plain_text import printable
from desktop.ui.strip import Strip
from desktop.ui.word_query import WordQuery, parsed, typed

_HEIGHT_PX, _PADDING_PX, _GAP_PX, _CROSS_PX, _SIGN_PX, _WIDEST_PX, _LEAST_PX = 28, 9, 5, 14, 14, 190, 44
_FIELD_PX = 260
_TYPING_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2)
_OWN_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


@dataclass(frozen=True, slots=True)
class _Chip:
    words: str
    is_minus: bool


class _Field(QLineEdit):
    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        # The chips would take it for a wish to type anew.
        event.accept()


class WordChips(Strip):
    """Chips to look at and take out; away where a search has no words. GUI thread."""

    changed = Signal(object)  # WordQuery: what is left after a person took one out, or what was typed in their place

    def __init__(self) -> None:
        super().__init__()
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
        return _query(self.things)

    def show_words(self, query: WordQuery) -> None:
        """Show these."""
        chips = [_Chip(words, side is query.minus) for side in (query.plus, query.minus) for words in side]
        self.put(chips, self.current)
        self.setVisible(bool(chips))

    # Where they lie

    def sizeHint(self) -> QSize:
        width = _FIELD_PX if self.field.isVisibleTo(self) else self._total(_WIDEST_PX)
        return QSize(width, _HEIGHT_PX + 2)

    def minimumSizeHint(self) -> QSize:
        n = 3 if self.field.isVisibleTo(self) else max(1, len(self.things))
        return QSize(n * (_LEAST_PX + _GAP_PX), _HEIGHT_PX + 2)

    def _natural(self, chip: _Chip) -> int:
        extra = 2 * _PADDING_PX + _CROSS_PX + 4 + (_SIGN_PX if chip.is_minus else 0)
        return self.fontMetrics().horizontalAdvance(printable(chip.words)) + extra

    def _total(self, widest: int) -> int:
        return sum(min(widest, self._natural(chip)) + _GAP_PX for chip in self.things)

    def _widths(self) -> list[int]:
        """As wide as the words, or, where there is no room, the long ones narrower."""
        widest = _WIDEST_PX
        while widest > _LEAST_PX and self._total(widest) > self.width():
            widest -= 2
        return [min(widest, self._natural(chip)) for chip in self.things]

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

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place, chip in enumerate(() if self.field.isVisible() else self.things):
            self._paint(painter, place, chip)
        painter.end()

    def _paint(self, painter: QPainter, place: int, chip: _Chip) -> None:
        area = QRectF(self.rect_of(place)).adjusted(0.5, 0.5, -0.5, -0.5)
        current = self.hasFocus() and place == self.current
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
        if place == self.hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("hover"))
            painter.drawEllipse(cross)
        painter.setPen(QPen(theme.color("text" if place == self.hovered else "faint"), 1.3, c=Qt.PenCapStyle.RoundCap))
        for arm in (QPointF(2.8, 2.8), QPointF(2.8, -2.8)):
            painter.drawLine(cross.center() - arm, cross.center() + arm)

    # Mouse and keys

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.place_at(event.position()) >= 0:
            self.type_anew()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _TYPING_KEYS:
            self.type_anew()
        else:
            super().keyPressEvent(event)

    def is_ours(self, event: QKeyEvent) -> bool:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return plain and event.key() in _OWN_KEYS

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

    def take_out(self, place: int) -> None:
        self.changed.emit(_query(chip for at, chip in enumerate(self.things) if at != place))

    # In words

    def words_of(self, place: int) -> str:
        if place < 0:
            return ""
        chip = self.things[place]
        text = self.tr("Not “{0}”") if chip.is_minus else self.tr("Pictures of “{0}”")
        return text.format(printable(chip.words))

    def described(self) -> str:
        if not self.things:
            return ""
        place = self.tr("{0}, {1} of {2}. Delete takes it out, Enter types them anew.")
        return place.format(self.words_of(self.current), self.current + 1, len(self.things))


def _query(chips: Iterable[_Chip]) -> WordQuery:
    rows = list(chips)
    return WordQuery(
        tuple(chip.words for chip in rows if not chip.is_minus), tuple(chip.words for chip in rows if chip.is_minus)
    )
