"""The window: panel, grid, inspector, filters, activity, and what the keys do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QPoint, QSettings, Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMenu, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from desktop.ui.actions import ACTIONS
from desktop.ui.activity_bar import ActivityBar
from desktop.ui.dialogs import SettingsDialog, shortcuts_sheet, text_sheet
from desktop.ui.empty_state import EmptyState, NothingFound
from desktop.ui.filter_bar import FilterBar
from desktop.ui.grid import AssetGrid
from desktop.ui.inspector import Inspector, to_image
from desktop.ui.library_panel import LibraryPanel
from desktop.ui.ports import EnginePort, ReadPort, ThumbnailPort
from desktop.ui.preview_view import PreviewView
from desktop.ui.problems_view import ProblemsView
from engine.errors import LightdeskError
from engine.schemas.device import ModelState
from engine.schemas.job import JobProgress, Preflight
from engine.schemas.library import Command, Facets, Query
from engine.schemas.settings import Settings

_REFRESH_MIN_MS = 200
_REFRESH_SHARE = 10  # a refresh may take at most this part of the time
_IMAGES = "*.jpg *.jpeg *.png *.webp *.bmp *.tif *.tiff *.gif *.avif *.heic *.heif"


class Shell(Protocol):
    """What the window asks of the composition root."""

    settings: Settings

    def open_library(self, path: Path) -> None: ...
    def save_settings(self, values: dict[str, Any]) -> None: ...
    def sample_folder(self) -> str: ...
    def save_pasted(self, image: QImage, done: Callable[[str], None]) -> None: ...
    def doctor_text(self, done: Callable[[str], None]) -> None: ...


class MainWindow(QMainWindow):
    """Lightdesk's window. GUI thread; everything slow goes through the ports."""

    def __init__(
        self, shell: Shell, read: ReadPort, thumbnails: ThumbnailPort, engine: EnginePort, state: QSettings
    ) -> None:
        super().__init__()
        self._shell, self._read, self._engine, self._state = shell, read, engine, state
        self._query = Query()
        self._facets = Facets(0, 0, 0, 0, 0)
        self._ids_dirty = self._facets_dirty = False
        self._busy_until_s = 0.0
        self._asked_s = 0.0
        self.setWindowTitle("Lightdesk")
        self.setAcceptDrops(True)
        self._build(thumbnails)
        self._build_actions()
        self.resize(1320, 840)
        if geometry := state.value("geometry"):
            self.restoreGeometry(geometry)
        if splitter := state.value("splitter"):
            self._splitter.restoreState(splitter)
        self._refresher = QTimer(self)
        self._refresher.setInterval(50)
        self._refresher.timeout.connect(self._refresh_if_due)
        self._refresher.start()

    def _build(self, thumbnails: ThumbnailPort) -> None:
        self.panel = LibraryPanel()
        self.panel.chosen.connect(self._choose)
        self.panel.removeSourceRequested.connect(lambda i: self._step("remove_source", i))
        self.filters = FilterBar()
        self.filters.changed.connect(self._filter_changed)
        self.grid = AssetGrid(self._read, thumbnails)
        self.grid.currentChanged.connect(lambda _id: self._show_current())
        self.grid.selectionChanged.connect(self._show_current)
        self.grid.activated.connect(lambda _id: self.toggle_preview())
        self.grid.contextMenuRequested.connect(self._grid_menu)
        self.empty = EmptyState()
        self.empty.openFolderRequested.connect(self.open_folder)
        self.empty.samplesRequested.connect(self.try_samples)
        self.nothing = NothingFound()
        self.nothing.clearRequested.connect(self._clear_filter)
        self.problems = ProblemsView()
        self.problems.retryRequested.connect(lambda ids: self._engine.call("retry_problems", ids))
        self.problems.dismissRequested.connect(lambda ids: self._engine.call("dismiss_problems", ids))
        self.large = PreviewView()
        self.middle = QStackedWidget()
        for page in (self.empty, self.grid, self.nothing, self.problems, self.large):
            self.middle.addWidget(page)
        self.inspector = Inspector(self._read, thumbnails, self._engine, top_k=self._shell.settings.top_k)
        self.inspector.acceptRequested.connect(self.accept_kth)
        self.inspector.labelRequested.connect(self._label)
        self.inspector.rejectRequested.connect(self.reject)
        self.inspector.clearRequested.connect(self.clear_label)
        self.activity = ActivityBar()
        for signal, name in (
            (self.activity.pauseRequested, "pause"),
            (self.activity.resumeRequested, "resume"),
            (self.activity.cancelRequested, "cancel"),
        ):
            signal.connect(lambda job_id, call=name: self._engine.call(call, job_id))
        center = QWidget()
        column = QVBoxLayout(center)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.filters)
        column.addWidget(self.middle, 1)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        for widget, stretch in ((self.panel, 0), (center, 1), (self.inspector, 0)):
            self._splitter.addWidget(widget)
            self._splitter.setStretchFactor(self._splitter.count() - 1, stretch)
        self._splitter.setSizes([220, 760, 340])
        whole = QWidget()
        rows = QVBoxLayout(whole)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self._splitter, 1)
        rows.addWidget(self.activity)
        self.setCentralWidget(whole)

    def _build_actions(self) -> None:
        menus: dict[str, QMenu] = {}
        self.actions_by_method: dict[str, QAction] = {}
        for row in ACTIONS:
            action = QAction(QCoreApplication.translate("Actions", row.text), self)
            action.setShortcuts([QKeySequence(keys) for keys in row.keys])
            action.triggered.connect(getattr(self, row.method))
            if row.in_grid:
                # Single keys belong to the middle, so that typing in a field stays typing.
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                self.middle.addAction(action)
            if row.menu not in menus:
                menus[row.menu] = self.menuBar().addMenu(self.tr(row.menu))
            menus[row.menu].addAction(action)
            self.actions_by_method[row.method] = action

    # What the engine says

    def library_opened(self, path: Path, model_ref: str, *, read_only: bool) -> None:
        """Show another library."""
        self._query = replace(Query(), model_ref=model_ref)
        suffix = self.tr(" (read only)") if read_only else ""
        self.setWindowTitle(f"{path.stem}{suffix} \N{EN DASH} Lightdesk")
        self.panel.choose_all()
        self.grid.set_model_ref(model_ref)
        self.inspector.set_model_ref(model_ref)
        self.refresh_all()

    def predictions_stored(self, content_ids: tuple[int, ...]) -> None:
        """New answers: counts and order are read again soon."""
        self.grid.refresh(content_ids)
        self._ids_dirty = self._facets_dirty = True
        if self.grid.current_id() in content_ids:
            self.inspector.refresh()

    def labels_changed(self, content_ids: tuple[int, ...]) -> None:
        """A step was committed."""
        self.grid.refresh(content_ids or None)
        self.inspector.refresh()
        self._facets_dirty = True
        self._ids_dirty = self._ids_dirty or self.filters.is_filtering() or self._query.class_name is not None
        self._name_undo()

    def library_changed(self) -> None:
        """Something else changed, maybe by another process."""
        self.grid.refresh(None)
        self.inspector.refresh()
        self._ids_dirty = self._facets_dirty = True

    def problems_changed(self) -> None:
        """The list of problems moved."""
        self._facets_dirty = True
        self._read.ask("problems", lambda view: view.problems(), self.problems.show_problems)

    def show_job(self, progress: JobProgress) -> None:
        """A job moved."""
        self.activity.show_job(progress)

    def show_preflight(self, preflight: Preflight) -> None:
        """A drop was counted."""
        self.activity.show_preflight(preflight)

    def show_model(self, state: ModelState) -> None:
        """The model moved."""
        self.activity.show_model(state)

    def show_error(self, error: LightdeskError) -> None:
        """Something a person should know, in its place in the window."""
        self.activity.show_error(error)

    # Reading

    def refresh_all(self) -> None:
        """Read everything shown again."""
        self._ids_dirty = self._facets_dirty = True
        self._busy_until_s = 0.0
        self._read.ask("problems", lambda view: view.problems(), self.problems.show_problems)
        self._name_undo()

    def _refresh_if_due(self) -> None:
        now_s = time.monotonic()
        if now_s < self._busy_until_s:
            return
        if self._ids_dirty:
            self._ids_dirty = False
            self._ask_ids()
        elif self._facets_dirty:
            self._facets_dirty = False
            ref, asked_s = self._query.model_ref, now_s
            self._read.ask("facets", lambda view: view.facets(ref), lambda facets: self._show_facets(facets, asked_s))

    def _ask_ids(self) -> None:
        query = self.filters.applied_to(self._query)
        asked_s = time.monotonic()
        # Nothing more until the answer is there, or at most for some seconds.
        self._busy_until_s = asked_s + 5
        self._read.ask("ids", lambda view: view.ids(query), lambda ids: self._show_ids(ids, asked_s))

    def _show_ids(self, ids: NDArray[np.int64], asked_s: float) -> None:
        self._rest(asked_s)
        self.grid.set_ids(ids)
        if self.middle.currentWidget() not in (self.problems, self.large):
            self._show_page(len(ids))

    def _show_page(self, n: int) -> None:
        nothing = self.nothing if self.filters.is_filtering() or self._query.class_name is not None else self.empty
        page = self.grid if n else nothing
        if self.middle.currentWidget() is not page:
            self.middle.setCurrentWidget(page)
            if page is self.grid and not isinstance(QGuiApplication.focusObject(), type(self.filters.search)):
                self.grid.setFocus()

    def _show_facets(self, facets: Facets, asked_s: float) -> None:
        self._rest(asked_s)
        self._facets = facets
        self.panel.show_facets(facets)

    def _rest(self, asked_s: float) -> None:
        now_s = time.monotonic()
        self._busy_until_s = now_s + max(_REFRESH_MIN_MS / 1000, min(8.0, (now_s - asked_s) * _REFRESH_SHARE))

    def _choose(self, kind: str, value: Any) -> None:
        if kind == "problems":
            self.middle.setCurrentWidget(self.problems)
            return
        if self.middle.currentWidget() in (self.problems, self.large):
            self.middle.setCurrentWidget(self.grid)
        self._query = replace(
            self._query,
            source_id=value if kind == "source" else None,
            class_name=value if kind == "class" else None,
        )
        self._ask_ids()

    def _filter_changed(self) -> None:
        if self.middle.currentWidget() in (self.problems, self.large):
            self.middle.setCurrentWidget(self.grid)
        self._ask_ids()

    def _clear_filter(self) -> None:
        self.filters.clear()
        self.panel.choose_all()
        self._filter_changed()

    def _show_current(self) -> None:
        self.inspector.show_content(self.grid.current_id(), len(self.grid.selected_ids()))
        if self.middle.currentWidget() is self.large:
            self._load_large()

    # Steps by a person

    def _step(self, name: str, *arguments: Any) -> None:
        self._engine.call(name, *arguments, done=self._said)

    def _said(self, command: Command | None) -> None:
        if command is not None:
            self.activity.say(self.tr("Done: {0}.").format(command.title))

    def _label(self, name: str) -> None:
        self._step("label", self.grid.selected_ids(), name)
        self.grid.setFocus()

    def accept_kth(self, k: int) -> None:
        """Take the k-th prediction as the label."""
        if ids := self.grid.selected_ids():
            self._step("accept", ids, k)

    def accept_first(self) -> None:
        """Take the first prediction as the label."""
        self.accept_kth(1)

    def reject(self) -> None:
        """Say that the prediction is wrong."""
        if ids := self.grid.selected_ids():
            self._step("reject", ids)

    def clear_label(self) -> None:
        """Take the label away."""
        if ids := self.grid.selected_ids():
            self._step("clear_label", ids)

    def hide_selected(self) -> None:
        """Take the selection out of the library's view."""
        if ids := self.grid.selected_ids():
            self._step("hide", ids)

    def type_label(self) -> None:
        """Go to the label field."""
        if self.grid.current_id() is not None:
            self.inspector.focus_label()

    def undo(self) -> None:
        """Take the last step back."""
        self._engine.call("undo", done=lambda c: self._turned(self.tr("Undone"), c))

    def redo(self) -> None:
        """Do it again."""
        self._engine.call("redo", done=lambda c: self._turned(self.tr("Done again"), c))

    def _turned(self, word: str, command: Command | None) -> None:
        self.activity.say(f"{word}: {command.title}." if command is not None else self.tr("There is nothing left."))

    def _name_undo(self) -> None:
        def show(commands: tuple[Command | None, Command | None]) -> None:
            for method, word, command in zip(
                ("undo", "redo"), (self.tr("Undo"), self.tr("Redo")), commands, strict=True
            ):
                action = self.actions_by_method[method]
                action.setText(f"{word} {command.title}" if command is not None else word)
                action.setEnabled(command is not None)

        self._read.ask("undo", lambda view: (view.can_undo(), view.can_redo()), show)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        digit = event.key() - Qt.Key.Key_0
        if 1 <= digit <= 9 and event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        ):
            self.accept_kth(digit)
        elif event.key() == Qt.Key.Key_Escape:
            if self.middle.currentWidget() is self.large:
                self.toggle_preview()
            self.grid.setFocus()
        elif self.middle.currentWidget() is self.large and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.grid.step(1 if event.key() == Qt.Key.Key_Right else -1)
        else:
            super().keyPressEvent(event)

    def _grid_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        for method in ("accept_first", "type_label", "reject", "clear_label", "copy_record", "hide_selected"):
            menu.addAction(self.actions_by_method[method])
        menu.popup(at)

    # Getting things in

    def submit(self, paths: list[str]) -> None:
        """Take paths into the library."""
        if paths:
            self._engine.call("submit", paths)

    def open_files(self) -> None:
        """Ask for files."""
        paths, _ = QFileDialog.getOpenFileNames(self, self.tr("Open files"), "", self.tr("Images") + f" ({_IMAGES});;*")
        self.submit(paths)

    def open_folder(self) -> None:
        """Ask for a folder."""
        if folder := QFileDialog.getExistingDirectory(self, self.tr("Open folder")):
            self.submit([folder])

    def try_samples(self) -> None:
        """Show the photos that ship with the program."""
        self.submit([self._shell.sample_folder()])

    def paste(self) -> None:
        """Take an image or paths from the clipboard."""
        mime = QGuiApplication.clipboard().mimeData()
        if mime.hasUrls():
            self.submit([url.toLocalFile() for url in mime.urls() if url.isLocalFile()])
        elif mime.hasImage():
            self._shell.save_pasted(QGuiApplication.clipboard().image(), lambda path: self.submit([path]))
        elif mime.hasText():
            self.submit(
                [line for line in mime.text().splitlines() if line.strip() and Path(line.strip()).is_absolute()]
            )

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() and event.source() is None:
            event.acceptProposedAction()
            self.activity.say(self.tr("Drop to add to the library."))

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.submit([url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()])

    # The rest of the menus

    def new_library(self) -> None:
        """Make another library."""
        path, _ = QFileDialog.getSaveFileName(self, self.tr("New library"), "", "Lightdesk (*.lightdesk)")
        if path:
            self._shell.open_library(Path(path).with_suffix(".lightdesk"))

    def switch_library(self) -> None:
        """Open another library."""
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Open library"), "", "Lightdesk (*.lightdesk);;*")
        if path:
            self._shell.open_library(Path(path))

    def copy_record(self) -> None:
        """Copy the result record of the current picture."""
        content_id = self.grid.current_id()
        if content_id is not None:
            self._engine.call("record", content_id, self._shell.settings.top_k, done=self._copied)

    def _copied(self, record: dict[str, Any]) -> None:
        QGuiApplication.clipboard().setText(json.dumps(record, indent=2, ensure_ascii=False))
        self.activity.say(self.tr("The result was copied."))

    def select_all(self) -> None:
        """Select everything shown."""
        self.grid.select_all()

    def search(self) -> None:
        """Go to the search field."""
        self.filters.search.setFocus()
        self.filters.search.selectAll()

    def toggle_preview(self) -> None:
        """Show the current picture large, or the grid again."""
        if self.middle.currentWidget() is self.large:
            self.middle.setCurrentWidget(self.grid)
            self.grid.setFocus()
        elif self.grid.current_id() is not None:
            self.middle.setCurrentWidget(self.large)
            self.large.setFocus()
            self._load_large()

    def _load_large(self) -> None:
        content_id = self.grid.current_id()
        if content_id is None:
            return

        def show(frame: Any) -> None:
            if content_id == self.grid.current_id():
                self.large.set_image(to_image(frame))

        self._engine.compute(
            "preview", content_id, 3000, done=show, failed=lambda e: self.large.set_image(None, message=str(e))
        )

    def larger_tiles(self) -> None:
        """Make tiles larger."""
        self.grid.zoom(1)

    def smaller_tiles(self) -> None:
        """Make tiles smaller."""
        self.grid.zoom(-1)

    def show_settings(self) -> None:
        """Edit the settings."""
        dialog = SettingsDialog(self._shell.settings, self)
        dialog.accepted.connect(lambda: self._shell.save_settings(dialog.accepted_values()))
        dialog.open()

    def show_shortcuts(self) -> None:
        """Show all keys."""
        shortcuts_sheet(self).open()

    def show_doctor(self) -> None:
        """Examine the machine and show what was found."""
        self.activity.say(self.tr("Examining this machine\N{HORIZONTAL ELLIPSIS}"))
        self._shell.doctor_text(lambda text: text_sheet(self, self.tr("Doctor"), text).show())

    def show_about(self) -> None:
        """Say what this is."""
        text_sheet(
            self,
            self.tr("About Lightdesk"),
            self.tr(
                "Lightdesk\n\nSee what a vision model thinks of your pictures, on your own machine.\n"
                "Licence: Apache-2.0. Qt is used under the LGPL-3.0."
            ),
        ).show()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._refresher.stop()
        self._state.setValue("geometry", self.saveGeometry())
        self._state.setValue("splitter", self._splitter.saveState())
        super().closeEvent(event)
