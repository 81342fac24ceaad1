"""What a drop on the window does, and a paste: into the library, or into a search by example."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, Qt
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import QWidget

from desktop.ui import intake
from desktop.ui.arrivals import Arrivals
from desktop.ui.drag_out import contents_in
from desktop.ui.drop_note import DropNote
from desktop.ui.exploring import Exploring
from desktop.ui.library_panel import ALL
from desktop.ui.steps import Steps
from desktop.ui.window_parts import WindowParts


class WindowDrops(WindowParts):
    """The half of the window that things fall on. GUI thread.

    The window takes all drops itself, wherever they fall: it alone knows whether something is for the library or for
    one of the places that search with it.
    """

    exploring: Exploring
    steps: Steps
    arrivals: Arrivals
    drop_note: DropNote

    def submit(self, paths: list[str]) -> None:
        """Take paths into the library."""
        if paths:
            self.steps.take_in(paths, self._dropped)

    def asides(self) -> tuple[QWidget, ...]:
        """Pages on which no picture of the grid is seen."""
        return self.problems, self.closed, self.duplicates.page

    def _dropped(self, job_id: int) -> None:
        self.arrivals.dropped(job_id)
        self.drop_note.dropped(job_id)

    def _sees_all(self) -> bool:
        """Tell whether what comes in is seen to come."""
        aside = self.middle.currentWidget() in (self.large, self.compared, *self.asides())
        return not (aside or self.exploring.stands or self.filters.is_filtering())

    def _show_all(self) -> None:
        self.exploring.close()
        if self.filters.is_filtering():
            self.filters.clear_by_hand()
        self.panel.show_choice(ALL)
        self._show_pictures()
        self.middle.take_keys()
        self.arrivals.lead()

    def _show_pictures(self) -> None:
        raise NotImplementedError

    def paste(self) -> None:
        """Take an image or paths from the clipboard into the library."""
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
        mime, own = event.mimeData(), self._is_own(event)
        if contents_in(mime) or (not own and intake.takes(mime)):
            spots = self.exploring.spots(self.filters.search)
            self._overlay.lift(spots, veiled=not own, adds=not self.steps.read_only)
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        over = self._overlay.point(event.position().toPoint())
        if over is None and (self._is_own(event) or self.steps.read_only):
            event.ignore()
        else:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        over = self._overlay.point(event.position().toPoint())
        own = self._is_own(event)
        self._overlay.hide()
        # Never a move: the files stay theirs.
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        mime = event.mimeData()
        if not (over.take(mime) if over is not None else own or self._take(mime)):
            self.activity.say(self.tr("Only files on this computer can be dropped; save the picture first."))

    def _is_own(self, event: QDropEvent) -> bool:
        """Tell whether a drag began in this program: its pictures are in the library already."""
        return event.source() is not None or bool(contents_in(event.mimeData()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Watches the search field: a picture pasted there is looked for; text stays text.
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.matches(QKeySequence.StandardKey.Paste)
        ):
            mime = QGuiApplication.clipboard().mimeData()
            return _is_picture(mime) and self.exploring.take(mime, None)
        if isinstance(event, QContextMenuEvent) and watched is self.filters.search:
            self._search_menu(event.globalPos())
            return True
        return super().eventFilter(watched, event)

    def _search_menu(self, at: QPoint) -> None:
        """The menu of a field, whose Paste means what Ctrl+V means in it."""
        menu = self.filters.search.createStandardContextMenu()
        menu.setParent(self, menu.windowFlags())  # it is found where the window's other menus are
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        paste = menu.findChild(QAction, "edit-paste")
        if paste is not None and _is_picture(QGuiApplication.clipboard().mimeData()):
            paste.triggered.disconnect()
            # Asked again: what is on the clipboard may be another by then.
            paste.triggered.connect(lambda: self.exploring.take(QGuiApplication.clipboard().mimeData(), None))
            paste.setEnabled(True)
        menu.popup(at)


def _is_picture(mime: QMimeData) -> bool:
    """Tell whether the clipboard brings pictures, and no words that could be meant instead."""
    return mime.hasUrls() or (mime.hasImage() and not mime.hasText())
