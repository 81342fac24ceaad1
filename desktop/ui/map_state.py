"""What lies over the map while there is none, or while it is being made: progress, a reason, a way on."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout

from engine.errors import LightdeskError

_WIDTH_PX = 360
_STEPS = 1000


class MapState(QFrame):
    """A card over the map. GUI thread."""

    cancelRequested = Signal()
    retryRequested = Signal()
    laterRequested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("mapState")
        self.title, self.text = QLabel(), QLabel()
        self.text.setProperty("role", "faint")
        for label in (self.title, self.text):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.text.setFixedWidth(_WIDTH_PX)
        strong = self.title.font()
        strong.setWeight(QFont.Weight.DemiBold)
        self.title.setFont(strong)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, _STEPS)
        self.bar.setAccessibleName(self.tr("Progress of the map"))
        self.button, self.later = QPushButton(self.tr("Cancel")), QPushButton(self.tr("Not now"))
        self.button.clicked.connect(self._pressed)
        self.later.clicked.connect(lambda _checked: self.laterRequested.emit())
        self._retries = False
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.later, self.button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)
        layout.setSpacing(8)
        for part in (self.title, self.text, self.bar):
            layout.addWidget(part)
        layout.addLayout(buttons)
        self.hide()

    def show_progress(self, fraction: float, *, over_a_map: bool) -> None:
        """Say how far the map is; `over_a_map`: a first one can be seen already."""
        self.title.setText(self.tr("Making the map…"))
        text = self.tr("Pictures that look alike are being moved together. You can look around meanwhile.")
        first = self.tr("Pictures that look alike will lie together.")
        self.text.setText(text if over_a_map else first)
        self.bar.setValue(round(fraction * _STEPS))
        self._offer(self.tr("Cancel"), retries=False)
        self.bar.show()
        self._appear()

    def show_failure(self, error: LightdeskError) -> None:
        """Say why there is no map."""
        self.title.setText(self.tr("The map could not be made"))
        self.text.setText(str(error))
        self._offer(self.tr("Try again"), retries=True)
        self.bar.hide()
        self._appear()

    def show_cancelled(self, *, over_a_map: bool) -> None:
        """Say that the map was given up; `over_a_map`: a first one can be seen."""
        self.title.setText(self.tr("The map was cancelled"))
        first = self.tr("What you see is a first draft, in which less of what looks alike lies together.")
        again = self.tr("It can be made again at any time; it is kept from then on.")
        self.text.setText(f"{first} {again}" if over_a_map else again)
        self._offer(self.tr("Make the map"), retries=True)
        self.later.setVisible(over_a_map)
        self.bar.hide()
        self._appear()

    def show_outgrown(self) -> None:
        """Say that the map is worth making anew, and leave it to the person."""
        self.title.setText(self.tr("Make the map anew?"))
        self.text.setText(
            self.tr(
                "There are four times as many pictures now as when it was laid out. Those that have come since lie "
                "among the others where they fit best."
            )
        )
        self._offer(self.tr("Make it anew"), retries=True)
        self.later.show()
        self.bar.hide()
        self._appear()

    def show_few(self, reason: str) -> None:
        """Say that there are too few pictures for a map, or that there can be none for a reason."""
        self.title.setText(self.tr("No map yet"))
        wait = self.tr("A map begins with three pictures that the model has looked at. They appear here by themselves.")
        self.text.setText(reason or wait)
        self.bar.hide()
        self._offer_nothing()
        self._appear()

    def show_nothing(self) -> None:
        """Say that there is nothing to lay out."""
        self.title.setText(self.tr("Nothing to show on a map yet"))
        self.text.setText(self.tr("No picture that passes the filter has been looked at by the model."))
        self.bar.hide()
        self._offer_nothing()
        self._appear()

    def _offer_nothing(self) -> None:
        self.button.hide()
        self.later.hide()

    def _offer(self, text: str, *, retries: bool) -> None:
        self._retries = retries
        self.button.setText(text)
        self.button.show()
        self.later.hide()

    def _appear(self) -> None:
        self.setAccessibleName(self.title.text())
        self.setAccessibleDescription(self.text.text())
        self.adjustSize()
        self.show()
        self.raise_()

    def _pressed(self) -> None:
        (self.retryRequested if self._retries else self.cancelRequested).emit()
