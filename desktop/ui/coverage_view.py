"""The page that shows what labels cover: classes with few, groups without any, and what to label next."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.coverage_classes import ClassList
from desktop.ui.coverage_clusters import ClusterList
from desktop.ui.facts import ElidedLabel
from desktop.ui.plain_text import breakable
from desktop.ui.ports import ThumbnailPort
from engine.errors import LightdeskError
from engine.schemas.insight import ClassCoverage, Cluster, Coverage

_PICKED, _MOST_PICKED = 50, 1000


class CoverageView(QWidget):
    """GUI thread. What is shown is asked for by `desktop.ui.coverage_desk`."""

    classChosen = Signal(str)
    clusterChosen = Signal(object)  # Cluster
    pickRequested = Signal(int)  # so many that differ most
    againRequested = Signal()

    def __init__(self, thumbnails: ThumbnailPort) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Coverage"))
        self._thumbnails = thumbnails
        self._keys: dict[int, str] = {}
        self.classes = ClassList()
        self.clusters = ClusterList(thumbnails.peek)
        self.classes.chosen.connect(lambda row: self.classChosen.emit(row.class_name))
        self.clusters.chosen.connect(self.clusterChosen)
        thumbnails.subscribe(self._pictures_came)
        self._build_head()
        self._lay_out()
        self.show_busy(again=False)

    def _build_head(self) -> None:
        self.title = QLabel(self.tr("Coverage"))
        font = QFont(self.title.font())
        font.setPointSizeF(font.pointSizeF() * 1.2)
        font.setWeight(QFont.Weight.DemiBold)
        self.title.setFont(font)
        self.state = ElidedLabel()
        self.state.setProperty("role", "faint")
        self.again = QPushButton(self.tr("Look again"))
        self.again.setToolTip(self.tr("Look again at what labels cover"))
        self.again.clicked.connect(lambda: self.againRequested.emit())
        self.number = QSpinBox()
        self.number.setRange(1, _MOST_PICKED)
        self.number.setValue(_PICKED)
        self.number.setFixedWidth(self.number.fontMetrics().horizontalAdvance("1000") + 38)
        self.number.setAccessibleName(self.tr("How many to pick"))
        self.number.lineEdit().returnPressed.connect(self._pick)
        self.pick = QPushButton(self.tr("Pick those that differ most"))
        self.pick.setProperty("primary", True)
        tip = self.tr("Pictures without a label that differ most from each other, and from all that have one")
        self.pick.setToolTip(tip)
        self.pick.setAccessibleDescription(tip)
        self.pick.clicked.connect(lambda: self._pick())
        self.meter = QProgressBar()
        self.meter.setRange(0, 0)
        self.meter.setTextVisible(False)
        self.meter.setAccessibleName(self.tr("Looking at what labels cover"))
        # It comes and goes without moving what lies under the mouse.
        policy = self.meter.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.meter.setSizePolicy(policy)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(14, 10, 12, 4)
        head.setSpacing(8)
        for widget, stretch in (
            (self.title, 0),
            (self.state, 1),
            (self.again, 0),
            (self.number, 0),
            (self.pick, 0),
        ):
            head.addWidget(widget, stretch)
        self._classes_head, self._clusters_head = ElidedLabel(), ElidedLabel()
        both = QSplitter(Qt.Orientation.Horizontal)
        both.setChildrenCollapsible(False)
        for heading, content in ((self._classes_head, self.classes), (self._clusters_head, self.clusters)):
            heading.setProperty("role", "faint")
            half = QWidget()
            column = QVBoxLayout(half)
            column.setContentsMargins(0, 4, 0, 0)
            column.setSpacing(4)
            line = QHBoxLayout()
            line.setContentsMargins(16, 0, 12, 0)
            line.addWidget(heading)
            column.addLayout(line)
            column.addWidget(content, 1)
            both.addWidget(half)
        both.setStretchFactor(0, 2)
        both.setStretchFactor(1, 3)
        both.setSizes([300, 460])
        self.message = QLabel()
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setWordWrap(True)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setProperty("role", "faint")
        self.message.setContentsMargins(48, 0, 48, 40)
        self._both = both
        self._pages = QStackedWidget()
        for page in (self.message, both):
            self._pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.meter)
        layout.addWidget(self._pages, 1)
        self.setFocusProxy(self.classes)

    # What is shown

    def show_busy(self, *, again: bool) -> None:
        """It is being looked at; what was there before stays in sight, and can be used, where it is looked at again."""
        self.meter.show()
        self.again.setEnabled(False)
        self._say_state(self.tr("Looking…"))
        if not again:
            self._say(self.tr("Looking at what labels cover…"))

    def show_coverage(self, coverage: Coverage) -> None:
        """Show what was found."""
        self.meter.hide()
        self.again.setEnabled(True)
        self._say_state("")
        # Names of one count as in a dictionary, capitals or not.
        rows = sorted(coverage.classes, key=lambda row: (row.n_labelled, row.n, row.class_name.casefold()))
        self.classes.show_rows(rows)
        self.clusters.show_rows(coverage.clusters)
        self._head_classes(coverage.classes)
        self._head_clusters(coverage.clusters)
        self._keys = {}
        has_any = bool(coverage.classes or coverage.clusters)
        self.pick.setEnabled(has_any)
        self.number.setEnabled(has_any)
        if has_any:
            self._pages.setCurrentWidget(self._both)
        else:
            self._say(self.tr("The model has not looked at any of the pictures that pass the filter yet."))

    def show_failure(self, error: LightdeskError) -> None:
        """Say why it could not be looked at."""
        self.meter.hide()
        self.again.setEnabled(True)
        self._say_state("")
        self._say(str(error))

    def mark_stale(self) -> None:
        """Labels or pictures moved since."""
        self._say_state(self.tr("Labels or pictures have changed since"))

    def show_keys(self, keys: dict[int, str]) -> None:
        """Take the digests of the pictures in the middle of groups, and wish for their thumbnails."""
        self._keys = keys
        self._wish()

    def _wish(self) -> None:
        if self._keys:
            self._thumbnails.want(list(self._keys.items()))

    def _pictures_came(self, content_ids: list[int]) -> None:
        if self.isVisible() and not self._keys.keys().isdisjoint(content_ids):
            self.clusters.viewport().update()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._wish()

    def _say(self, text: str) -> None:
        self.message.setText(breakable(text))
        self.message.setAccessibleName(text)
        self._pages.setCurrentWidget(self.message)

    def _say_state(self, text: str) -> None:
        self.state.show_text(text)

    def _head_classes(self, rows: Sequence[ClassCoverage]) -> None:
        n_none = sum(not row.n_labelled for row in rows)
        if len(rows) == 1:
            self._classes_head.show_text(self.tr("1 class"))
        elif n_none:
            text = self.tr("{0} classes, {1} without a label")
            self._classes_head.show_text(text.format(f"{len(rows):,}", f"{n_none:,}"))
        else:
            self._classes_head.show_text(self.tr("{0} classes, those with few labels first").format(f"{len(rows):,}"))

    def _head_clusters(self, rows: Sequence[Cluster]) -> None:
        n_none = sum(not row.n_labelled for row in rows)
        if len(rows) == 1:
            self._clusters_head.show_text(self.tr("1 group that lies together"))
        elif n_none:
            text = self.tr("{0} groups that lie together, {1} without a label")
            self._clusters_head.show_text(text.format(f"{len(rows):,}", f"{n_none:,}"))
        else:
            text = self.tr("{0} groups that lie together, those with few labels first")
            self._clusters_head.show_text(text.format(f"{len(rows):,}"))

    def _pick(self) -> None:
        if self.pick.isEnabled():
            self.pickRequested.emit(self.number.value())
