"""What really runs the model, and how far it is."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QPushButton

from desktop.ui import theme
from desktop.ui.plain_text import tooltip
from engine.schemas.device import ModelState

_DOT_PX = 10
_GAP_PX = 4  # between the dot and the words


class DeviceBadge(QPushButton):
    """The right end of the bottom. A word says what the dot's colour says. GUI thread."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("quiet", True)
        self.setIconSize(QSize(_DOT_PX + _GAP_PX, _DOT_PX))
        self._state = ModelState("absent", "")
        self._tone = "faint"
        self.show_state(self._state)

    def show_state(self, state: ModelState) -> None:
        """Show a state of the model."""
        self._state = state
        device = state.device
        if state.phase == "ready" and device is not None:
            tone, text = "ready", f"{state.model_ref}  \N{MIDDLE DOT}  {device.title}"
            if device.fallback_reason:
                tone, text = "busy", self.tr("{0} (fallback)").format(text)
        else:
            tone = {"failed": "error", "absent": "faint"}.get(state.phase, "busy")
            text = {
                "absent": self.tr("No model"),
                "building": self.tr("Building the model…"),
                "loading": self.tr("Loading the model…"),
                "warming": self.tr("Warming up…"),
                "ready": self.tr("Ready"),
                "failed": self.tr("Model failed"),
            }[state.phase]
            if state.phase == "building" and state.progress is not None:
                text = f"{text} {state.progress:.0%}"
        self._tone = tone
        self.setText(text.replace("&", "&&"))
        self.setToolTip(tooltip(self.details()))
        self.setAccessibleName(self.tr("Device: {0}").format(text))
        self.setAccessibleDescription(self.details().replace("\n", ". "))
        self._draw()

    def details(self) -> str:
        """Return all that is known, a line each."""
        state, device = self._state, self._state.device
        lines = [state.model_ref, state.message]
        if device is not None:
            lines += [device.title, device.runtime, device.fallback_reason or ""]
        return "\n".join(line for line in lines if line)

    def _draw(self) -> None:
        ratio = self.devicePixelRatioF()
        dot = QPixmap(round((_DOT_PX + _GAP_PX) * ratio), round(_DOT_PX * ratio))
        dot.setDevicePixelRatio(ratio)
        dot.fill(Qt.GlobalColor.transparent)
        painter = QPainter(dot)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.color(self._tone)))
        left = 1 + (_GAP_PX if self.layoutDirection() == Qt.LayoutDirection.RightToLeft else 0)
        painter.drawEllipse(left, 1, _DOT_PX - 2, _DOT_PX - 2)
        painter.end()
        self.setIcon(QIcon(dot))

    def changeEvent(self, event: object) -> None:
        super().changeEvent(event)  # type: ignore[arg-type]
        if hasattr(self, "_tone"):
            self._draw()
