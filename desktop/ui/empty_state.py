"""What the middle shows when there is nothing: a place to drop, or a way back to everything."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


class EmptyState(QWidget):
    """The drop zone of an empty library. GUI thread."""

    openFolderRequested = Signal()
    samplesRequested = Signal()

    def __init__(self) -> None:
        super().__init__()
        title = QLabel(self.tr("Drop photos or folders here"))
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        title.setFont(font)
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text = QLabel(
            self.tr(
                "JPEG, PNG, WebP, BMP, TIFF, GIF and AVIF. Everything stays on this computer,\n"
                "and your files are never changed."
            )
        )
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text.setEnabled(False)
        folder = QPushButton(self.tr("Open folder\N{HORIZONTAL ELLIPSIS}"))
        folder.clicked.connect(self.openFolderRequested)
        samples = QPushButton(self.tr("Try the sample photos"))
        samples.clicked.connect(self.samplesRequested)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(folder)
        buttons.addWidget(samples)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setSpacing(16)
        layout.addStretch(2)
        layout.addWidget(title)
        layout.addWidget(text)
        layout.addLayout(buttons)
        layout.addStretch(3)


class NothingFound(QWidget):
    """Shown when the filter leaves nothing. GUI thread."""

    clearRequested = Signal()

    def __init__(self) -> None:
        super().__init__()
        text = QLabel(self.tr("No picture passes the filter."))
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        clear = QPushButton(self.tr("Clear the filter"))
        clear.clicked.connect(self.clearRequested)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addWidget(text)
        layout.addWidget(clear, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(3)
