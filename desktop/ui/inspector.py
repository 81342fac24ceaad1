"""The right side: everything about the current picture, and its label."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QCompleter,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.ports import EnginePort, ReadPort, ThumbnailPort
from desktop.ui.preview_view import PreviewView
from desktop.ui.score_bars import ScoreBars
from engine.errors import LightdeskError
from engine.schemas.frame import Frame
from engine.schemas.library import Detail

_PREVIEW_SIDE = 1600
_SETTLE_MS = 60


class Inspector(QWidget):
    """Shows one content, or how many are selected. GUI thread."""

    acceptRequested = Signal(int)
    labelRequested = Signal(str)
    rejectRequested = Signal()
    clearRequested = Signal()

    def __init__(self, read: ReadPort, thumbnails: ThumbnailPort, engine: EnginePort, *, top_k: int) -> None:
        super().__init__()
        self._read, self._thumbnails, self._engine = read, thumbnails, engine
        self._top_k = top_k
        self._model_ref = ""
        self._content_id: int | None = None
        self._n_selected = 0
        self._previewed: int | None = None
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._load_preview)
        self._build()
        self.show_content(None, 0)

    def _build(self) -> None:
        self.preview = PreviewView()
        self.title = QLabel()
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.title.setWordWrap(True)
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.bars = ScoreBars()
        self.bars.acceptRequested.connect(self.acceptRequested)
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Type a label (L)"))
        self.field.setAccessibleName(self.tr("Label"))
        self._names = QStringListModel(self)
        completer = QCompleter(self._names, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.field.setCompleter(completer)
        self.field.textEdited.connect(self._complete)
        self.field.returnPressed.connect(self._commit_label)
        self.reject_button = QPushButton(self.tr("Reject"))
        self.reject_button.setToolTip(self.tr("The prediction is wrong (X)"))
        self.reject_button.clicked.connect(self.rejectRequested)
        self.clear_button = QPushButton(self.tr("Clear"))
        self.clear_button.setToolTip(self.tr("Take the label away"))
        self.clear_button.clicked.connect(self.clearRequested)
        buttons = QHBoxLayout()
        buttons.addWidget(self.field, 1)
        buttons.addWidget(self.reject_button)
        buttons.addWidget(self.clear_button)
        self.facts = QFormLayout()
        self.facts.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.facts.setHorizontalSpacing(14)
        self.facts.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        below = QWidget()
        layout = QVBoxLayout(below)
        layout.setContentsMargins(12, 8, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self.title)
        layout.addWidget(self.state)
        layout.addLayout(buttons)
        layout.addWidget(self.bars)
        layout.addLayout(self.facts)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(below)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.preview)
        splitter.addWidget(scroll)
        splitter.setSizes([320, 480])
        splitter.setChildrenCollapsible(False)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(splitter)
        self._below = below

    def set_model_ref(self, ref: str) -> None:
        """Show the predictions of another model first."""
        self._model_ref = ref
        self.refresh()

    def show_content(self, content_id: int | None, n_selected: int) -> None:
        """Show a content; `n_selected` above 1 says that steps go to a selection."""
        changed = content_id != self._content_id
        self._content_id, self._n_selected = content_id, n_selected
        for widget in (self.field, self.reject_button, self.clear_button):
            widget.setEnabled(content_id is not None)
        if content_id is None:
            self._previewed = None
            self.preview.set_image(None, message=self.tr("Choose a picture to see it here."))
            self.title.clear()
            self.state.clear()
            self.bars.set_scores(())
            self._set_facts([])
            return
        if changed:
            self.field.clear()
            self.preview.set_image(self._thumbnails.peek(content_id))
            self._settle.start()
        self.refresh()

    def refresh(self) -> None:
        """Read the current content again."""
        content_id, ref = self._content_id, self._model_ref
        if content_id is not None:
            self._read.ask("inspector", lambda view: view.detail(content_id, ref), self._show_detail)

    def focus_label(self) -> None:
        """Let the person type a label."""
        self.field.setFocus()
        self.field.selectAll()
        self._complete("")

    def _show_detail(self, detail: Detail | None) -> None:
        if detail is None or detail.content_id != self._content_id:
            return
        title = detail.name
        if self._n_selected > 1:
            title = self.tr("{0} selected, showing {1}").format(f"{self._n_selected:,}", detail.name)
        self.title.setText(f"<b>{_escaped(title)}</b>")
        label = detail.label
        if label is None:
            self.state.setText(self.tr("No label yet. Enter accepts the first prediction."))
        elif label.state == "rejected":
            self.state.setText(
                self.tr("\N{MULTIPLICATION SIGN} Rejected by {0}, {1}").format(label.set_by, _day(label.set_at))
            )
        else:
            text = self.tr("\N{CHECK MARK} {0}, set by {1}, {2}").format(
                label.class_name, label.set_by, _day(label.set_at)
            )
            self.state.setText(text)
        prediction = detail.predictions[0] if detail.predictions else None
        self.bars.set_scores(prediction.top[: self._top_k] if prediction else ())
        facts = [
            (
                self.tr("Size"),
                f"{detail.width} \N{MULTIPLICATION SIGN} {detail.height}, {detail.size_bytes / 1000:,.0f} kB",
            ),
            (self.tr("Format"), detail.content_type),
        ]
        if prediction:
            facts += [
                (self.tr("Model"), prediction.model_ref),
                (self.tr("Device"), f"{prediction.device}, {prediction.inference_ms:.1f} ms"),
            ]
        files = self.tr("File") if len(detail.files) == 1 else self.tr("Files")
        for i, file in enumerate(detail.files[:20]):
            facts.append((files if i == 0 else "", file.path.encode("utf-8", "replace").decode()))
        facts.append(("SHA-256", detail.sha256[:16]))
        self._set_facts(facts)

    def _set_facts(self, facts: list[tuple[str, str]]) -> None:
        while self.facts.rowCount():
            self.facts.removeRow(0)
        for name, value in facts:
            # Zero-width spaces let a long path wrap at its separators.
            text = QLabel(value.replace("/", "/\u200b").replace("\\", "\\\u200b"))
            text.setWordWrap(True)
            text.setToolTip(value)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            head = QLabel(name)
            head.setEnabled(False)
            self.facts.addRow(head, text)

    def _load_preview(self) -> None:
        content_id = self._content_id
        if content_id is None:
            return

        def done(answer: tuple[Frame, dict[str, str]] | Frame) -> None:
            if content_id == self._content_id and isinstance(answer, Frame):
                self._previewed = content_id
                self.preview.set_image(to_image(answer), keep_view=True)

        def failed(error: LightdeskError) -> None:
            if content_id == self._content_id and self._thumbnails.peek(content_id) is None:
                self.preview.set_image(None, message=str(error))

        self._engine.compute("preview", content_id, _PREVIEW_SIDE, done=done, failed=failed)
        self._engine.call("prioritise", content_id)

    def _complete(self, text: str) -> None:
        ref = self._model_ref
        self._read.ask("completion", lambda view: view.class_names(text, 50, ref), self._names.setStringList)

    def _commit_label(self) -> None:
        text = self.field.text().strip()
        if text:
            self.labelRequested.emit(text)
            self.field.clear()

    def sizeHint(self) -> QSize:
        return QSize(340, 700)


def to_image(frame: Frame) -> QImage:
    """Return a frame as an image that owns its pixels."""
    pixels = np.ascontiguousarray(frame.pixels)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def _day(at: str) -> str:
    return at[:16].replace("T", " ")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
