"""The line in the inspector that says why a picture stands out; a click finds what is like it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from desktop.ui import icons, theme
from desktop.ui.insight_words import About
from desktop.ui.ports import ReadPort
from desktop.ui.reasons import Reasons

_ICON_PX, _GAP_PX, _PADDING_PX = 16, 6, 4
_FLAGS = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap


class InsightLine(QAbstractButton):
    """As high as its words need; away where there is nothing to say. GUI thread."""

    def __init__(self, read: ReadPort) -> None:
        super().__init__()
        self.reasons = Reasons(read, "reason", self)
        self._content_id: int | None = None
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(self.tr("Find pictures similar to this one"))
        self.setAccessibleDescription(self.tr("Find pictures similar to this one"))
        self.hide()

    def set_model_ref(self, ref: str) -> None:
        """Speak of the neighbourhoods of another model."""
        self.reasons.set_model_ref(ref)
        self.refresh()

    def look_for(self, about: About) -> None:
        """Say another thing: the pictures are looked through for something else."""
        if about != self.reasons.about:
            self.reasons.about = about
            self.refresh()

    def show_content(self, content_id: int | None) -> None:
        """Speak of another content, or (None) of none."""
        if content_id != self._content_id:
            self._content_id = content_id
            self._say("")
            self.refresh()

    def moved(self) -> None:
        """Labels moved, or more pictures were compared; what is said stays until it is known better."""
        self.reasons.forget()
        self.refresh()

    def refresh(self) -> None:
        """Ask again for what is shown."""
        if self._content_id is not None:
            self.reasons.tell(self._content_id, self._told)

    def _told(self, content_id: int, line: str) -> None:
        if content_id == self._content_id:
            self._say(line)

    def _say(self, line: str) -> None:
        self.setText(line)
        self.setAccessibleName(line)
        self.setVisible(bool(line))
        self.updateGeometry()
        self.update()

    # As high as the words need

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        room = QRect(0, 0, max(40, self._words_width(width)), 10_000)
        words = self.fontMetrics().boundingRect(room, int(_FLAGS.value), self.text())
        return max(_ICON_PX, words.height()) + 2 * _PADDING_PX

    def sizeHint(self) -> QSize:
        return QSize(120, self.heightForWidth(max(120, self.width())))

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self.heightForWidth(max(60, self.width())))

    def _words_width(self, width: int) -> int:
        return width - 2 * _PADDING_PX - _ICON_PX - _GAP_PX

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self.updateGeometry()

    def enterEvent(self, event: object) -> None:
        super().enterEvent(event)  # type: ignore[arg-type]
        self.update()

    def leaveEvent(self, event: object) -> None:
        super().leaveEvent(event)  # type: ignore[arg-type]
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = self.rect().adjusted(1, 1, -1, -1)
        painter.setPen(QPen(theme.color("accent"), 1) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("hover" if self.underMouse() or self.isDown() else "tint"))
        painter.drawRoundedRect(ground, 5, 5)
        sign = icons.pixmap("info", theme.color("link"), _ICON_PX, self.devicePixelRatioF())
        painter.drawPixmap(_PADDING_PX, _PADDING_PX, sign)
        painter.setPen(theme.color("text"))
        left = _PADDING_PX + _ICON_PX + _GAP_PX
        words = QRect(left, _PADDING_PX, self._words_width(self.width()), self.height() - 2 * _PADDING_PX)
        painter.drawText(words, int(_FLAGS.value), self.text())
        painter.end()
