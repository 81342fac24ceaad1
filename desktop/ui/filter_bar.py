"""The top: search, filters, order, model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QIcon, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
    QWidget,
)

from desktop.ui import icons, theme
from desktop.ui.combo import ClassCombo, Combo
from desktop.ui.library_panel import source_titles
from desktop.ui.plain_text import printable, tooltip
from desktop.ui.view_switch import ViewSwitch
from engine.schemas.library import Facets, Only, Query

_TYPING_MS = 80
_MOST_FIRST = ("outlier", "unique", "mistake")
_FIELDS_GIVE_PX = 120  # the search, the classes and the model, before a word goes
_SPIN_EXTRA_PX = 34  # margins and the two arrows


class FilterBar(QWidget):
    """Holds the whole filter and the order. Emits `changed` when a person moves them. GUI thread."""

    changed = Signal()
    left = Signal()  # Enter in the search: the keys should go to what was found
    modelChosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("filterBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._build_fields()
        self._lay_out()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_TYPING_MS)
        self._soon.timeout.connect(self._tell)
        self.search.textChanged.connect(lambda _text: self._soon.start())
        self.search.returnPressed.connect(self._search_done)
        for box in (self.low, self.high):
            box.valueChanged.connect(lambda _value: self._soon.start())
        self.sort.currentIndexChanged.connect(lambda _index: self._turn_naturally())
        for combo in (self.source, self.labelled, self.only, self.sort):
            combo.currentIndexChanged.connect(lambda _index: self._tell())
        self.class_name.currentIndexChanged.connect(lambda _index: self._tell())
        self.direction.toggled.connect(self._turned)
        self.clear_button.clicked.connect(self.clear_by_hand)
        self.model.activated.connect(lambda _index: self.modelChosen.emit(self.model.currentData()))
        self._show_state()

    def _build_fields(self) -> None:
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setToolTip(self.tr("Search in file names and labels (/)"))
        self.search.setClearButtonEnabled(True)
        self._glass = QAction(self.search)
        self.search.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self.search.setMinimumWidth(112)
        self.class_name = ClassCombo(self.tr("Any class"))
        self.source = Combo(12, 11)
        self.source.addItem(self.tr("All sources"), None)
        self.labelled = Combo(12, 11)
        for text, state in (
            (self.tr("Any label"), "any"),
            (self.tr("Labelled"), "labelled"),
            (self.tr("Not labelled"), "unlabelled"),
            (self.tr("Rejected"), "rejected"),
        ):
            self.labelled.addItem(text, state)
        self.only = Combo(11, 8)
        for text, only in (
            (self.tr("All kinds"), "all"),
            (self.tr("Outliers"), "outliers"),
            (self.tr("Likely mistakes"), "mistakes"),
        ):
            self.only.addItem(text, only)
        self.only.setToolTip(
            self.tr("Only pictures unlike all others, or labels at odds with those of similar pictures")
        )
        self.low, self.high = QSpinBox(), QSpinBox()
        for box, value in ((self.low, 0), (self.high, 100)):
            box.setRange(0, 100)
            box.setSingleStep(5)
            box.setValue(value)
            box.setSuffix("\N{NO-BREAK SPACE}%")
            box.setFixedWidth(box.fontMetrics().horizontalAdvance("100\N{NO-BREAK SPACE}%") + _SPIN_EXTRA_PX)
            box.lineEdit().setTextMargins(5, 0, 0, 0)
        self.sort = Combo(10, 8)
        for text, key in (
            (self.tr("As added"), "added"),
            (self.tr("Name"), "name"),
            (self.tr("Time"), "time"),
            (self.tr("Confidence"), "confidence"),
            (self.tr("Margin"), "margin"),
            (self.tr("Class"), "class"),
            (self.tr("Outliers"), "outlier"),
            (self.tr("Uniqueness"), "unique"),
            (self.tr("Likely mistakes"), "mistake"),
        ):
            self.sort.addItem(text, key)
        # In its place while pictures stand by how alike they are: that is no order to choose.
        self.by_likeness = Combo(10, 8)
        self.by_likeness.addItem(self.tr("Likeness"))
        self.by_likeness.setEnabled(False)
        self.by_likeness.hide()
        self._stood_out = False
        self.direction = QToolButton()
        self.direction.setCheckable(True)
        self.direction.setToolTip(self.tr("Turn the order round"))
        icons.set_icon(self.direction, "ascending")
        self.view = ViewSwitch()
        self.clear_button = QPushButton()
        self.clear_button.setProperty("quiet", True)
        self.clear_button.setText(self.tr("Clear"))
        self.clear_button.setToolTip(self.tr("Show everything again (Ctrl+Shift+F)"))
        self.count = QLabel()
        self.count.setProperty("role", "faint")
        self.model = Combo(17, 9, Qt.TextElideMode.ElideMiddle)
        self.model.setToolTip(self.tr("The model that answers"))
        for widget, name in (
            (self.search, self.tr("Search")),
            (self.class_name, self.tr("Class")),
            (self.source, self.tr("Source")),
            (self.labelled, self.tr("Label state")),
            (self.only, self.tr("What stands out")),
            (self.low, self.tr("Lowest confidence")),
            (self.high, self.tr("Highest confidence")),
            (self.sort, self.tr("Order")),
            (self.by_likeness, self.tr("Order")),
            (self.direction, self.tr("Descending order")),
            (self.clear_button, self.tr("Clear the filter")),
            (self.model, self.tr("Model")),
        ):
            widget.setAccessibleName(name)
            if not widget.toolTip():
                widget.setToolTip(name)
        self.class_name.line().setAccessibleName(self.tr("Class"))

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 7, 10, 7)
        layout.setSpacing(6)
        layout.addWidget(self.search, 1)
        layout.addWidget(self.class_name)
        layout.addWidget(self.source)
        layout.addWidget(self.labelled)
        layout.addWidget(self.only)
        layout.addSpacing(4)
        confidence, order, model = (
            _caption(text) for text in (self.tr("Confidence"), self.tr("Order"), self.tr("Model"))
        )
        layout.addWidget(confidence)
        layout.addWidget(self.low)
        dash = _caption("\N{EN DASH}")
        layout.addWidget(dash)
        layout.addWidget(self.high)
        layout.addWidget(self.clear_button)
        layout.addWidget(self.count)
        layout.addSpacing(6)
        layout.addWidget(order)
        layout.addWidget(self.sort)
        layout.addWidget(self.by_likeness)
        layout.addWidget(self.direction)
        layout.addWidget(self.view)
        layout.addSpacing(4)
        layout.addWidget(model)
        layout.addWidget(self.model)
        # What goes first when the window is narrow: bare percentages say least of themselves, the panel chooses sources as
        # well, the View menu has what stands out, and the line at the bottom the model.
        self._captions = (model, order, confidence)
        self._spare = (self.only, self.source, self.count, self.model)
        self._range = (self.low, dash, self.high)

    # What it says

    def query(self, model_ref: str) -> Query:
        """Return what should be shown, and in which order."""
        low, high = self.low.value(), self.high.value()
        return Query(
            source_id=self.source.currentData(),
            class_name=self.class_name.chosen(),
            confidence_min=min(low, high) / 100,
            confidence_max=max(low, high) / 100,
            labelled=self.labelled.currentData(),
            only=self.only.currentData(),
            text=self.search.text().strip(),
            sort=self.sort.currentData(),
            descending=self.direction.isChecked(),
            model_ref=model_ref,
        )

    def is_filtering(self) -> bool:
        """Tell whether anything could be left out."""
        query = self.query("")
        return query != replace(Query(), sort=query.sort, descending=query.descending)

    # What it is told

    def clear(self) -> None:
        """Let everything through. Does not emit `changed`."""
        with QSignalBlocker(self):
            self.search.clear()
            self.labelled.setCurrentIndex(0)
            self.only.setCurrentIndex(0)
            self.low.setValue(0)
            self.high.setValue(100)
            self.set_place(None, None)
            self._soon.stop()
        self._show_state()

    def take_text(self) -> None:
        """Empty the search field: what was typed is looked for in another way. Does not emit `changed`."""
        with QSignalBlocker(self):
            self.search.clear()
            self._soon.stop()
        self._show_state()

    def set_place(self, source_id: int | None, class_name: str | None) -> None:
        """Choose a source and a class, as the panel says. Does not emit `changed`."""
        with QSignalBlocker(self.source), QSignalBlocker(self.class_name):
            self.source.setCurrentIndex(max(0, self.source.findData(source_id)))
            self.class_name.choose(class_name)
        self._show_state()

    def set_query(self, query: Query) -> None:
        """Put filter and order as they were. Does not emit `changed`."""
        with QSignalBlocker(self):
            self.search.setText(query.text)
            self.labelled.setCurrentIndex(self.labelled.findData(query.labelled))
            self.only.setCurrentIndex(self.only.findData(query.only))
            self.low.setValue(round(100 * query.confidence_min))
            self.high.setValue(round(100 * query.confidence_max))
            self.set_place(query.source_id, query.class_name)
            self.set_order(query.sort, query.descending)
            self._soon.stop()
        self._show_state()

    def set_only(self, only: Only) -> None:
        """Choose what stands out, as a person would."""
        self.only.setCurrentIndex(self.only.findData(only))

    def set_order(self, sort: str, descending: bool) -> None:
        """Choose the order, as it was kept. Does not emit `changed`."""
        with QSignalBlocker(self):
            self.sort.setCurrentIndex(max(0, self.sort.findData(sort)))
            self.direction.setChecked(descending)

    def show_by_likeness(self, on: bool, *, picks: bool = False) -> None:
        """Say that pictures stand by how alike they are, or how much they differ, or in the chosen order again."""
        alike, differ = self.tr("The most alike come first"), self.tr("Those that differ most come first")
        self.by_likeness.setItemText(0, self.tr("Difference") if picks else self.tr("Likeness"))
        back = self.tr("Escape goes back to all pictures")
        self.by_likeness.setToolTip(f"{differ if picks else alike}; {back}")
        self.sort.setVisible(not on)
        self.by_likeness.setVisible(on)
        self.direction.setEnabled(not on)

    def show_facets(self, facets: Facets) -> bool:
        """Offer the sources and classes there are; True where the chosen source is gone."""
        chosen = self.source.currentData()
        titles = source_titles(facets.sources)
        rows = [(self.tr("All sources"), None), *((titles[source.id], source.id) for source in facets.sources)]
        if rows != [(self.source.itemText(i), self.source.itemData(i)) for i in range(self.source.count())]:
            with QSignalBlocker(self.source):
                self.source.clear()
                for text, value in rows:
                    self.source.addItem(text, value)
                for row, source in enumerate(facets.sources, 1):
                    self.source.setItemData(row, tooltip(printable(source.path)), Qt.ItemDataRole.ToolTipRole)
                self.source.setCurrentIndex(max(0, self.source.findData(chosen)))
        self.class_name.offer([row.class_name for row in facets.classes])
        self._show_state()
        return chosen is not None and self.source.currentData() is None

    def show_models(self, models: Sequence[tuple[str, str]], active: str) -> None:
        """Offer models as (title, ref)."""
        with QSignalBlocker(self.model):
            self.model.clear()
            for title, ref in models:
                self.model.addItem(ref, ref)
                self.model.setItemData(self.model.count() - 1, title, Qt.ItemDataRole.ToolTipRole)
            self.model.setCurrentIndex(self.model.findData(active))
        self.model.setToolTip(self.tr("The model that answers: {0}").format(active))

    def model_refs(self) -> list[str]:
        """Return the models there are to choose from."""
        return [self.model.itemData(i) for i in range(self.model.count())]

    def show_count(self, n_shown: int, n_all: int) -> None:
        """Say how many pass."""
        shown, total = f"{n_shown:,}", f"{max(n_all, n_shown):,}"
        words = self.tr("{0} of {1}")
        self.count.setText(words.format(shown, total) if self.is_filtering() else "")
        # Its room is there before the first filter, so that nothing moves aside when one is set.
        room_px = self.count.fontMetrics().horizontalAdvance(words.format(total, total)) + 2
        if room_px != self.count.minimumWidth():
            self.count.setFixedWidth(room_px)
            self._fit()

    # Inside

    def _tell(self) -> None:
        self._soon.stop()
        self._show_state()
        self.changed.emit()

    def _search_done(self) -> None:
        if self._soon.isActive():
            self._tell()
        self.left.emit()

    def _turn_naturally(self) -> None:
        """Who asks for outliers wants to see those that stand out most; the arrow is for who wants the others."""
        stands_out = self.sort.currentData() in _MOST_FIRST
        if stands_out != self._stood_out:
            self._stood_out = stands_out
            with QSignalBlocker(self.direction):
                self.direction.setChecked(stands_out)
            icons.set_icon(self.direction, "descending" if stands_out else "ascending")

    def _turned(self, descending: bool) -> None:
        icons.set_icon(self.direction, "descending" if descending else "ascending")
        self._tell()

    def clear_by_hand(self) -> None:
        """Let everything through, as a person would."""
        self.clear()
        self.changed.emit()

    def _show_state(self) -> None:
        """Mark what is filtering by its frame, so that nobody wonders where the pictures went."""
        self.clear_button.setEnabled(self.is_filtering())
        for widget, active in (
            (self.source, self.source.currentIndex() > 0),
            (self.labelled, self.labelled.currentIndex() > 0),
            (self.only, self.only.currentIndex() > 0),
            (self.class_name, self.class_name.chosen() is not None),
            (self.low, self.low.value() > 0),
            (self.high, self.high.value() < 100),
            (self.search, bool(self.search.text().strip())),
        ):
            if widget.property("active") != active:
                widget.setProperty("active", active)
                widget.style().unpolish(widget)
                widget.style().polish(widget)
                if widget in (*self._spare, *self._range):
                    self._fit()  # what filters is seen, though there was no room for it before

    def _fit(self) -> None:
        """Leave out what has no room."""
        layout = self.layout()
        assert layout is not None
        for widget in (*self._captions, *self._spare, *self._range):
            widget.setVisible(True)
        self.view.set_wordy(True)
        self.view.set_wordy(layout.totalSizeHint().width() <= self.width())
        for caption in self._captions:
            # What order and model are is seen without a word; bare percentages say little, and fields give way to theirs.
            gives_px = _FIELDS_GIVE_PX if caption is self._captions[-1] else 0
            caption.setVisible(layout.totalSizeHint().width() - gives_px <= self.width())
        for widget in self._spare:
            filters = widget in (self.only, self.source) and widget.currentIndex() > 0
            widget.setVisible(filters or layout.totalMinimumSize().width() <= self.width())
        confident = self.low.value() > 0 or self.high.value() < 100 or self.low.hasFocus() or self.high.hasFocus()
        shows_range = confident or layout.totalMinimumSize().width() <= self.width()
        for widget in self._range:
            widget.setVisible(shows_range)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: object) -> None:
        super().changeEvent(event)  # type: ignore[arg-type]
        if getattr(self, "_glass", None) is not None:
            self._glass.setIcon(QIcon(icons.pixmap("search", theme.color("faint"), 16, self.devicePixelRatioF())))


def _caption(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "faint")
    return label
