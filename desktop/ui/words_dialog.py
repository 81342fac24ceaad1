"""The window for search with words: which model, how far the library is prepared, and how to add a model."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.inspector_words import when
from desktop.ui.plain_text import breakable, printable
from desktop.ui.words_desk import WordsDesk

_WIDTH_PX = 560
_STEPS = 1000


class WordsDialog(QDialog):
    """Shows what `WordsDesk` keeps, and lets a person change it. GUI thread.

    Parameters
    ----------
    can_write
        Whether the library may be changed at all.
    """

    def __init__(self, desk: WordsDesk, parent: QWidget, *, can_write: bool = True) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Search with words"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._desk, self._can_write = desk, can_write
        self._build_state()
        self._build_adding()
        self._lay_out()
        desk.changed.connect(self.refresh)
        self.refresh()
        desk.refresh()

    def _build_state(self) -> None:
        self.title, self.since = _text(), _text(faint=True)
        font = QFont(self.title.font())
        font.setWeight(QFont.Weight.DemiBold)
        self.title.setFont(font)
        self.assumed = _text(faint=True)
        self.prepared = _text()
        self.meter = _meter(self.tr("Pictures prepared"))
        self.prepare = QPushButton()
        self.prepare.setAutoDefault(False)
        self.prepare.clicked.connect(self._turn_job)

    def _build_adding(self) -> None:
        self.needed = _text()
        self.needed.setText(
            self.tr(
                "Pictures are found by words with a model that reads both: a CLIP-like model exported to ONNX, such as those "
                "that are published for transformers.js or made by Optimum.\n\n"
                "What is needed is its folder: an .onnx file for pictures, one for words, and the tokenizer.json that belongs "
                "to them. Lightdesk fetches nothing by itself. The model is copied to Lightdesk's own folder; nothing in "
                "the folder that you choose is changed, and your pictures stay on this computer."
            )
        )
        self.choose = QPushButton()
        self.choose.clicked.connect(self._choose)
        self.message = _text(faint=True)
        self.progress = _meter(self.tr("Adding the model"))
        self.cancel = QPushButton(self.tr("Stop"))
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self._desk.stop_adding)
        self.trouble = _text()
        self.trouble.setProperty("role", "error")
        self.trouble.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _lay_out(self) -> None:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        self.there = QWidget()
        state = QVBoxLayout(self.there)
        state.setContentsMargins(0, 0, 0, 10)
        state.setSpacing(6)
        for label in (self.title, self.since, self.assumed):
            state.addWidget(label)
        state.addSpacing(6)
        state.addWidget(self.prepared)
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(self.meter, 1)
        line.addWidget(self.prepare)
        state.addLayout(line)
        self.adding = QWidget()
        going = QVBoxLayout(self.adding)
        going.setContentsMargins(0, 0, 0, 0)
        going.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.progress, 1)
        row.addWidget(self.cancel)
        going.addWidget(self.message)
        going.addLayout(row)
        choose = QHBoxLayout()
        choose.addWidget(self.choose)
        choose.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(10)
        for part in (self.there, self.needed):
            layout.addWidget(part)
        layout.addLayout(choose)
        layout.addWidget(self.adding)
        layout.addWidget(self.trouble)
        layout.addStretch(1)
        layout.addWidget(buttons)
        self.setMinimumWidth(_WIDTH_PX)

    # What is shown

    def refresh(self) -> None:
        """Show what the desk knows now."""
        self._show_state()
        self._show_job()
        adding, error = self._desk.adding, self._desk.error
        self.adding.setVisible(adding is not None)
        self.choose.setEnabled(adding is None and self._can_write)
        self.choose.setDefault(not self._desk.has_model)
        if adding is not None:
            _say(self.message, adding.message)
            self.progress.setRange(0, 0 if adding.fraction is None else _STEPS)
            self.progress.setValue(round((adding.fraction or 0.0) * _STEPS))
            self.cancel.setEnabled(not adding.stopping)
        if error is not None:
            _say(self.trouble, str(error))
        elif not self._can_write:
            _say(self.trouble, self.tr("This library can only be read: open one that you may write to add a model."))
        self.trouble.setVisible(error is not None or not self._can_write)
        # As high as what is said now, and not as what was said before.
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.resize(self.width(), max(self.minimumSizeHint().height(), layout.heightForWidth(self.width())))

    def _show_state(self) -> None:
        state = self._desk.state
        self.there.setVisible(self._desk.has_model)
        self.choose.setText(self.tr("Choose another folder…") if state.ref else self.tr("Choose a folder…"))
        self.needed.setVisible(not state.ref)
        if not state.ref:
            return
        _say(self.title, self.tr("In use: {0}").format(printable(state.title)))
        _say(self.since, self.tr("{0}, added {1}").format(state.ref, when(state.added_at)))
        if state.assumed:
            head = self.tr("Assumed, since no file of the model says it:")
            _say(self.assumed, "\n".join((head, *(f"\u2022 {sentence}" for sentence in state.assumed))))
        self.assumed.setVisible(bool(state.assumed))
        n, total = f"{state.n_prepared:,}", f"{state.n_total:,}"
        if state.n_total and state.n_prepared >= state.n_total:
            _say(self.prepared, self.tr("All pictures of the library can be found with words."))
        elif state.n_total == 1:
            _say(self.prepared, self.tr("The only picture of the library is not prepared yet."))
        else:
            _say(self.prepared, self.tr("{0} of {1} pictures can be found with words.").format(n, total))
        self.meter.setRange(0, max(1, state.n_total))
        self.meter.setValue(state.n_prepared)

    def _show_job(self) -> None:
        state, job = self._desk.state, self._desk.job
        if job is None:
            self.prepare.setText(self.tr("Prepare now"))
        else:
            self.prepare.setText(self.tr("Resume") if job.state == "paused" else self.tr("Pause"))
        self.prepare.setVisible(self._can_write and (job is not None or state.n_prepared < state.n_total))

    # What a person does

    def _turn_job(self) -> None:
        job = self._desk.job
        if job is None:
            self._desk.prepare()
        elif job.state == "paused":
            self._desk.resume()
        else:
            self._desk.pause()

    def _choose(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, self.tr("The folder of the model")):
            self._desk.add(Path(folder))


def _text(*, faint: bool = False) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    if faint:
        label.setProperty("role", "faint")
    return label


def _meter(name: str) -> QProgressBar:
    meter = QProgressBar()
    meter.setTextVisible(False)
    meter.setAccessibleName(name)
    return meter


def _say(label: QLabel, text: str) -> None:
    label.setText(breakable(text))
    label.setAccessibleName(text)
