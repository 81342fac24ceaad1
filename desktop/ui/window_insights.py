"""The half of the window that tells what pictures say of each other: what stands out, what labels cover, words."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from desktop.ui.browsing import Browser
from desktop.ui.coverage_desk import CoverageDesk
from desktop.ui.coverage_view import CoverageView
from desktop.ui.insight_watch import InsightWatch
from desktop.ui.library_panel import ALL, COVERAGE
from desktop.ui.window_states import WindowStates
from desktop.ui.word_choice import WordChoice
from desktop.ui.word_query import WordQuery
from desktop.ui.words_desk import WordsDesk
from desktop.ui.words_dialog import WordsDialog
from engine.schemas.insight import AnalysisState, Cluster
from engine.schemas.library import Only, Query

# While the library is being prepared for words, what is found moves no more often than this.
_CALM_MS = 3000


class WindowInsights(WindowStates):
    """What the engine finds out by comparing pictures, and by words, in its places in the window. GUI thread."""

    browser: Browser
    _keys_to_found: bool

    def query(self) -> Query:
        """Return what should be shown, and in which order."""
        raise NotImplementedError

    def _filter_changed(self) -> None:
        raise NotImplementedError

    def _begin_insights(self) -> None:
        """Make the parts, and connect them; once there is all that they work with."""
        self.watch = InsightWatch(self._read, self._engine, self.browser.contents_moved, self)
        self._coverage_wishes = self.wishes.share()
        self.coverage = CoverageView(self._coverage_wishes)
        self.middle.addWidget(self.coverage)
        self.desk = CoverageDesk(self.coverage, self._read, self._engine, self.query, self)
        self.words = WordsDesk(self._engine, self)
        self.word_choice = WordChoice(self.filters.search, self.filters.parentWidget() or self)
        # One page is shown before the other is hidden: whose turn it is can be told when both are done.
        self._turning = QTimer(self, singleShot=True, interval=0)
        self._turning.timeout.connect(self._give_turn)
        self._connect_insights()

    def _connect_insights(self) -> None:
        line, tip = self.inspector.insight, self.grid.tip.reasons
        self.watch.stateChanged.connect(self.activity.show_analysis)
        self.watch.aboutChanged.connect(line.look_for)
        self.watch.aboutChanged.connect(lambda about: setattr(tip, "about", about))
        self.watch.moved.connect(line.moved)
        self.watch.moved.connect(tip.forget)
        self.filters.changed.connect(lambda: self.watch.follow(self.query()))
        self.browser.idsCame.connect(lambda _ids, query: self._follow(query))
        self.browser.jobsCame.connect(self.words.show_open)
        for told in (self.grid.currentChanged, self.grid.selectionChanged):
            told.connect(lambda *_what: self._show_reason())
        line.clicked.connect(lambda: self._find_like_current())
        self.coverage.classChosen.connect(self._show_class)
        self.coverage.clusterChosen.connect(self._show_cluster)
        self.coverage.pickRequested.connect(lambda n: self.exploring.pick(n))
        self.middle.turned.connect(lambda _page: self._turning.start())
        self.panel.chosen.connect(lambda kind, _value: self._leave_coverage(kind))
        self.words.changed.connect(self._show_words_state)
        self.words.said.connect(self.activity.say)
        self.words.prepared.connect(self._more_prepared)
        self.word_choice.searchRequested.connect(self._search_words)

    def _insights_opened(self, model_ref: str, *, read_only: bool) -> None:
        self.inspector.insight.set_model_ref(model_ref)
        self.grid.tip.reasons.set_model_ref(model_ref)
        self.watch.open(model_ref, can_write=not read_only)
        self.words.open()

    def _forget_insights(self) -> None:
        self.inspector.insight.show_content(None)
        self.watch.forget()
        self.desk.forget()
        self.words.forget()
        if (dialog := self.findChild(WordsDialog)) is not None:
            dialog.close()  # it speaks of the library that is left

    def insights_moved(self) -> None:
        """Labels, predictions or pictures moved."""
        self.watch.labels_moved()
        self.desk.contents_moved()

    def asides(self) -> tuple[QWidget, ...]:
        """Pages on which no picture of the grid is seen."""
        return (*super().asides(), self.coverage)

    def _show_pictures(self) -> None:
        super()._show_pictures()
        if self.middle.currentWidget() is self.coverage:
            query = self.query()
            source = ALL if query.source_id is None else ("source", query.source_id)
            self.panel.show_choice(("class", query.class_name) if query.class_name is not None else source)
            self._show_page(self.grid.count())

    # What stands out

    def show_analysis(self, state: AnalysisState) -> None:
        """More pictures have been compared with each other."""
        self.watch.show_state(state)

    def show_outliers(self) -> None:
        """Show only what is unlike all others, or all again."""
        self._show_only("outliers")

    def show_mistakes(self) -> None:
        """Show only labels that are likely mistakes, or all again."""
        self._show_only("mistakes")

    def _show_only(self, only: Only) -> None:
        self.filters.set_only("all" if self.query().only == only else only)
        self._show_pictures()

    def _follow(self, query: Query) -> None:
        self.watch.follow(query)
        self.desk.filter_moved()
        self._show_reason()

    def _show_reason(self) -> None:
        current = self.grid.current_id() if self.grid.n_selected() <= 1 else None
        self.inspector.insight.show_content(current)

    def _find_like_current(self) -> None:
        current = self.grid.current_id()
        if current is not None:
            self.exploring.find([current])

    # What labels cover

    def show_coverage(self) -> None:
        """Show what labels cover, or the pictures again."""
        page = self.middle.currentWidget()
        if page is self.coverage:
            self._show_pictures()
        elif page is not self.closed:
            self.open_coverage()

    def open_coverage(self) -> None:
        """Turn to what labels cover."""
        self.panel.show_choice(COVERAGE)
        self.middle.turn_to(self.coverage)
        self.desk.open()

    def _leave_coverage(self, kind: str) -> None:
        """Whoever chooses a source or a class in the panel wants to see pictures."""
        if kind != COVERAGE[0] and self.middle.currentWidget() is self.coverage:
            self._show_pictures()

    def _show_class(self, name: str) -> None:
        self.filters.set_place(self.query().source_id, name)
        self._filter_changed()
        self._show_pictures()
        self.middle.take_keys()

    def _show_cluster(self, cluster: Cluster) -> None:
        self.exploring.find_group(cluster.middle_id, cluster.n)
        self.middle.take_keys()

    def _give_turn(self) -> None:
        """Whoever is seen has the wish list of thumbnails."""
        if self.coverage.isVisible():
            self.wishes.give_to(self._coverage_wishes)
        elif self.grid.isVisible():
            self.wishes.give_to(self.grid_wishes)

    # Words

    def search_words(self) -> None:
        """Find pictures of the words that are typed; with none typed let them be typed."""
        self.word_choice.take()

    def show_words(self) -> None:
        """Show which model reads words, or how to add one."""
        dialog = self.findChild(WordsDialog) or WordsDialog(self.words, self, can_write=not self.steps.read_only)
        # Not modal: adding takes its time, and nobody has to watch it.
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _show_words_state(self) -> None:
        self.word_choice.set_has_model(self.words.has_model)
        self.exploring.use_words(self.words.state.ref)

    def _search_words(self, words: WordQuery) -> None:
        if not self.words.has_model:
            self.show_words()
            return
        self.filters.take_text()
        self._keys_to_found = True
        self.exploring.find_words(words)

    def _more_prepared(self) -> None:
        likeness = self.similar.likeness
        if likeness is not None and likeness.has_words:
            self.browser.contents_moved(_CALM_MS)
