"""One line under the filters for what a person should know: an error with its way out, a notice, never a box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from desktop.ui import icons, theme
from desktop.ui.plain_text import breakable
from engine.errors import LightdeskError
from engine.schemas.device import ModelState

Way = tuple[str, Callable[[], None]]


class Banner(QWidget):
    """Hidden until there is something to say. GUI thread."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._sign = QLabel()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._ways = QHBoxLayout()
        self._ways.setSpacing(6)
        self.copy_button = QToolButton()
        self.copy_button.setToolTip(self.tr("Copy this message"))
        self.copy_button.setAccessibleName(self.tr("Copy this message"))
        self.copy_button.clicked.connect(self._copy)
        icons.set_icon(self.copy_button, "copy")
        self.close_button = QToolButton()
        self.close_button.setToolTip(self.tr("Close this message"))
        self.close_button.setAccessibleName(self.tr("Close this message"))
        self.close_button.clicked.connect(self.dismiss)
        icons.set_icon(self.close_button, "cancel")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.setSpacing(8)
        layout.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self.text, 1)
        layout.addLayout(self._ways)
        layout.addWidget(self.copy_button)
        layout.addWidget(self.close_button)
        self._report = ""
        self._kind = "notice"
        self._model_trouble = ""
        self.hide()

    def show_error(self, error: LightdeskError, ways: Sequence[Way] = ()) -> None:
        """Show an error with its way out, until it is closed or another comes."""
        self._show("error", str(error), f"{error.code}: {error}", ways)

    def show_notice(self, text: str, ways: Sequence[Way] = (), *, asked: bool = False) -> None:
        """Show something good to know; an error that is up stays, unless the person has asked."""
        if asked or not (self.isVisible() and self._kind == "error"):
            self._show("notice", text, text, ways)

    def take_back(self, text: str) -> None:
        """Take a notice away, if it is still the one that is up."""
        if self._kind == "notice" and self.text.accessibleName() == text:
            self.dismiss()

    def dismiss(self) -> None:
        """Take it away."""
        self.hide()

    def follow_model(self, state: ModelState) -> None:
        """Take away the words that the model failed, once it is ready."""
        if state.phase == "ready" and self._model_trouble and self.text.accessibleName() == self._model_trouble:
            self.dismiss()
        self._model_trouble = state.message if state.phase == "failed" else ""

    def _show(self, kind: str, text: str, report: str, ways: Sequence[Way]) -> None:
        self._kind, self._report = kind, report
        while (item := self._ways.takeAt(0)) is not None:
            if widget := item.widget():
                widget.deleteLater()
        buttons = [QPushButton(title) for title, _run in ways]
        for button, (_title, run) in zip(buttons, ways, strict=True):
            button.clicked.connect(run)
            self._ways.addWidget(button)
        # New ones come last in the order of the Tab key: back to where they stand, before what copies and closes.
        for first, second in pairwise([self.copy_button, *buttons, self.copy_button, self.close_button]):
            self.setTabOrder(first, second)
        self.text.setText(breakable(text))
        self.text.setAccessibleName(text)
        self.setAccessibleName(text)
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self._draw()
        self.show()
        # Screen readers say it, wherever the keys are.
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def _draw(self) -> None:
        error = self._kind == "error"
        tone = theme.color("error" if error else "accent")
        self._sign.setPixmap(icons.pixmap("warning" if error else "info", tone, 16, self.devicePixelRatioF()))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._report)

    def changeEvent(self, event: object) -> None:
        super().changeEvent(event)  # type: ignore[arg-type]
        if hasattr(self, "_kind"):
            self._draw()
