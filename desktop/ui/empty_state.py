"""What the middle shows when there are no pictures: a place to drop, a way back, or why a library did not open."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QBoxLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.plain_text import breakable
from engine.errors import ErrorCode, LightdeskError
from engine.schemas.library import Only

_PICTURE_PX = 64


class _Page(QWidget):
    """A picture, a title, a text and buttons in the middle."""

    def __init__(self, drawing: str) -> None:
        super().__init__()
        self._drawing = drawing
        self._sign = QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = QLabel()
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        self.title.setFont(font)
        self.text = QLabel()
        self.text.setProperty("role", "faint")
        for label in (self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(48, 32, 48, 32)
        layout.setSpacing(12)
        layout.addStretch(4)
        layout.addWidget(self._sign)
        layout.addWidget(self.title)
        layout.addWidget(self.text)
        layout.addSpacing(8)
        layout.addLayout(self._buttons)
        layout.addStretch(5)

    def _set_buttons(self, buttons: Sequence[QPushButton]) -> None:
        focus = QApplication.focusWidget()
        had_keys = focus is not None and self.isAncestorOf(focus)
        _clear(self._buttons)
        self._buttons.addStretch(1)
        for button in buttons:
            self._buttons.addWidget(button)
            # At once, and not with the next layout: only what is shown can take the keys.
            button.show()
        self._buttons.addStretch(1)
        self.setFocusProxy(buttons[0])
        if had_keys:
            self.setFocus()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._draw()

    def changeEvent(self, event: object) -> None:
        super().changeEvent(event)  # type: ignore[arg-type]
        if self.isVisible():
            self._draw()

    def _draw(self) -> None:
        picture = icons.pixmap(self._drawing, theme.color("strong_line"), _PICTURE_PX, self.devicePixelRatioF())
        self._sign.setPixmap(picture)


class EmptyState(_Page):
    """The drop zone of an empty library. GUI thread."""

    openFolderRequested = Signal()
    samplesRequested = Signal()

    def __init__(self) -> None:
        super().__init__("drop")
        self.title.setText(self.tr("Drop photos and folders here"))
        self.text.setText(
            self.tr(
                "JPEG, PNG, WebP, BMP, TIFF, GIF and AVIF; videos are for a later version.\n"
                "Everything stays on this computer, and your files are never changed."
            )
        )
        folder = QPushButton(self.tr("Open folder…"))
        folder.setProperty("primary", True)
        folder.clicked.connect(self.openFolderRequested)
        samples = QPushButton(self.tr("Try the sample photos"))
        samples.clicked.connect(self.samplesRequested)
        self._set_buttons((folder, samples))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("line"), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(20, 20, -20, -20), 12, 12)
        painter.end()


class NothingFound(_Page):
    """Shown when the filter leaves nothing. GUI thread."""

    clearRequested = Signal()

    def __init__(self) -> None:
        super().__init__("nothing")
        self._clear = QPushButton()
        self._clear.setProperty("primary", True)
        self._clear.clicked.connect(self.clearRequested)
        self._set_buttons((self._clear,))
        self.show_search(standing=False)
        self.show_total(0)

    def show_search(self, *, standing: bool, picks: bool = False, only: Only = "all") -> None:
        """Say what leaves nothing: a search by example, picking what differs most, a filter for what stands out, or another."""
        if standing:
            self.title.setText(
                self.tr("All pictures here have a label") if picks else self.tr("No picture is that much alike")
            )
            self._clear.setText(self.tr("Show all pictures") if picks else self.tr("Show all that was found"))
            return
        self.title.setText(
            {
                "all": self.tr("No picture passes the filter"),
                "outliers": self.tr("No outlier is known here"),
                "mistakes": self.tr("No label here is likely to be a mistake"),
            }[only]
        )
        self._clear.setText(self.tr("Clear the filter"))

    def show_total(self, n_all: int) -> None:
        """Say how many pictures there are without the filter."""
        text = self.tr("There is one picture in the library.")
        self.text.setText(
            text if n_all == 1 else self.tr("There are {0} pictures in the library.").format(f"{n_all:,}")
        )


class LibraryClosed(_Page):
    """Why the library could not be opened, and the ways out. GUI thread."""

    openRequested = Signal()
    newRequested = Signal()
    retryRequested = Signal()
    standardRequested = Signal()
    restoreRequested = Signal()
    standardModelRequested = Signal()

    def __init__(self) -> None:
        super().__init__("closed")
        self.error: LightdeskError | None = None

    def show_error(self, error: LightdeskError) -> None:
        """Show the reason; the buttons suit it."""
        self.error = error
        self.title.setText(self._headline(error.code))
        reason = str(error).replace("\n", " ")
        self.text.setText(breakable(reason))
        self.text.setAccessibleName(reason)
        ways = []
        if error.code in (ErrorCode.LIBRARY_DAMAGED, ErrorCode.LIBRARY_NOT_FOUND):
            ways.append((self.tr("Restore a backup…"), self.restoreRequested))
        if error.code == ErrorCode.LIBRARY_LOCATION:
            ways.append((self.tr("Use the standard place"), self.standardRequested))
        if error.code in (ErrorCode.MODEL_NOT_FOUND, ErrorCode.MODEL_INVALID):
            ways.append((self.tr("Use the standard model"), self.standardModelRequested))
        ways += [
            (self.tr("Open another…"), self.openRequested),
            (self.tr("New library…"), self.newRequested),
            (self.tr("Try again"), self.retryRequested),
        ]
        if error.code == ErrorCode.LIBRARY_TOO_NEW:
            # What the newer program kept before it changed the library; last, as it lacks what was done since.
            ways.append((self.tr("Restore a backup…"), self.restoreRequested))
        buttons = []
        for text, signal in ways:
            button = QPushButton(text)
            button.clicked.connect(signal)
            buttons.append(button)
        buttons[0].setProperty("primary", True)
        self._set_buttons(buttons)

    def _headline(self, code: ErrorCode) -> str:
        return {
            ErrorCode.LIBRARY_DAMAGED: self.tr("This library is damaged"),
            ErrorCode.LIBRARY_FOREIGN: self.tr("This is not a Lightdesk library"),
            ErrorCode.LIBRARY_TOO_NEW: self.tr("This library needs a newer Lightdesk"),
            ErrorCode.LIBRARY_READ_ONLY: self.tr("This library cannot be opened"),
            ErrorCode.LIBRARY_LOCATION: self.tr("A library is not safe in this place"),
            ErrorCode.LIBRARY_NOT_FOUND: self.tr("There is no library here"),
            ErrorCode.MODEL_NOT_FOUND: self.tr("The model is not there"),
            ErrorCode.MODEL_INVALID: self.tr("The model cannot be used"),
            ErrorCode.LIBRARY_BUSY: self.tr("Another program holds this library"),
        }.get(code, self.tr("The library could not be opened"))


def _clear(layout: QBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if widget := item.widget():
            widget.hide()
            widget.deleteLater()
