"""The top: search, filters, order."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QSpinBox, QToolButton, QWidget

from engine.schemas.library import Query

_TYPING_MS = 150


class FilterBar(QWidget):
    """Holds the filter and order, without source and class. Emits `changed` when they move."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search names and labels (/)"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Search"))
        self.search.setMinimumWidth(180)
        self.labelled = QComboBox()
        self.labelled.setAccessibleName(self.tr("Label state"))
        for text, state in (
            (self.tr("Any label"), "any"),
            (self.tr("Labelled"), "labelled"),
            (self.tr("Not labelled"), "unlabelled"),
            (self.tr("Rejected"), "rejected"),
        ):
            self.labelled.addItem(text, state)
        self.low, self.high = QSpinBox(), QSpinBox()
        for box, value, name in (
            (self.low, 0, self.tr("Lowest confidence")),
            (self.high, 100, self.tr("Highest confidence")),
        ):
            box.setRange(0, 100)
            box.setValue(value)
            box.setSuffix(" %")
            box.setAccessibleName(name)
            box.setToolTip(name)
            box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
            box.setFixedWidth(68)
        self.sort = QComboBox()
        self.sort.setAccessibleName(self.tr("Order"))
        for text, key in (
            (self.tr("As added"), "added"),
            (self.tr("Name"), "name"),
            (self.tr("Time"), "time"),
            (self.tr("Confidence"), "confidence"),
            (self.tr("Margin"), "margin"),
            (self.tr("Class"), "class"),
        ):
            self.sort.addItem(text, key)
        self.direction = QToolButton()
        self.direction.setCheckable(True)
        self.direction.setText("\N{UPWARDS ARROW}")
        self.direction.setAccessibleName(self.tr("Descending order"))
        self.direction.setToolTip(self.tr("Turn the order round"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        layout.addWidget(self.search, 1)
        layout.addWidget(self.labelled)
        layout.addWidget(QLabel(self.tr("Confidence")))
        layout.addWidget(self.low)
        layout.addWidget(QLabel("\N{EN DASH}"))
        layout.addWidget(self.high)
        layout.addWidget(QLabel(self.tr("Order")))
        layout.addWidget(self.sort)
        layout.addWidget(self.direction)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_TYPING_MS)
        self._soon.timeout.connect(self.changed)
        self.search.textChanged.connect(lambda _text: self._soon.start())
        self.low.valueChanged.connect(lambda _value: self._soon.start())
        self.high.valueChanged.connect(lambda _value: self._soon.start())
        self.labelled.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self.sort.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self.direction.toggled.connect(self._turned)

    def applied_to(self, query: Query) -> Query:
        """Return the query with this bar's filter and order."""
        return replace(
            query,
            text=self.search.text(),
            labelled=self.labelled.currentData(),
            confidence_min=self.low.value() / 100,
            confidence_max=self.high.value() / 100,
            sort=self.sort.currentData(),
            descending=self.direction.isChecked(),
        )

    def is_filtering(self) -> bool:
        """Tell whether anything could be left out."""
        query = self.applied_to(Query())
        return query != replace(Query(), sort=query.sort, descending=query.descending)

    def clear(self) -> None:
        """Let everything through."""
        self.search.clear()
        self.labelled.setCurrentIndex(0)
        self.low.setValue(0)
        self.high.setValue(100)

    def _turned(self, descending: bool) -> None:
        self.direction.setText("\N{DOWNWARDS ARROW}" if descending else "\N{UPWARDS ARROW}")
        self.changed.emit()
