"""What the camera wrote into the file, read when a person unfolds it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from desktop.ui.exif_words import exif_facts
from desktop.ui.facts import Fact, FactTable
from desktop.ui.ports import EnginePort
from engine.errors import LightdeskError


class CameraData(QWidget):
    """A heading that unfolds, and rows under it. GUI thread; the file is read elsewhere."""

    unfolded = Signal()  # by a person, and with something in it

    def __init__(self, engine: EnginePort) -> None:
        super().__init__()
        self._engine = engine
        self._content_id: int | None = None
        self._asked: int | None = None
        self._fresh = False
        self.button = QToolButton()
        self.button.setText(self.tr("Camera data"))
        self.button.setCheckable(True)
        self.button.setProperty("heading", True)
        self.button.setArrowType(Qt.ArrowType.RightArrow)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.toggled.connect(self._turn)
        self.rows = FactTable(self.tr("Camera data"))
        self.rows.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.button)
        layout.addWidget(self.rows)

    def set_content(self, content_id: int | None) -> None:
        """Another picture: nothing is known of it yet."""
        self._content_id, self._asked = content_id, None
        self.rows.show_facts([])

    def load(self) -> None:
        """Read the file, where a person wants to see this; for a picture that stays for a while."""
        content_id = self._content_id
        if content_id is None or content_id == self._asked or not self.button.isChecked():
            return
        self._asked = content_id
        self._engine.compute(
            "exif",
            content_id,
            done=lambda fields: self._came(content_id, exif_facts(fields)),
            failed=lambda error: self._failed(content_id, error),
        )

    def _turn(self, shown: bool) -> None:
        self.button.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self.rows.setVisible(shown)
        self._fresh = shown
        if shown and self._content_id is not None and self._asked == self._content_id:
            self._show(())
        self.load()

    def _came(self, content_id: int, facts: list[Fact]) -> None:
        if content_id == self._content_id:
            self._show(facts or [Fact("", self.tr("The file holds none."))])

    def _failed(self, content_id: int, error: LightdeskError) -> None:
        if content_id == self._content_id:
            # The drive may be back when it is unfolded again.
            self._asked = None
            self._show([Fact("", error.message, tip=str(error))])

    def _show(self, facts: Sequence[Fact]) -> None:
        """Show rows (none: those that are there)."""
        if facts:
            self.rows.show_facts(facts)
        if self._fresh:
            self._fresh = False
            self.unfolded.emit()
