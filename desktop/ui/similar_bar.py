"""The bar of a search by example: what it is like and unlike, how narrow, how many; back, forward, close."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSlider, QToolButton, QVBoxLayout, QWidget

from desktop.ui import icons
from desktop.ui.example_well import ExampleWell
from desktop.ui.facts import ElidedLabel
from desktop.ui.likeness import LEVELS, Level, Likeness, n_at
from desktop.ui.score_curve import ScoreCurve
from desktop.ui.similar_search import SimilarSearch
from desktop.ui.word_chips import WordChips
from engine.schemas.similar import Ranking

_SLOW_MS = 250  # what takes longer is spoken of; what does not would only flicker
_SLIDER_PX = 104
_NOTE_PX = 190  # what a note has of a narrow window; all of it is in the tooltip
_LEAST_NOTE_PX = 60
_DOT = "  \N{MIDDLE DOT}  "


class SimilarBar(QWidget):
    """Shown while a search by example stands. GUI thread.

    Attributes
    ----------
    can_label
        Whether what is found can be labelled at all.
    n_all
        Pictures in the library.
    """

    backRequested = Signal()
    forwardRequested = Signal()
    closeRequested = Signal()
    labelRequested = Signal()
    levelChosen = Signal(str)  # a Level
    removeRequested = Signal(object)  # Sample
    rankChosen = Signal(int)  # a place in the ranking, from 0

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("similarBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.tr("Find similar"))
        self._search: SimilarSearch | None = None
        self.can_label = True
        self.n_all = 0
        self._picks = False
        self._count_px = self._label_px = 0  # of the longest words: nothing moves aside while one slides
        self._label_text = self.tr("Label these as…")
        self._names: dict[Level, str] = {
            "near_identical": self.tr("Near identical"),
            "same_thing": self.tr("Same thing"),
            "same_kind": self.tr("Same kind"),
            "everything": self.tr("Everything"),
        }
        self._build()
        self._lay_out()
        self._slow = QTimer(self)
        self._slow.setSingleShot(True)
        self._slow.setInterval(_SLOW_MS)
        self._slow.timeout.connect(self._show_slow)
        self.hide()

    def _build(self) -> None:
        self.back_button = self._button("go-back", self.tr("Back (Alt+Left)"), self.backRequested)
        self.forward_button = self._button("go-forward", self.tr("Forward (Alt+Right)"), self.forwardRequested)
        self.plus, self.minus = ExampleWell("plus"), ExampleWell("minus")
        for well in (self.plus, self.minus):
            well.removeRequested.connect(self.removeRequested)
        self.words = WordChips()
        self.picked = QLabel(self.tr("Pictures without a label that differ most"))
        self.curve = ScoreCurve()
        self.curve.rankChosen.connect(self.rankChosen)
        self.level = QLabel()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, len(LEVELS) - 1)
        self.slider.setPageStep(1)
        self.slider.setTickPosition(QSlider.TickPosition.NoTicks)
        self.slider.setFixedWidth(_SLIDER_PX)
        self.slider.setAccessibleName(self.tr("How alike"))
        self.slider.setToolTip(self.tr("How alike: near identical, same thing, same kind, everything (. and ,)"))
        self.slider.valueChanged.connect(self._slid)
        self.count, self.note = ElidedLabel(), ElidedLabel()
        self.note.setProperty("role", "faint")
        self.label_button = QPushButton(self.tr("Label these as…"))
        self.label_button.setToolTip(self.tr("Type one label for all that are shown"))
        self.label_button.clicked.connect(lambda: self.labelRequested.emit())
        self.close_button = self._button("cancel", self.tr("Show all pictures again (Esc)"), self.closeRequested)

    def _button(self, icon: str, name: str, signal: object) -> QToolButton:
        button = QToolButton()
        icons.set_icon(button, icon)
        button.setToolTip(name)
        button.setAccessibleName(name)
        button.clicked.connect(lambda _checked=False: signal.emit())  # type: ignore[attr-defined]
        return button

    def _lay_out(self) -> None:
        narrow = QVBoxLayout()
        narrow.setSpacing(2)
        narrow.addStretch(1)
        narrow.addWidget(self.level)
        narrow.addWidget(self.slider)
        narrow.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch(1)
        words.addWidget(self.count)
        words.addWidget(self.note)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 8, 6)
        row.setSpacing(8)
        for widget, stretch in (
            (self.back_button, 0),
            (self.forward_button, 0),
            (self.picked, 0),
            (self.words, 0),
            (self.plus, 0),
            (self.minus, 0),
            (self.curve, 2),
        ):
            row.addWidget(widget, stretch)
        row.addLayout(narrow)
        row.addSpacing(4)
        row.addLayout(words, 3)
        row.addWidget(self.label_button)
        row.addWidget(self.close_button)
        # The longest words have room from the start, so that nothing moves aside while one slides.
        metrics = self.level.fontMetrics()
        widest = max(metrics.horizontalAdvance(name) for name in self._names.values())
        self.level.setMinimumWidth(max(_SLIDER_PX, widest + 2))

    # What is shown

    def show_search(self, search: SimilarSearch) -> None:
        """Show what stands, or nothing; where the answer is not there yet, what was there before stays until it is late."""
        self._search = search
        likeness, stop = search.likeness, search.stop
        self.back_button.setEnabled(search.can_back)
        self.forward_button.setEnabled(search.can_forward)
        if likeness is None:
            self._slow.stop()
            self.hide()
            return
        if stop.ranking is not None:
            self._slow.stop()
            self._fill()
        elif not self._slow.isActive():
            self._slow.start()

    def _show_slow(self) -> None:
        if self._search is not None and self._search.likeness is not None:
            self._fill()

    def _fill(self) -> None:
        """Put everything in its place and be seen."""
        assert self._search is not None and self._search.likeness is not None
        stop, likeness = self._search.stop, self._search.likeness
        self.words.show_words(likeness.words)
        self.plus.show_samples(likeness.pictures("plus"))
        self.minus.show_samples(likeness.pictures("minus"))
        self._show_kind(picks=likeness.n_apart > 0)
        ranking = stop.ranking
        blocked = self.slider.blockSignals(True)
        self.slider.setValue(LEVELS.index(stop.level))
        self.slider.blockSignals(blocked)
        self.slider.setEnabled(ranking is not None)
        if ranking is None:
            waiting = self.tr("Searching…") if likeness.is_ready else self.tr("Looking at the picture…")
            self.curve.show_nothing()
            self._say(waiting, "")
            self._show_level(stop.level, None)
            self.label_button.setEnabled(False)
            self._label_text = self.tr("Label these as…")
        else:
            n = n_at(stop.level, ranking)
            self.curve.show_scores(ranking.scores, n, ranking.cuts.same_thing)
            n_found = len(ranking.content_ids)
            n_searched = max(ranking.n_searched, n_found)  # counted apart, while more comes in
            found, noted = self._found(likeness, n, n_searched), self._noted(likeness, stop.took_ms, ranking)
            self._say(found, noted, self._found(likeness, n_found, n_searched))
            self._show_level(stop.level, n)
            # The first screen is not all that "these" are.
            self.label_button.setEnabled(self.can_label and stop.is_whole and n > 0)
            self._label_text = self._label_words(n)
            self._label_px = self._width_of_button(self._label_words(len(ranking.content_ids)))
        self._fit()
        self.show()

    def _show_kind(self, *, picks: bool) -> None:
        """What was picked is like nothing: there is nothing to put beside it, and it is no more or less alike."""
        self._picks = picks
        self.picked.setVisible(picks)
        for widget in (self.plus, self.minus, self.curve, self.level, self.slider, self.label_button):
            widget.setVisible(not picks)

    def _found(self, likeness: Likeness, n: int, n_searched: int) -> str:
        if likeness.n_apart:
            return self.tr("1 picture") if n == 1 else self.tr("{0} pictures").format(f"{n:,}")
        if n_searched:
            return self.tr("{0} of {1}").format(f"{n:,}", f"{n_searched:,}")
        if likeness.has_words:
            return self.tr("No picture here is prepared for search with words yet")
        return self.tr("No picture here has been looked at by the model yet")

    def _noted(self, likeness: Likeness, took_ms: float, ranking: Ranking) -> str:
        """What a person should know comes before what is only good to know: the end goes where there is no room."""
        notes = [ranking.note] if ranking.note else []
        if likeness.has_words and ranking.n_searched < self.n_all:
            prepared = self.tr("{0} of {1} prepared for search with words")
            notes.insert(0, prepared.format(f"{ranking.n_searched:,}", f"{self.n_all:,}"))
        return _DOT.join([*notes, self.tr("{0} ms").format(f"{took_ms:,.0f}")])

    def _label_words(self, n: int) -> str:
        return self.tr("Label these {0} as…").format(f"{n:,}") if n > 1 else self.tr("Label this as…")

    def _width_of_button(self, text: str) -> int:
        self.label_button.setText(text)
        return self.label_button.sizeHint().width() + 2  # other digits may be a little wider

    def _say(self, count: str, note: str, widest: str = "") -> None:
        self.count.show_text(count)
        self.note.show_text(note)
        self.note.setVisible(bool(note))
        metrics = self.count.fontMetrics()
        self._count_px = max(metrics.horizontalAdvance(text) for text in (count, widest)) + 2

    def _fit(self) -> None:
        """Leave room for what is said: in a narrow window the button says less, and the curve goes."""
        self.label_button.setText(self._label_text)
        self.label_button.setMinimumWidth(self._label_px)
        self.label_button.setAccessibleName(self._label_text)
        self.curve.setVisible(not self._picks)
        note_px = self.note.sizeHint().width() if self.note.text() else 0
        self.count.setMinimumWidth(max(self._count_px, min(note_px, _NOTE_PX)))
        if not self._has_room():
            self.label_button.setText(self.tr("Label…"))
            self.label_button.setMinimumWidth(0)
        if not self._has_room():
            self.curve.hide()
        if not self._has_room():
            self.count.setMinimumWidth(max(self._count_px, min(note_px, _LEAST_NOTE_PX)))

    def _has_room(self) -> bool:
        layout = self.layout()
        assert layout is not None
        return layout.totalMinimumSize().width() <= self.width()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _show_level(self, level: Level, n: int | None) -> None:
        name = self._names[level]
        self.level.setText(name)
        self.slider.setAccessibleDescription(name if n is None else self.tr("{0}: {1} shown").format(name, f"{n:,}"))

    def _slid(self, value: int) -> None:
        self.levelChosen.emit(LEVELS[value])

    def step_level(self, by: int) -> None:
        """Narrow (-1) or widen (1) by one level."""
        if self.isVisible() and self.slider.isEnabled():
            self.slider.setValue(self.slider.value() + by)
