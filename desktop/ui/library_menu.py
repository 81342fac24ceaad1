"""Making, opening, switching, checking, backing up and restoring libraries."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, QSettings
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from desktop.ui.banner import Banner
from desktop.ui.doctor_dialog import TextDialog
from desktop.ui.empty_state import LibraryClosed
from desktop.ui.plain_text import printable
from desktop.ui.ports import Shell
from engine.schemas.settings import Settings

_SUFFIX = ".lightdesk"
_RECENT_KEPT = 8


class LibraryMenu(QObject):
    """What the Library menu and the page of a library that did not open do. GUI thread."""

    def __init__(self, window: QWidget, shell: Shell, state: QSettings, banner: Banner) -> None:
        super().__init__(window)
        self._window, self._shell, self._state, self._banner = window, shell, state, banner
        self.recent_menu = QMenu(self.tr("Open recent"), window)
        self.recent_menu.aboutToShow.connect(self._list_recent)

    def add_recent(self, after: QAction) -> None:
        """Put the list of recent libraries under `after`."""
        for menu in after.associatedObjects():
            if isinstance(menu, QMenu):
                below = menu.actions().index(after) + 1
                actions = menu.actions()
                menu.insertMenu(actions[below] if below < len(actions) else None, self.recent_menu)  # type: ignore[arg-type]
        self.recent_menu.setEnabled(bool(self.recent()))

    def connect_page(self, page: LibraryClosed) -> None:
        """Let the page's buttons work."""
        page.openRequested.connect(self.open)
        page.newRequested.connect(self.new)
        page.retryRequested.connect(lambda: self._shell.open_library(self._shell.library_file()))
        page.standardRequested.connect(lambda: self._shell.open_library(None))
        page.restoreRequested.connect(self.restore)
        page.standardModelRequested.connect(lambda: self._shell.use_model(Settings().model))

    def opened(self, path: Path) -> None:
        """Remember a library that was opened."""
        rest = [other for other in self.recent() if other != str(path)]
        self._state.setValue("recent", [str(path), *rest][:_RECENT_KEPT])
        self.recent_menu.setEnabled(True)

    def recent(self) -> list[str]:
        """Return the libraries opened before, newest first."""
        return recent_libraries(self._state)

    def new(self) -> None:
        """Ask where, and make a library."""
        path, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("New library"), self._folder(), f"Lightdesk (*{_SUFFIX})"
        )
        if path:
            self._shell.open_library(_with_suffix(path))

    def open(self) -> None:
        """Ask which, and open a library."""
        path, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Open library"), self._folder(), f"Lightdesk (*{_SUFFIX});;*"
        )
        if path:
            self._shell.open_library(Path(path))

    def check(self) -> None:
        """Look for damage, behind the window."""
        self._banner.show_notice(self.tr("Checking the library…"), asked=True)
        self._shell.check_library(self._checked)

    def back_up(self) -> None:
        """Ask where to, and copy the library while it is in use."""
        here = self._shell.library_file()
        name = f"{here.stem}-{time.strftime('%Y-%m-%d')}{_SUFFIX}"
        path, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Back up the library"), str(here.with_name(name)), f"Lightdesk (*{_SUFFIX})"
        )
        if not path:
            return
        target = _with_suffix(path)
        self._banner.show_notice(self.tr("Backing up…"), asked=True)

        def done(warning: str) -> None:
            text = self.tr("The library was backed up to {0}.").format(printable(str(target)))
            self._banner.show_notice(f"{text} {warning}".rstrip(), asked=True)

        self._shell.back_up_library(target, done)

    def restore(self) -> None:
        """Ask for a backup, and put it in the library's place."""
        backups = self._shell.library_file().parent / "backups"
        path, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Restore a backup"), str(backups), f"Lightdesk (*{_SUFFIX});;*"
        )
        if path:
            self._shell.restore_library(Path(path))

    def _checked(self, findings: tuple[str, ...]) -> None:
        if not findings:
            self._banner.show_notice(self.tr("The library was checked: no damage found."), asked=True)
            return
        self._banner.dismiss()
        text = self.tr("Damage was found. Back up the library, then restore an automatic backup from {0}.").format(
            printable(str(self._shell.library_file().parent / "backups"))
        )
        dialog = TextDialog(self.tr("Check of the library"), "\n".join((text, "", *findings)), self._window)
        dialog.show()

    def _folder(self) -> str:
        return str(self._shell.library_file().parent)

    def _list_recent(self) -> None:
        self.recent_menu.clear()
        for path in self.recent():
            action = self.recent_menu.addAction(printable(path).replace("&", "&&"))
            action.triggered.connect(lambda _checked=False, p=path: self._shell.open_library(Path(p)))
            if path == str(self._shell.library_file()):
                action.setCheckable(True)
                action.setChecked(True)


def recent_libraries(state: QSettings) -> list[str]:
    """Return the libraries opened before, newest first, as they were kept."""
    value = state.value("recent", [])
    # An ini file gives a list of one as a string.
    return [value] if isinstance(value, str) else [str(path) for path in value] if isinstance(value, list) else []


def _with_suffix(path: str) -> Path:
    # Not with_suffix: in "photos.2026" the year would go.
    return Path(path if path.endswith(_SUFFIX) else path + _SUFFIX)
