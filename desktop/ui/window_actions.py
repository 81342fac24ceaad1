"""What the window's menus and keys do: one method for each row of the table of actions, and what a drop does."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFileDialog, QMenu

from desktop.ui import reveal
from desktop.ui.about import AboutDialog
from desktop.ui.doctor_dialog import DoctorDialog
from desktop.ui.library_menu import LibraryMenu
from desktop.ui.likeness import Sample
from desktop.ui.plain_text import printable
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.shortcuts_sheet import ShortcutsSheet
from desktop.ui.similar_search import SimilarSearch
from desktop.ui.tile_words import score_text
from desktop.ui.window_drops import WindowDrops
from engine.schemas.library import Facets

_ZOOM = 1.25
_IMAGES = "*.jpg *.jpeg *.png *.webp *.bmp *.tif *.tiff *.gif *.avif *.heic *.heif"


class WindowActions(WindowDrops):
    """The acting half of the window; `desktop.ui.main_window.MainWindow` makes the parts it acts on. GUI thread."""

    actions_by_name: dict[str, QAction]
    library_menu: LibraryMenu
    similar: SimilarSearch
    _model_ref: str
    _facets: Facets

    # Steps by a person

    def _seen_selection(self) -> list[int]:
        """Return what a step goes to: nothing while the pictures are not shown."""
        return [] if self.middle.currentWidget() in self.asides() else self.grid.selected_ids()

    def accept_kth(self, k: int) -> None:
        """Take the k-th prediction as the label."""
        self.steps.accept(k)

    def accept_first(self) -> None:
        """Take the first prediction as the label."""
        self.steps.accept(1)

    def reject(self) -> None:
        """Say that the prediction is wrong."""
        self.steps.reject()

    def clear_label(self) -> None:
        """Take the label away."""
        self.steps.clear()

    def hide_selected(self) -> None:
        """Take the selection out of the library's view."""
        self.steps.hide()

    def type_label(self) -> None:
        """Go to the label field."""
        if self.grid.current_id() is not None:
            self.inspector.focus_label()

    def undo(self) -> None:
        """Take the last step back."""
        self.steps.undo()

    def redo(self) -> None:
        """Do it again."""
        self.steps.redo()

    def select_all(self) -> None:
        """Select everything shown."""
        self.grid.select_all()

    def copy_record(self) -> None:
        """Copy the result record of the current picture."""
        self._copy_record(self.grid.current_id())

    def _copy_record(self, content_id: int | None) -> None:
        self.steps.copy_record(content_id, self._shell.settings.top_k)

    def _label(self, name: str) -> None:
        self.steps.label(name)
        self.grid.setFocus()

    # Getting things in

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
        self.submit(self._shell.sample_photos())

    def rescan(self) -> None:
        """Look for new and changed files in all sources."""
        paths = [source.path for source in self._facets.sources if source.path]
        if paths:
            self.activity.say(self.tr("Looking for new and changed files…"))
            self.steps.take_in(paths, self.arrivals.dropped)
        else:
            self.activity.say(self.tr("No folder has been added yet."))

    # The rest of the menus

    def new_library(self) -> None:
        """Make another library."""
        self.library_menu.new()

    def switch_library(self) -> None:
        """Open another library."""
        self.library_menu.open()

    def check_library(self) -> None:
        """Look for damage."""
        self.library_menu.check()

    def back_up_library(self) -> None:
        """Copy the library."""
        self.library_menu.back_up()

    def show_settings(self) -> None:
        """Edit the settings."""
        shell = self._shell
        dialog = SettingsDialog(
            shell.settings,
            shell.why_invalid,
            shell.settings_from_environment(),
            self,
            models=self.filters.model_refs(),
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._save_settings(dialog))
        dialog.open()

    def _save_settings(self, dialog: SettingsDialog) -> None:
        if values := dialog.changed_values():
            self._shell.save_settings(values)

    def show_shortcuts(self) -> None:
        """Show all keys."""
        ShortcutsSheet(self).open()

    def show_doctor(self) -> None:
        """Examine the machine and show what was found."""
        DoctorDialog(self._shell.doctor_text, self).show()

    def show_about(self) -> None:
        """Say what this is."""
        AboutDialog(self._shell.version(), printable(str(self._shell.library_file())), self).open()

    def _reveal(self, path: str) -> None:
        if not reveal.reveal(path):
            QGuiApplication.clipboard().setText(printable(path))
            self.activity.say(self.tr("No file manager could be opened; the path was copied."))

    # Looking

    def toggle_preview(self) -> None:
        """Show the current picture large, or the grid again."""
        if self.middle.currentWidget() is self.large:
            self._show_page(self.grid.count())
            self.grid.setFocus()
        elif self.middle.currentWidget() in (self.grid, self.map.page) and self.grid.current_id() is not None:
            self.middle.turn_to(self.large)
            self.large.setFocus()
            self._load_large()

    def _load_large(self) -> None:
        self.large.show_content(self.grid.current_id(), self._model_ref, self._place_words())

    def _show_page(self, n: int) -> None:
        none_alike = self.exploring.stands and not n
        only = self.filters.only.currentData()
        self.nothing.show_search(standing=none_alike, picks=self.exploring.picks, only=only)
        page = self.grid if n else self.nothing if none_alike or self.filters.is_filtering() else self.empty
        self.middle.turn_to(page)

    def _show_pictures(self) -> None:
        """Let the grid be seen, whatever was shown in its place."""
        if self.middle.currentWidget() in (self.problems, self.large, self.compared, self.duplicates.page):
            self._show_page(self.grid.count())

    def toggle_map(self) -> None:
        """Show the pictures on the map, or in the grid again."""
        self.show_map(not self.map.is_on)

    def show_map(self, on: bool) -> None:
        """Show the pictures on the map, or (False) in the grid."""
        if on != self.map.is_on:
            self.map.toggle()
        self._show_pictures()

    def larger_tiles(self) -> None:
        """Make tiles larger, or the picture that is shown large."""
        page = self.middle.currentWidget()
        if page is self.large or page is self.compared:
            page.zoom(_ZOOM)
        elif page is self.map.page or page is self.duplicates.page:
            page.zoom(1)
        else:
            self.grid.zoom(1)

    def smaller_tiles(self) -> None:
        """Make tiles smaller, or the picture that is shown large."""
        page = self.middle.currentWidget()
        if page is self.large or page is self.compared:
            page.zoom(1 / _ZOOM)
        elif page is self.map.page or page is self.duplicates.page:
            page.zoom(-1)
        else:
            self.grid.zoom(-1)

    def search(self) -> None:
        """Go to the search field."""
        self.filters.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filters.search.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
        if self.middle.currentWidget() in (self.large, self.compared) and Qt.Key(event.key()) in moves:
            self.grid.step(moves[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def _explain_device(self) -> None:
        text = self.activity.badge.details().replace("\n", "  ·  ")
        self.banner.show_notice(text, [(self.tr("Doctor…"), self.show_doctor)])

    # Finding similar

    def find_similar(self) -> None:
        """Show what is like the chosen pictures."""
        self.exploring.find(self._seen_selection())

    def find_part(self) -> None:
        """Let a part of the picture be marked, to search with it."""
        if self.grid.current_id() is not None:
            (self.large_part if self.middle.currentWidget() is self.large else self.inspector_part).begin()

    def more_like_this(self) -> None:
        """Let the search be like the chosen pictures as well."""
        self.exploring.add("plus", self._seen_selection())

    def not_like_this(self) -> None:
        """Let the search be unlike the chosen pictures."""
        self.exploring.add("minus", self._seen_selection())

    def narrow(self) -> None:
        """Show only what is more alike."""
        self.exploring.narrow()

    def widen(self) -> None:
        """Show also what is less alike."""
        self.exploring.widen()

    def label_these(self) -> None:
        """Type a label for all that are found."""
        if self.similar_bar.label_button.isEnabled() and self.exploring.stands:
            self._show_pictures()
            self.grid.select_all()
            self.type_label()

    def _connect_duplicates(self) -> None:
        page = self.duplicates.page
        page.undoRequested.connect(self.undo)
        page.similarRequested.connect(self.exploring.find)
        page.revealRequested.connect(self._reveal)

    def show_duplicates(self) -> None:
        """Show the groups of duplicates."""
        if self.middle.currentWidget() is not self.closed:
            self.duplicates.show()

    def go_back(self) -> None:
        """Show what was shown before."""
        self.exploring.back()

    def go_forward(self) -> None:
        """Show again what came after it."""
        self.exploring.forward()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        step = {Qt.MouseButton.BackButton: self.go_back, Qt.MouseButton.ForwardButton: self.go_forward}
        if (go := step.get(event.button())) is not None:
            go()
        else:
            super().mousePressEvent(event)

    def compare(self) -> None:
        """Put the current picture beside the one that is looked for, or the two chosen ones beside each other."""
        if self.middle.currentWidget() is self.compared:
            self._show_page(self.grid.count())
            self.grid.setFocus()
        elif (sample := self._to_compare_with()) is not None:
            self.compared.begin(sample, self._name_of_compared(sample))
            self.middle.turn_to(self.compared)
            self.compared.setFocus()
            self._show_beside()
        else:
            self.activity.say(self.tr("Choose two pictures to compare, or find similar ones first (F)."))

    def _name_of_compared(self, sample: Sample) -> str:
        if self.similar.likeness is None or sample not in self.similar.likeness.samples:
            return self.tr("Chosen")
        return self.tr("Looked for") if sample.region is None else self.tr("Looked for: the marked part")

    def _to_compare_with(self) -> Sample | None:
        current, chosen = self.grid.current_id(), self._seen_selection()
        if current is None:
            return None
        likeness = self.similar.likeness
        pictures = () if likeness is None else likeness.pictures("plus") + likeness.pictures("minus")
        if len(chosen) == 1 and pictures:
            return pictures[0]
        other = next((content_id for content_id in chosen if content_id != current), None)
        return None if other is None else Sample("", other)

    def _show_beside(self) -> None:
        self.compared.show_beside(self.grid.current_id(), self._place_words())

    def _place_words(self) -> str:
        place = self.grid.current_place()
        words = self.tr("{0} of {1}").format(f"{place + 1:,}", f"{self.grid.count():,}")
        score = self.grid.marks.score_at(place)
        return words if score is None else f"{score_text(score)}  \N{MIDDLE DOT}  {words}"

    def _grid_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in ("find_similar", "more_like_this", "not_like_this", "compare", ""):
            menu.addAction(self.actions_by_name[name]) if name else menu.addSeparator()
        for name in ("accept_first", "type_label", "reject", "clear_label", "copy_record", "hide_selected"):
            menu.addAction(self.actions_by_name[name])
        menu.popup(at)
