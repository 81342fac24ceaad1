"""Small print: names and values in two columns, long values elided, some with a button."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from desktop.ui import icons
from desktop.ui.plain_text import tooltip


@dataclass(frozen=True, slots=True)
class Fact:
    """One row.

    Attributes
    ----------
    icon, action, action_name
        A button at the end of the row; its name is its tooltip and what a screen reader says.
    """

    name: str
    value: str
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight
    tip: str = ""
    icon: str = ""
    action: Callable[[], None] | None = None
    action_name: str = ""


class ElidedLabel(QLabel):
    """A line of text that gives way; the tooltip has all of it."""

    def __init__(self, mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__()
        self._mode = mode
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def show_text(self, text: str, tip: str = "", mode: Qt.TextElideMode | None = None) -> None:
        """Show a text."""
        self._mode = self._mode if mode is None else mode
        self.setText(text)
        self.setToolTip(tooltip(tip or text))
        self.setAccessibleName(text)
        self.updateGeometry()

    def shown_text(self) -> str:
        """Return the text as it is painted."""
        return self.fontMetrics().elidedText(self.text(), self._mode, self.width())

    def minimumSizeHint(self) -> QSize:
        return QSize(20, self.fontMetrics().height() + 2)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()), self.fontMetrics().height() + 2)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        # The style sheet sets the colour of the role; its placeholder colour is half transparent, and too faint to read.
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.shown_text())
        painter.end()


class FactTable(QWidget):
    """Rows of facts; widgets are made once and used again. GUI thread."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self._rows: list[tuple[QLabel, ElidedLabel, QToolButton]] = []
        self._facts: Sequence[Fact] = ()

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show these rows."""
        self._facts = facts
        while len(self._rows) < len(facts):
            self._add_row()
        for i, (name, value, button) in enumerate(self._rows):
            shown = i < len(facts)
            for widget in (name, value):
                widget.setVisible(shown)
            button.setVisible(shown and facts[i].action is not None)
            if shown:
                fact = facts[i]
                name.setText(fact.name)
                name.setVisible(bool(fact.name))
                value.show_text(fact.value, fact.tip, fact.elide)
                if fact.action is not None:
                    icons.set_icon(button, fact.icon)
                    button.setToolTip(fact.action_name)
                    button.setAccessibleName(fact.action_name)
        said = (f"{fact.name}: {fact.value}" if fact.name else fact.value for fact in facts)
        self.setAccessibleDescription("; ".join(said))

    def _add_row(self) -> None:
        i = len(self._rows)
        name, value, button = QLabel(), ElidedLabel(), QToolButton()
        name.setProperty("role", "faint")
        button.setAutoRaise(True)
        button.clicked.connect(lambda: self._act(i))
        for column, widget in enumerate((name, value, button)):
            self._grid.addWidget(widget, i, column)
        self._rows.append((name, value, button))

    def _act(self, i: int) -> None:
        action = self._facts[i].action if i < len(self._facts) else None
        if action is not None:
            action()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()
        super().changeEvent(event)
