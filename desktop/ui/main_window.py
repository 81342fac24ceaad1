"""The window: filters, panel, grid, inspector, activity, and what the keys do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSettings
from PySide6.QtGui import QAction, QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QWidget

from desktop.ui.arrivals import Arrivals
from desktop.ui.browsing import Browser
from desktop.ui.drop_note import DropNote
from desktop.ui.exploring import Exploring
from desktop.ui.library_menu import LibraryMenu
from desktop.ui.library_panel import ALL, COVERAGE, DUPLICATES, PROBLEMS
from desktop.ui.menus import build_menus
from desktop.ui.plain_text import printable
from desktop.ui.ports import EnginePort, ReadPort, Shell, ThumbnailPort
from desktop.ui.sampling import Sampler
from desktop.ui.similar_search import SimilarSearch
from desktop.ui.steps import Steps
from desktop.ui.window_insights import WindowInsights
from desktop.ui.window_state import WindowState
from engine.errors import LightdeskError
from engine.schemas.library import Command, Facets, Query

# Pictures that come by themselves (the newest first, say) move the others under the eye no more often than this.
_CALM_MS = 1000


class MainWindow(WindowInsights):
    """Lightdesk's window. GUI thread; everything slow goes through the ports."""

    def __init__(
        self, shell: Shell, read: ReadPort, thumbnails: ThumbnailPort, engine: EnginePort, state: QSettings
    ) -> None:
        super().__init__(shell, read, thumbnails, engine, state)
        self._model_ref = ""
        self._facets = Facets(0, 0, 0, 0, 0)
        self._warned_of: str | None = None
        self._keys_to_found = False  # Enter in the search: the keys go to what is found
        self._order: tuple[str, bool, int] | None = None  # of the pictures that are shown
        self.similar = SimilarSearch(engine, self)
        self.browser = Browser(read, self.query, self.similar, self)
        sampler = Sampler(self.similar, self.grid, shell, read, engine, thumbnails, self)
        self.exploring = Exploring(
            self.similar, self.similar_bar, self.grid, self.browser, sampler, self.query, self._set_query,
            self._show_pictures, self,
        )  # fmt: skip
        self.steps = Steps(engine, self._seen_selection, self)
        self._begin_insights()
        self.arrivals = Arrivals(self.grid, self._is_free)
        self.drop_note = DropNote(self.banner, self._sees_all, self._show_all)
        self.library_menu = LibraryMenu(self, shell, state, self.banner)
        self.actions_by_name = build_menus(self, self.middle)
        self.library_menu.add_recent(self.actions_by_name["switch_library"])
        self._connect()
        self.actions_by_name["undo"].setEnabled(False)
        self.actions_by_name["redo"].setEnabled(False)
        self.actions_by_name["toggle_map"].setCheckable(True)
        self._kept = WindowState(self, self._splitter, self.filters, state)
        self._kept.restore()
        self._show_selected()
        # The keys mean the pictures from the start, not the search field that comes first.
        self.grid.setFocus()

    def _connect(self) -> None:
        self.panel.chosen.connect(self._choose)
        self.panel.removeSourceRequested.connect(self.steps.remove_source)
        self.filters.changed.connect(self._filter_changed)
        self.filters.left.connect(self._go_to_found)
        self.filters.modelChosen.connect(self._shell.use_model)
        self.filters.search.installEventFilter(self)
        self.grid.currentChanged.connect(lambda _id: self._show_selected())
        self.grid.selectionChanged.connect(self._show_selected)
        self.grid.activated.connect(lambda _id: self.toggle_preview())
        self.grid.contextMenuRequested.connect(self._grid_menu)
        self.map.page.activated.connect(lambda _id: self.toggle_preview())
        self.map.page.contextMenuRequested.connect(self._grid_menu)
        self.map.page.said.connect(self.activity.say)
        self.map.turned.connect(self.actions_by_name["toggle_map"].setChecked)
        self.map.turned.connect(self.filters.view.show_state)
        self.filters.view.chosen.connect(self.show_map)
        self.empty.openFolderRequested.connect(self.open_folder)
        self.empty.samplesRequested.connect(self.try_samples)
        self.nothing.clearRequested.connect(self.clear_filter)
        self.library_menu.connect_page(self.closed)
        self.problems.retryRequested.connect(self.steps.retry)
        self.problems.dismissRequested.connect(self.steps.dismiss)
        self.problems.revealRequested.connect(self._reveal)
        self.problems.copied.connect(lambda _n: self.activity.say(self.tr("The report was copied.")))
        self.inspector.acceptRequested.connect(self.accept_kth)
        self.inspector.labelRequested.connect(self._label)
        self.inspector.typedLabelLeft.connect(self.steps.label_these)
        self.inspector.rejectRequested.connect(self.reject)
        self.inspector.clearRequested.connect(self.clear_label)
        self.inspector.noteRequested.connect(self.steps.note)
        self.inspector.revealRequested.connect(self._reveal)
        self.inspector.copyRecordRequested.connect(self._copy_record)
        self.inspector.left.connect(self.middle.take_keys)
        for signal, name in (
            (self.activity.pauseRequested, "pause"),
            (self.activity.resumeRequested, "resume"),
            (self.activity.cancelRequested, "cancel"),
        ):
            signal.connect(lambda job_id, call=name: self._engine.call(call, job_id))
        self.activity.badge.clicked.connect(self._explain_device)
        self.steps.said.connect(self.activity.say)
        self.exploring.said.connect(self.activity.say)
        self.similar.refused.connect(self.show_error)
        self.similar.moved.connect(
            lambda: self.filters.show_by_likeness(self.exploring.stands, picks=self.exploring.picks)
        )
        self.similar_bar.labelRequested.connect(self.label_these)
        for part, view in ((self.large_part, self.large), (self.inspector_part, self.inspector.preview)):
            part.chosen.connect(lambda area, view=view: self.exploring.find_part(view, self.grid.current_id(), area))
        self.large.partRequested.connect(self.large_part.begin)
        self.browser.idsCame.connect(self._show_ids)
        self.browser.facetsCame.connect(self._show_facets)
        self.browser.problemsCame.connect(self.problems.show_problems)
        self.browser.jobsCame.connect(self.activity.show_open)
        self.browser.undoCame.connect(self._name_undo)
        self.browser.failed.connect(self.show_error)
        self.duplicates.page.finder.failed.connect(self.show_error)
        self._connect_duplicates()
        self.middle.turned.connect(lambda _page: self.drop_note.look())
        self.middle.turned.connect(lambda page: self.inspector.setVisible(page not in self.asides()))

    def query(self) -> Query:
        """Return what should be shown, and in which order."""
        return self.filters.query(self._model_ref)

    # What the engine says

    def library_leaving(self) -> None:
        """The library is about to be closed, for another or for good: keep what was typed, and let go of it."""
        self.inspector.commit_typed()
        self.browser.stop()
        self._forget_contents()

    def library_opened(self, path: Path, model_ref: str, *, read_only: bool) -> None:
        """Show another library."""
        self._model_ref = model_ref
        name = printable(path.stem)
        read_only_name = self.tr("{0} (read only)").format(name)
        self.setWindowTitle(f"{read_only_name if read_only else name} – Lightdesk")
        self.library_menu.opened(path)
        self.filters.clear()
        self.panel.show_choice(ALL)
        self._forget_contents()
        self.middle.turn_to(self.grid)
        self.grid.set_model_ref(model_ref)
        self.map.page.open(model_ref)
        self.inspector.set_model_ref(model_ref)
        self._set_read_only(read_only)
        self.browser.open()
        self.similar.open(model_ref)
        self._insights_opened(model_ref, read_only=read_only)
        self.duplicates.page.open(model_ref, read_only=read_only)
        self._engine.call("models", done=self._show_models)
        if read_only:
            self.banner.show_notice(
                self.tr("This library can only be read: {0}. You can look, but not label or add.").format(
                    printable(str(path))
                )
            )

    def _set_read_only(self, read_only: bool) -> None:
        self.steps.read_only = read_only
        self.inspector.set_read_only(read_only)
        self.similar_bar.can_label = not read_only
        for action in self.findChildren(QAction):
            if action.property("writes"):
                action.setEnabled(not read_only)
        self._name_undo(None, None)

    def warn_of_place(self, reason: str) -> None:
        """Say that the library lies where SQLite files get damaged."""
        self.banner.show_notice(
            self.tr(
                "The library is not safe where it is: {0}. Back it up, and open the copy from a disk of this computer."
            ).format(reason),
            [(self.tr("Back up…"), self.library_menu.back_up)],
        )

    def library_failed(self, error: LightdeskError) -> None:
        """Say in the middle why no library is open."""
        self.setWindowTitle("Lightdesk")
        self.browser.stop()
        self._forget_contents()
        self.closed.show_error(error)
        self.middle.turn_to(self.closed)

    def _forget_contents(self) -> None:
        """Nothing of a library may survive: in another one the same numbers are other pictures, sources and jobs."""
        self.grid.reset()
        self.map.page.forget()
        self.inspector.reset()
        self.large.reset()
        self.compared.reset()
        self.exploring.forget()
        self._forget_insights()
        self.duplicates.page.reset()
        self.filters.show_by_likeness(False)
        self.arrivals.forget()
        self.drop_note.forget()
        self._order = None
        self.problems.show_problems([])
        self.activity.reset()
        self.banner.dismiss()
        self._show_facets(Facets(0, 0, 0, 0, 0))
        self._name_undo(None, None)

    def predictions_stored(self, content_ids: tuple[int, ...]) -> None:
        """New answers: counts and order are read again soon."""
        self.grid.refresh(content_ids)
        self.map.page.refresh(content_ids)
        self.duplicates.page.pictures_came()
        self.browser.contents_moved(_CALM_MS if self.grid.is_driven or self.exploring.stands else 0)
        self.insights_moved()
        if self.grid.current_id() in content_ids:
            self.inspector.refresh()

    def refresh_at_once(self, content_ids: tuple[int, ...]) -> None:
        """Someone waits for these answers, which are there now."""
        self.grid.expect(content_ids)
        self.browser.show_now()

    def labels_changed(self, content_ids: tuple[int, ...]) -> None:
        """A step was committed."""
        self.grid.refresh(content_ids or None)
        self.map.page.labels_changed(content_ids)
        self.inspector.refresh()
        self.large.refresh()
        self.similar.forget_kept()
        self.insights_moved()
        query = self.query()
        if query.class_name or query.labelled != "any" or query.text or query.sort in ("class", "mistake"):
            self.browser.contents_moved()
        else:
            self.browser.counts_moved()
        self.browser.undo_moved()
        self.duplicates.page.contents_moved(by_person=True)

    def library_changed(self) -> None:
        """Something else changed, maybe by another process."""
        self.grid.refresh(None)
        self.map.page.library_changed()
        self.inspector.refresh()
        self.large.refresh()
        self.similar.forget_kept()
        self.insights_moved()
        self.browser.all_moved()
        self.duplicates.page.contents_moved()

    def problems_changed(self) -> None:
        """The list of problems moved."""
        self.browser.problems_moved()

    # What was read

    def _show_ids(self, ids: NDArray[np.int64], query: Query) -> None:
        order, self._order = self._order, (query.sort, query.descending, self.exploring.n_moves)
        self.exploring.shown(ids, query, anew=order not in (None, self._order))
        self.arrivals.shown()
        self.drop_note.look()
        if self._keys_to_found:
            self._keys_to_found = False
            self.middle.take_keys()
        self.filters.show_count(len(ids), self._facets.n_all)
        page = self.middle.currentWidget()
        if page in (self.large, self.compared) and len(ids):
            self._show_current(page)  # its place among the others may be another now
        elif page not in self.asides():
            self._show_page(len(ids))

    def _show_facets(self, facets: Facets) -> None:
        self._facets = facets
        self.panel.show_facets(facets)
        self.problems.show_total(facets.n_problems)
        self.similar_bar.n_all = facets.n_all
        self.duplicates.page.show_sources(facets.sources)
        self.nothing.show_total(facets.n_all)
        self.filters.show_count(self.grid.count(), facets.n_all)
        if self.filters.show_facets(facets):
            self._filter_changed()

    def _show_models(self, models: list[Any]) -> None:
        self.filters.show_models([(model.title or model.name, model.ref) for model in models], self._model_ref)

    def _name_undo(self, undo: Command | None, redo: Command | None) -> None:
        for name, text, command in (
            ("undo", self.tr("Undo"), undo),
            ("redo", self.tr("Redo"), redo),
        ):
            action = self.actions_by_name[name]
            action.setText(f"{text} {command.title}" if command is not None else text)
            action.setEnabled(command is not None and not self.steps.read_only)

    def _is_free(self) -> bool:
        """Tell whether the person looks at all pictures, and has not chosen several or begun to type."""
        typing = isinstance(QApplication.focusWidget(), QLineEdit | QAbstractSpinBox)
        looks = self.middle.currentWidget() is self.grid and not self.exploring.stands
        return looks and self.grid.n_selected() <= 1 and not typing

    def _show_selected(self) -> None:
        n = self.grid.n_selected()
        self.inspector.show_content(self.grid.current_id(), n, self.grid.marked() if n > 1 else None)
        for part in (self.large_part, self.inspector_part):
            part.end()
        self._show_current(self.middle.currentWidget())

    def _show_current(self, page: QWidget | None) -> None:
        if page is self.large:
            self._load_large()
        elif page is self.compared:
            self._show_beside()

    # Choosing what is shown

    def _choose(self, kind: str, value: Any) -> None:
        if (kind, value) == PROBLEMS:
            self.middle.turn_to(self.problems)
            self.browser.problems_moved()
            return
        if (kind, value) == COVERAGE:
            self.open_coverage()
            return
        if (kind, value) == DUPLICATES:
            self.duplicates.show()
            return
        self.filters.set_place(value if kind == "source" else None, value if kind == "class" else None)
        self._filter_changed()

    def _go_to_found(self) -> None:
        # Not before the list is there: a key would still mean a picture of the one before.
        self._keys_to_found = True
        self.browser.show_now()

    def _set_query(self, query: Query) -> None:
        self.filters.set_query(query)
        self._show_place()

    def _show_place(self) -> None:
        query = self.query()
        if query.class_name is not None:
            self.panel.show_choice(("class", query.class_name))
        else:
            self.panel.show_choice(ALL if query.source_id is None else ("source", query.source_id))

    def _filter_changed(self) -> None:
        self._show_place()
        if not self.coverage.isVisible():
            self._show_pictures()
        self.browser.show_now()

    def clear_filter(self) -> None:
        """Show everything again."""
        if self.exploring.picks:
            self.exploring.close()
        elif self.exploring.stands and not self.filters.is_filtering():
            self.exploring.set_level("everything")
        self.filters.clear()
        self._filter_changed()

    def back(self) -> None:
        """Leave the large preview, a comparison, a field, the problems, the duplicates or a search by example."""
        page, focus = self.middle.currentWidget(), QApplication.focusWidget()
        if page is self.large:
            self.toggle_preview()
        elif page is self.compared:
            self.compare()
        elif page in (self.problems, self.duplicates.page, self.coverage):
            self.panel.show_choice(ALL)
            self._filter_changed()
            self._show_pictures()
        elif self.exploring.stands and not isinstance(focus, QLineEdit | QAbstractSpinBox):
            self.exploring.close()
        self.middle.take_keys()

    # The frame

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._overlay.isVisible():
            self._overlay.fit()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.inspector.commit_typed()
        self.browser.stop()
        self._kept.save()
        super().closeEvent(event)
