"""What the page of duplicates says while there is no list, or over it: not looked for, being looked for, none, failed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.facts import ElidedLabel
from desktop.ui.plain_text import breakable

_PICTURE_PX = 64
_TEXT_PX = 460
_METER_PX = 260
_STEPS = 1000


class DuplicatesCard(QWidget):
    """A calm page with a drawing, a sentence and at most one button. GUI thread."""

    beginRequested = Signal()
    stopRequested = Signal()
    kindsRequested = Signal()  # all kinds of groups are to be shown

    def __init__(self) -> None:
        super().__init__()
        self._sign, self.title, self.text = QLabel(), QLabel(), QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        self.title.setFont(font)
        self.text.setProperty("role", "faint")
        self.text.setFixedWidth(_TEXT_PX)
        for label in (self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.meter = QProgressBar()
        self.meter.setTextVisible(False)
        self.meter.setFixedWidth(_METER_PX)
        self.meter.setAccessibleName(self.tr("Progress of looking for duplicates"))
        self._signal: SignalInstance = self.beginRequested
        self.button = QPushButton()
        self.button.clicked.connect(lambda _checked=False: self._signal.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(48, 32, 48, 32)
        layout.setSpacing(12)
        layout.addStretch(4)
        layout.addWidget(self._sign)
        layout.addWidget(self.title)
        # Not by an alignment: with one, a text of several lines gets the height of one.
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(self.text)
        middle.addStretch(1)
        layout.addLayout(middle)
        layout.addSpacing(6)
        layout.addWidget(self.meter, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(5)
        self.setFocusProxy(self.button)
        self.show_absent(can_begin=True)

    def show_absent(self, *, can_begin: bool) -> None:
        """They were not looked for yet."""
        text = self.tr(
            "Lightdesk can look for pictures that are there more than once: the same file in several places, edited or "
            "smaller copies, and other shots of one scene. It works behind everything else, and changes nothing: what is "
            "to be done with what it finds is up to you."
        )
        cannot = self.tr("This library can only be read, and what is found could not be kept.")
        self._say(self.tr("Find duplicates"), text if can_begin else f"{text}\n\n{cannot}")
        self._offer(self.tr("Look for duplicates") if can_begin else "", self.beginRequested, primary=True)

    def show_building(self, fraction: float, note: str) -> None:
        """They are being looked for."""
        text = self.tr("You can go on with something else meanwhile. What is found is kept.")
        self._say(self.tr("Looking for duplicates…"), note or text)
        # Before there is an end in sight the bar only moves.
        self.meter.setRange(0, _STEPS if fraction else 0)
        self.meter.setValue(round(fraction * _STEPS))
        self.meter.show()
        self._offer(self.tr("Cancel"), self.stopRequested)

    def show_none(self, *, all_kinds: bool) -> None:
        """There are none."""
        text = self.tr("Every picture is there once. New ones are looked at as they come.")
        some = self.tr("There are none of the kinds that are chosen above. New pictures are looked at as they come.")
        self._say(self.tr("No duplicates"), text if all_kinds else some)
        self._offer("" if all_kinds else self.tr("Show all kinds"), self.kindsRequested)

    def show_failure(self, reason: str) -> None:
        """They could not be looked for."""
        self._say(self.tr("Duplicates could not be looked for"), breakable(reason))
        self._offer(self.tr("Try again"), self.beginRequested)

    def _say(self, title: str, text: str) -> None:
        self.title.setText(title)
        self.text.setText(text)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.meter.hide()

    def _offer(self, text: str, signal: SignalInstance, *, primary: bool = False) -> None:
        self._signal = signal
        self.button.setText(text)
        self.button.setVisible(bool(text))
        if self.button.property("primary") != primary:
            self.button.setProperty("primary", primary)
            self.button.style().unpolish(self.button)
            self.button.style().polish(self.button)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._draw()

    def changeEvent(self, event: object) -> None:
        super().changeEvent(event)  # type: ignore[arg-type]
        if self.isVisible():
            self._draw()

    def _draw(self) -> None:
        picture = icons.pixmap("duplicates-page", theme.color("strong_line"), _PICTURE_PX, self.devicePixelRatioF())
        self._sign.setPixmap(picture)


class DuplicatesLine(QWidget):
    """One line that says how far the search is, with a way to end it: over a list, or where activity is shown. GUI thread."""

    stopRequested = Signal()
    beginRequested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.meter = QProgressBar()
        self.meter.setTextVisible(False)
        self.meter.setFixedWidth(130)
        self.meter.setAccessibleName(self.tr("Progress of looking for duplicates"))
        self.text = ElidedLabel()
        self._signal: SignalInstance = self.stopRequested
        self.button = QPushButton()
        self.button.setProperty("quiet", True)
        self.button.setAccessibleName(self.tr("Cancel"))
        self.button.clicked.connect(lambda _checked=False: self._signal.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.meter)
        row.addWidget(self.text, 1)
        row.addWidget(self.button)
        self.hide()

    def show_building(self, fraction: float, note: str) -> None:
        """They are being looked for."""
        self.meter.setRange(0, _STEPS if fraction else 0)
        self.meter.setValue(round(fraction * _STEPS))
        self.meter.show()
        words = self.tr("Looking for duplicates")
        if fraction:
            words = self.tr("Looking for duplicates: {0}%").format(f"{fraction * 100:.0f}")
        self.text.show_text(f"{words}. {note}" if note else words)
        icons.set_icon(self.button, "cancel")
        self._offer(self.tr("Cancel"), self.stopRequested)

    def show_failure(self, reason: str) -> None:
        """They could not be looked for any more."""
        self.meter.hide()
        self.text.show_text(reason)
        self._offer(self.tr("Try again"), self.beginRequested)

    def show_stopped(self) -> None:
        """They are not looked for now."""
        self.meter.hide()
        self.text.show_text(self.tr("New pictures are not looked at for duplicates now."))
        self._offer(self.tr("Go on"), self.beginRequested)

    def _offer(self, text: str, signal: SignalInstance) -> None:
        self._signal = signal
        self.button.setText(text)
        self.button.setAccessibleName(f"{text}: {self.text.text()}")
        self.show()
