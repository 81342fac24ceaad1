"""The right side: everything about the current picture, and its label."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QImage
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.ui import icons
from desktop.ui import inspector_words as words
from desktop.ui.camera_data import CameraData
from desktop.ui.facts import ElidedLabel, FactTable
from desktop.ui.insight_line import InsightLine
from desktop.ui.label_field import LabelField
from desktop.ui.plain_text import isolated, printable
from desktop.ui.ports import EnginePort, ReadPort, ThumbnailPort
from desktop.ui.preview_loader import PreviewLoader
from desktop.ui.preview_view import PreviewView
from desktop.ui.score_bars import ScoreBars
from engine.errors import LightdeskError
from engine.schemas.library import Detail, Tile

_L = TypeVar("_L", bound=QLabel)
_PREVIEW_SIDE_PX = 1600
_SETTLE_MS = 60
_SUMMARY_ROWS = 5000


class Inspector(QWidget):
    """Shows one content, or what a selection has in common. GUI thread; all reading goes through the ports."""

    acceptRequested = Signal(int)  # k, from 1
    labelRequested = Signal(str)
    typedLabelLeft = Signal(object, str)  # content ids, class name: the person went elsewhere without Enter
    rejectRequested = Signal()
    clearRequested = Signal()
    noteRequested = Signal(int, str)  # content id, text
    revealRequested = Signal(str)  # path
    copyRecordRequested = Signal(int)  # content id
    left = Signal()  # Esc in a field: the keys go back to the pictures

    def __init__(self, read: ReadPort, thumbnails: ThumbnailPort, engine: EnginePort, *, top_k: int) -> None:
        super().__init__()
        self._read, self._thumbnails, self._engine = read, thumbnails, engine
        self._top_k = top_k
        self._model_ref = ""
        self._content_id: int | None = None
        self._selected: NDArray[np.int64] = np.empty(0, np.int64)
        self._n_selected = 0
        self._detail: Detail | None = None
        self._note_edited = False
        self._can_edit = True
        self._loader = PreviewLoader(engine, self)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._load_preview)
        self._build()
        self._show_nothing()

    # Building

    def _build(self) -> None:
        self.preview = PreviewView()
        self.preview.sharperWanted.connect(self._load_sharper)
        self.body = QWidget()
        column = QVBoxLayout(self.body)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(4)
        self._build_label(column)
        self._build_prediction(column)
        self._build_facts(column)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(self.body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setMinimumHeight(120)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.preview)
        splitter.addWidget(scroll)
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 3)
        splitter.setSizes([300, 480])
        splitter.setChildrenCollapsible(False)
        self._scroll = scroll
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(splitter)

    def _build_label(self, column: QVBoxLayout) -> None:
        self.title = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        self.measures = _faint(ElidedLabel())
        self.state = QLabel()
        for label in (self.title, self.state):
            font = QFont(label.font())
            font.setWeight(QFont.Weight.DemiBold)
            label.setFont(font)
        self.who, self.hint = _faint(QLabel()), _faint(QLabel())
        for label in (self.state, self.who, self.hint):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.insight = InsightLine(self._read)
        self.field = LabelField(self._read)
        self.field.committed.connect(self.labelRequested)
        self.field.abandoned.connect(lambda name: self.typedLabelLeft.emit(self._ids(), name))
        self.field.left.connect(self.left)
        self.hint.hide()
        self.field.hintChanged.connect(self._show_hint)
        self.reject_button = QPushButton(self.tr("Reject"))
        self.reject_button.setToolTip(self.tr("The prediction is wrong (X)"))
        self.reject_button.clicked.connect(lambda: self.rejectRequested.emit())
        self.clear_button = QPushButton(self.tr("Clear"))
        self.clear_button.setToolTip(self.tr("Take the label away (Backspace)"))
        self.clear_button.clicked.connect(lambda: self.clearRequested.emit())
        # Below the field, which needs its width for names in a narrow window.
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self.reject_button)
        line.addWidget(self.clear_button)
        line.addStretch(1)
        column.addWidget(self.title)
        column.addWidget(self.measures)
        column.addSpacing(8)
        column.addWidget(self.state)
        column.addWidget(self.who)
        column.addWidget(self.insight)
        column.addSpacing(4)
        column.addWidget(self.field)
        column.addWidget(self.hint)
        self.note = QLineEdit()
        self.note.setPlaceholderText(self.tr("Note beside the label"))
        self.note.setAccessibleName(self.tr("Note"))
        self.note.textEdited.connect(self._edit_note)
        self.note.editingFinished.connect(self._commit_note)
        self.note.returnPressed.connect(self.left)
        self.note.hide()  # until it is known that there is a label: what is typed beside none is nobody's
        column.addWidget(self.note)
        column.addLayout(line)

    def _build_prediction(self, column: QVBoxLayout) -> None:
        self.prediction = QWidget()
        inner = QVBoxLayout(self.prediction)
        inner.setContentsMargins(0, 10, 0, 0)
        inner.setSpacing(2)
        line = QHBoxLayout()
        self._model = _faint(ElidedLabel())
        line.addWidget(_head(self.tr("Prediction")))
        line.addSpacing(8)
        line.addWidget(self._model, 1)
        self.copy_button = _small_button("copy", self.tr("Copy the result as JSON"))
        self.copy_button.clicked.connect(self._copy_record)
        line.addWidget(self.copy_button)
        inner.addLayout(line)
        self.bars = ScoreBars()
        self.bars.acceptRequested.connect(self.acceptRequested)
        inner.addWidget(self.bars)
        self._how = _faint(ElidedLabel())
        inner.addWidget(self._how)
        column.addWidget(self.prediction)

    def _build_facts(self, column: QVBoxLayout) -> None:
        self.facts = QWidget()
        inner = QVBoxLayout(self.facts)
        inner.setContentsMargins(0, 10, 0, 0)
        inner.setSpacing(4)
        self._files_head = _head("")
        self.files = FactTable(self.tr("Files"))
        self.identity = FactTable(self.tr("Identity"))
        self.camera = CameraData(self._engine)
        # What unfolds below the edge is what the person wants to see.
        self.camera.unfolded.connect(lambda: QTimer.singleShot(0, self, self._show_camera))
        inner.addWidget(self._files_head)
        inner.addWidget(self.files)
        inner.addWidget(self.identity)
        inner.addSpacing(4)
        inner.addWidget(self.camera)
        column.addWidget(self.facts)

    # What is shown

    def set_model_ref(self, ref: str) -> None:
        """Show the predictions of another model first."""
        if ref != self._model_ref:
            self._model_ref = ref
            self.field.set_model_ref(ref)
            self.refresh()

    def set_top_k(self, k: int) -> None:
        """Show so many classes."""
        self._top_k = k
        self._show_prediction()

    def set_read_only(self, read_only: bool) -> None:
        """Let a person look but not label, as in a library that cannot be written."""
        self._can_edit = not read_only
        for widget in (self.field, self.note, self.reject_button, self.clear_button, self.bars):
            widget.setEnabled(self._can_edit)

    def reset(self) -> None:
        """Forget everything: another library."""
        self._loader.forget()
        # What was typed has been sent (`commit_typed`), or is lost with its picture: its number is another one's here.
        self._note_edited = False
        self.field.forget()
        self.show_content(None, 0)

    def show_content(self, content_id: int | None, n_selected: int, selected: NDArray[np.int64] | None = None) -> None:
        """Show a content.

        Parameters
        ----------
        n_selected
            Above 1, steps go to so many.
        selected
            These, so that it can be said what their labels have in common.
        """
        changed = content_id != self._content_id
        if changed:
            self.commit_typed()
        several_before = self._n_selected > 1
        self._n_selected, self._selected = n_selected, np.empty(0, np.int64) if selected is None else selected
        if content_id is None:
            self._content_id = self._detail = None
            self._show_nothing()
            return
        if changed:
            self._content_id, self._detail = content_id, None
            self._scroll.show()
            self.camera.set_content(content_id)
            self._loader.cancel()
            self.preview.set_image(self._thumbnails.peek(content_id))
            self._settle.start()
        if changed or several_before or n_selected > 1:
            self.refresh()

    def refresh(self) -> None:
        """Read the current content again."""
        content_id, ref = self._content_id, self._model_ref
        if content_id is None:
            return
        self._read.ask("inspector", lambda view: view.detail(content_id, ref), self._show_detail)
        if self._n_selected > 1 and len(self._selected):
            ids = self._selected[:_SUMMARY_ROWS].tolist()
            self._read.ask("selection", lambda view: view.tiles(ids, ref), self._show_summary)

    def focus_label(self) -> None:
        """Let the person type a label."""
        self.field.begin()

    def sizeHint(self) -> QSize:
        return QSize(340, 700)

    def _show_nothing(self) -> None:
        self._settle.stop()
        self._loader.cancel()
        self._scroll.hide()
        self.preview.set_image(None, message=self.tr("Choose a picture to see it here."))

    def _show_detail(self, detail: Detail | None) -> None:
        if detail is None or detail.content_id != self._content_id:
            return
        fresh = self._detail is None or self._detail.content_id != detail.content_id
        self._detail = detail
        several = self._n_selected > 1
        name = printable(detail.name)
        if several:
            self.title.show_text(self.tr("{0} selected").format(f"{self._n_selected:,}"))
            self.measures.show_text(self.tr("showing {0}").format(isolated(name)))
        else:
            self.title.show_text(name)
            self.measures.show_text(words.measures(detail))
            state, who = words.label_state(detail.label)
            self.state.setText(state)
            self.who.setText(who)
        self.note.setVisible(detail.label is not None and not several)
        if not self._note_edited:
            self.note.setText(detail.label.note if detail.label is not None else "")
        self.clear_button.setEnabled(self._can_edit and (detail.label is not None or several))
        self._show_prediction()
        files = self.tr("File") if len(detail.files) == 1 else self.tr("{0} files").format(f"{len(detail.files):,}")
        self._files_head.setText(files)
        self.files.show_facts(words.file_facts(detail, self.revealRequested.emit))
        self.identity.show_facts(words.identity_facts(detail))
        if fresh:
            # One to one means the picture's own pixels, whatever is shown until the sharp one comes.
            self.preview.set_full_size(detail.width, detail.height)

    def _show_prediction(self) -> None:
        detail = self._detail
        prediction = detail.predictions[0] if detail is not None and detail.predictions else None
        chosen = detail.label.class_name if detail is not None and detail.label is not None else None
        self.bars.set_scores(prediction.top[: self._top_k] if prediction else (), chosen)
        self._model.show_text(prediction.model_ref if prediction else self.tr("none yet"))
        self._how.show_text(words.how_made(prediction) if prediction else "")
        self.copy_button.setEnabled(prediction is not None)

    def _show_summary(self, rows: list[Tile]) -> None:
        if self._n_selected > 1:
            self.state.setText(words.selection_summary(rows, self._n_selected))
            self.who.setText(self.tr("What you do goes to all of them."))

    def _show_hint(self, text: str) -> None:
        self.hint.setText(text)
        self.hint.setVisible(bool(text))

    # The picture

    def _load_preview(self) -> None:
        if self._content_id is not None:
            self._loader.request(self._content_id, _PREVIEW_SIDE_PX, self._preview_came)
            self._engine.call("prioritise", self._content_id, failed=lambda _error: None)
            self.camera.load()

    def _load_sharper(self, side_px: int) -> None:
        if self._content_id is not None and side_px > _PREVIEW_SIDE_PX:
            self._loader.request(self._content_id, side_px, self._preview_came)

    def _preview_came(self, content_id: int, answer: QImage | LightdeskError) -> None:
        if content_id != self._content_id:
            return
        if isinstance(answer, QImage):
            full = (self._detail.width, self._detail.height) if self._detail is not None else None
            self.preview.set_image(answer, keep_view=True, full_size=full)
        elif self._thumbnails.peek(content_id) is None:
            self.preview.set_image(None, message=str(answer))
        else:
            # The small picture stays; the reason stands below it.
            self.measures.show_text(answer.message, tip=str(answer))

    def _show_camera(self) -> None:
        self._scroll.ensureWidgetVisible(self.camera)

    # Steps

    def commit_typed(self) -> None:
        """Send a label and a note that were typed and not yet sent; also before the window or the library closes."""
        if self._content_id is not None and (name := self.field.take()):
            self.typedLabelLeft.emit(self._ids(), name)
        self._commit_note()

    def _ids(self) -> list[int]:
        """Return what a step goes to."""
        if self._n_selected > 1:
            return [int(i) for i in self._selected]
        return [self._content_id] if self._content_id is not None else []

    def _commit_note(self) -> None:
        detail, edited, self._note_edited = self._detail, self._note_edited, False
        if edited and detail is not None and detail.label is not None:
            # With its number: by now another picture may be the current one.
            self.noteRequested.emit(detail.content_id, self.note.text().strip())

    def _edit_note(self, _text: str) -> None:
        self._note_edited = True

    def _copy_record(self) -> None:
        if self._content_id is not None:
            self.copyRecordRequested.emit(self._content_id)


def _faint(label: _L) -> _L:
    label.setProperty("role", "faint")
    return label


def _head(text: str) -> QLabel:
    label = QLabel(text)
    font = QFont(label.font())
    font.setWeight(QFont.Weight.DemiBold)
    label.setFont(font)
    return label


def _small_button(icon: str, name: str) -> QToolButton:
    button = QToolButton()
    icons.set_icon(button, icon)
    button.setToolTip(name)
    button.setAccessibleName(name)
    return button
