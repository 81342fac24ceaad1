"""What the window's menus and keys do: one method for each row of the table of actions, and what a drop does."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFileDialog, QMenu

from desktop.ui import intake, reveal
from desktop.ui.about import AboutDialog
from desktop.ui.arrivals import Arrivals
from desktop.ui.doctor_dialog import DoctorDialog
from desktop.ui.library_menu import LibraryMenu
from desktop.ui.plain_text import printable
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.shortcuts_sheet import ShortcutsSheet
from desktop.ui.steps import Steps
from desktop.ui.window_parts import WindowParts
from engine.schemas.library import Facets

_ZOOM = 1.25
_IMAGES = "*.jpg *.jpeg *.png *.webp *.bmp *.tif *.tiff *.gif *.avif *.heic *.heif"


class WindowActions(WindowParts):
    """The acting half of the window; `desktop.ui.main_window.MainWindow` makes the parts it acts on. GUI thread."""

    actions_by_name: dict[str, QAction]
    steps: Steps
    arrivals: Arrivals
    library_menu: LibraryMenu
    _model_ref: str
    _facets: Facets

    # Steps by a person

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

    def submit(self, paths: list[str]) -> None:
        """Take paths into the library."""
        if paths:
            self.steps.take_in(paths, self.arrivals.dropped)

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
            self.submit(paths)
        else:
            self.activity.say(self.tr("No folder has been added yet."))

    def paste(self) -> None:
        """Take an image or paths from the clipboard."""
        if not self._take(QGuiApplication.clipboard().mimeData()):
            self.activity.say(self.tr("The clipboard holds no image and no path of a file."))

    def _take(self, mime: Any) -> bool:
        if paths := intake.paths_in(mime):
            self.submit(paths)
        elif (image := intake.image_in(mime)) is not None:
            self._shell.save_pasted(image, lambda path: self.submit([path]))
        else:
            return False
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.source() is None and not self.steps.read_only and intake.takes(event.mimeData()):
            event.acceptProposedAction()
            self._overlay.lift()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._overlay.hide()
        # Never a move: the files stay theirs.
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if not self._take(event.mimeData()):
            self.activity.say(self.tr("Only files on this computer can be dropped; save the picture first."))

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
        elif self.middle.currentWidget() is self.grid and self.grid.current_id() is not None:
            self.middle.turn_to(self.large)
            self.large.setFocus()
            self._load_large()

    def _load_large(self) -> None:
        place = self.tr("{0} of {1}").format(f"{self.grid.current_place() + 1:,}", f"{self.grid.count():,}")
        self.large.show_content(self.grid.current_id(), self._model_ref, place)

    def _show_page(self, n: int) -> None:
        page = self.grid if n else self.nothing if self.filters.is_filtering() else self.empty
        self.middle.turn_to(page)

    def larger_tiles(self) -> None:
        """Make tiles larger, or the picture that is shown large."""
        if self.large.isVisible():
            self.large.zoom(_ZOOM)
        else:
            self.grid.zoom(1)

    def smaller_tiles(self) -> None:
        """Make tiles smaller, or the picture that is shown large."""
        if self.large.isVisible():
            self.large.zoom(1 / _ZOOM)
        else:
            self.grid.zoom(-1)

    def search(self) -> None:
        """Go to the search field."""
        self.filters.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filters.search.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
        if self.middle.currentWidget() is self.large and Qt.Key(event.key()) in moves:
            self.grid.step(moves[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def _explain_device(self) -> None:
        text = self.activity.badge.details().replace("\n", "  ·  ")
        self.banner.show_notice(text, [(self.tr("Doctor…"), self.show_doctor)])

    def _grid_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in ("accept_first", "type_label", "reject", "clear_label", "copy_record", "hide_selected"):
            menu.addAction(self.actions_by_name[name])
        menu.popup(at)
