"""What the page of duplicates is made of: the bar over the list, the pages in the middle, what can be done under it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from desktop.ui.compare_view import CompareView
from desktop.ui.duplicates_list import DuplicatesList
from desktop.ui.duplicates_state import DuplicatesCard, DuplicatesLine
from desktop.ui.keep_rules import KINDS
from desktop.ui.large_preview import LargePreview
from engine.schemas.duplicates import GroupKind

_NARROW_PX = 820


class DuplicatesParts(QWidget):
    """Makes the parts and lays them out; `desktop.ui.duplicates_view.DuplicatesView` lets them work. GUI thread.

    Attributes
    ----------
    kinds
        A button for each kind of group.
    doing
        The buttons under the list by what they ask for.
    """

    def __init__(self, groups: DuplicatesList, large: LargePreview, compared: CompareView) -> None:
        super().__init__()
        self.list, self.large, self.compared = groups, large, compared
        self.card, self.line = DuplicatesCard(), DuplicatesLine()
        self.large.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.large.part_button.hide()
        self.pages = QStackedWidget()
        for page in (self.card, self.list, self.large, self.compared):
            self.pages.addWidget(page)
        self.kinds: dict[GroupKind, QToolButton] = {}
        self.doing: dict[str, QPushButton] = {}
        self.title = QLabel()
        strong = QFont(self.title.font())
        strong.setWeight(QFont.Weight.DemiBold)
        self.title.setFont(strong)
        self.rules_button, self.resolve_button, self.trash_button = QPushButton(), QPushButton(), QPushButton()
        self.rules_button.setToolTip(self.tr("Which one of a group is proposed to be kept"))
        self.resolve_button.setToolTip(self.tr("Show what the rules would do with all groups, and do it"))
        self.trash_button.setToolTip(self.tr("Show the files of hidden copies, and move them to the trash"))
        # Text when there is room, and when there is not.
        self._texts: list[tuple[QPushButton, str, str]] = [
            (self.rules_button, self.tr("Rules…"), self.tr("Rules…")),
            (self.resolve_button, self.tr("Resolve all by the rules…"), self.tr("Resolve all…")),
            (self.trash_button, self.tr("Hidden files to the trash…"), self.tr("Trash…")),
        ]
        self.bar, self.foot = self._make_bar(), self._make_foot()
        over = QHBoxLayout()
        over.setContentsMargins(20, 0, 12, 0)
        over.addWidget(self.line)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addLayout(over)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.foot)
        for part in (self.bar, self.foot):
            part.setMinimumWidth(1)  # else they would keep the window from getting narrow, and never hear of it
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        for button, text, short in self._texts:
            button.setText(text if self.width() >= _NARROW_PX else short)
            button.setAccessibleName(text)

    def _make_bar(self) -> QWidget:
        row = QHBoxLayout()
        row.setContentsMargins(20, 8, 12, 8)
        row.setSpacing(6)
        row.addWidget(self.title)
        row.addSpacing(14)
        texts = {"exact": self.tr("Same file"), "near": self.tr("Copies"), "similar": self.tr("Same scene")}
        for kind in KINDS:
            button = self.kinds[kind] = QToolButton()
            button.setText(texts[kind])
            button.setCheckable(True)
            button.setToolTip(self.tr("Show groups of this kind"))
            button.setProperty("choice", True)
            row.addWidget(button)
        row.addStretch(1)
        for widget in (self.trash_button, self.rules_button, self.resolve_button):
            row.addWidget(widget)
        bar = QWidget()
        bar.setObjectName("duplicatesBar")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        bar.setLayout(row)
        return bar

    def _make_foot(self) -> QWidget:
        row = QHBoxLayout()
        row.setContentsMargins(12, 5, 12, 5)
        row.setSpacing(2)
        for ask, text, key, tip in (
            (
                "keep",
                self.tr("Keep this one"),
                "K",
                self.tr("Keep the current picture, and hide the others of its group"),
            ),
            ("hide", self.tr("Hide"), "H", self.tr("Hide the current picture; its file stays")),
            ("part_one", self.tr("No duplicate"), "S", self.tr("The current picture is no duplicate of the others")),
            ("part_all", self.tr("None are"), "Shift+S", self.tr("No two of this group are duplicates of each other")),
            ("compare", self.tr("Compare"), "C", self.tr("Put the current picture beside the one that is proposed")),
            ("large", self.tr("Large"), "Space", self.tr("Look at the current picture")),
            ("undo", self.tr("Undo"), "U", self.tr("Take the last step back (Ctrl+Z)")),
        ):
            button = self.doing[ask] = QPushButton()
            self._texts.append((button, f"{text} ({key})", text))
            button.setProperty("quiet", True)
            button.setToolTip(tip)
            # A click leaves the keys with the list; Tab comes here.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            if ask == "undo":
                row.addStretch(1)
            row.addWidget(button)
        foot = QWidget()
        foot.setObjectName("duplicatesFoot")
        foot.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        foot.setLayout(row)
        return foot
