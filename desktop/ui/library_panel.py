"""The left side: everything, sources, classes with counts, problems."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from engine.schemas.library import Facets

_KEY = Qt.ItemDataRole.UserRole
_MOST_CLASSES = 500


class LibraryPanel(QTreeWidget):
    """Counts to choose from. Emits what was chosen: ("all", None), ("source", id), ("class", name), ("problems", None)."""

    chosen = Signal(str, object)
    removeSourceRequested = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderHidden(True)
        self.setColumnCount(2)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.setIndentation(12)
        self.setRootIsDecorated(False)
        self.setAccessibleName(self.tr("Library"))
        self._items: dict[tuple[str, object], QTreeWidgetItem] = {}
        self._all = self._add(None, ("all", None), self.tr("All pictures"))
        self._problems = self._add(None, ("problems", None), self.tr("Problems"))
        self._problems.setHidden(True)
        self._sources = self._heading(self.tr("Sources"))
        self._classes = self._heading(self.tr("Classes"))
        self.setCurrentItem(self._all)
        self.currentItemChanged.connect(self._tell)

    def show_facets(self, facets: Facets) -> None:
        """Show new counts, keeping the choice."""
        self._count(self._all, facets.n_all)
        self._count(self._problems, facets.n_problems)
        self._problems.setHidden(facets.n_problems == 0)
        self._fill(self._sources, [(("source", s.id), s.title, s.n_contents, s.path) for s in facets.sources])
        classes = facets.classes[:_MOST_CLASSES]
        self._fill(self._classes, [(("class", c.class_name), c.class_name, c.n, c.class_name) for c in classes])

    def choose_all(self) -> None:
        """Go back to everything."""
        self.setCurrentItem(self._all)

    def _heading(self, text: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem(self, [text])
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        faint = self.palette().placeholderText()
        item.setForeground(0, faint)
        item.setExpanded(True)
        item.setHidden(True)
        return item

    def _add(self, parent: QTreeWidgetItem | None, key: tuple[str, object], text: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem(parent if parent is not None else self, [text, ""])
        item.setData(0, _KEY, key)
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight)
        self._items[key] = item
        return item

    def _fill(self, heading: QTreeWidgetItem, rows: list[tuple[tuple[str, object], str, int, str]]) -> None:
        wanted = {key for key, *_ in rows}
        for i in reversed(range(heading.childCount())):
            child = heading.child(i)
            assert child is not None
            kind, value = child.data(0, _KEY)
            key = (kind, value)
            if key not in wanted:
                if self.currentItem() is child:
                    self.choose_all()
                heading.takeChild(i)
                del self._items[key]
        for place, (key, text, n, tip) in enumerate(rows):
            item = self._items.get(key)
            if item is None:
                item = self._add(heading, key, text)
                item.setToolTip(0, tip)
            elif heading.indexOfChild(item) != place and key[0] == "class" and item is not self.currentItem():
                heading.takeChild(heading.indexOfChild(item))
                heading.insertChild(place, item)
            self._count(item, n)
        heading.setHidden(not rows)
        heading.setExpanded(True)

    def _count(self, item: QTreeWidgetItem, n: int) -> None:
        text = f"{n:,}"
        if item.text(1) != text:
            item.setText(1, text)

    def _tell(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and item.data(0, _KEY):
            kind, value = item.data(0, _KEY)
            self.chosen.emit(kind, value)

    def contextMenuEvent(self, event: object) -> None:
        item = self.itemAt(event.pos())  # type: ignore[attr-defined]
        key = item.data(0, _KEY) if item is not None else None
        if key and key[0] == "source":
            from PySide6.QtWidgets import QMenu

            menu = QMenu(self)
            menu.addAction(
                self.tr("Remove from the library (files stay)"), lambda: self.removeSourceRequested.emit(key[1])
            )
            menu.popup(event.globalPos())  # type: ignore[attr-defined]
