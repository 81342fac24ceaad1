"""Names that a screen reader says, and a way by Tab alone: in the window, its banner and all dialogs."""

from __future__ import annotations

import operator
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from desktop.ui.about import AboutDialog
from desktop.ui.doctor_dialog import DoctorDialog, TextDialog
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.shortcuts_sheet import ShortcutsSheet
from engine.errors import ErrorCode, LibraryError, LightdeskError
from engine.schemas.job import Job
from engine.schemas.settings import Settings
from tests.desktop.conftest import Shown
from tests.desktop.fake_engine import AT, MODEL_REF

Show = Callable[..., Shown]
_MOST_STEPS = 120
_TAB = Qt.FocusPolicy.TabFocus
# Whatever their policy says: a button for the mouse alone is what is looked for.
_CONTROLS = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QAbstractItemView, QPlainTextEdit)


def by_tab(root: QWidget) -> list[QWidget]:
    """Everything visible and enabled that the Tab key should reach."""
    return [
        widget
        for widget in root.findChildren(QWidget)
        if widget.window() is root.window()
        and widget.isVisible()
        and widget.isEnabled()
        and widget.focusProxy() is None
        and (widget.focusPolicy() & _TAB == _TAB or isinstance(widget, _CONTROLS))
        # What Qt puts inside a control speaks and is reached with it.
        and not widget.objectName().startswith("qt_")
        and not isinstance(widget.parent(), QLineEdit | QComboBox | QAbstractSpinBox | QAbstractItemView)
    ]


def spoken(widget: QWidget) -> str:
    """The name that a screen reader says."""
    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)


def told(widgets: list[QWidget]) -> list[str]:
    return [f"{type(w).__name__} {w.objectName()!r} in {type(w.parent()).__name__}" for w in widgets]


def walk(back: bool = False) -> list[QWidget]:
    """Press Tab until the keys are where they began; returns where they were, in order."""
    seen: list[QWidget] = []
    while (now := QApplication.focusWidget()) is not None and now not in seen:
        seen.append(now)
        assert len(seen) < _MOST_STEPS
        QTest.keyClick(now, Qt.Key.Key_Backtab if back else Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is seen[0], f"the walk ends in {told([QApplication.focusWidget()])}"
    return seen


@pytest.fixture
def full(show: Show, qtbot) -> Shown:
    """A window in which everything there is can be reached: a picture with label and note, a job, a banner with ways."""
    shown = show(9)
    window = shown.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=5000)
    window.grid.setFocus()
    QTest.keyClick(window.grid, Qt.Key.Key_Home)
    window.accept_first()
    qtbot.waitUntil(window.inspector.note.isVisible, timeout=5000)
    shown.engine.set_job(Job(7, "ingest", "running", "Holiday", MODEL_REF, False, 100, 40, 2, 0, AT))
    qtbot.waitUntil(lambda: 7 in window.activity.open_jobs(), timeout=5000)
    error = LightdeskError(ErrorCode.MODEL_DAMAGED, "The model is damaged.", way_out="Install it again.")
    window.show_error(error)
    window.filters.low.setValue(1)  # so that there is something to clear
    qtbot.waitUntil(window.filters.clear_button.isEnabled, timeout=5000)
    return shown


def test_everything_in_the_window_has_a_name(full: Shown) -> None:
    controls = by_tab(full.window)
    assert len(controls) > 20
    assert not told([widget for widget in controls if not spoken(widget).strip()])


@pytest.mark.parametrize("back", [False, True], ids=["tab", "backtab"])
def test_tab_alone_reaches_everything_in_the_window_and_comes_back(full: Shown, back: bool) -> None:
    full.window.grid.setFocus()
    seen = walk(back)
    assert not told([widget for widget in by_tab(full.window) if widget not in seen])
    # And stops nowhere that is not seen or says nothing.
    assert not told([widget for widget in seen if not widget.isVisible() or not spoken(widget).strip()])


@pytest.mark.parametrize("name", ["empty", "nothing", "coverage", "map.page", "duplicates.page"])
def test_space_presses_the_button_that_has_the_keys_on_every_page(full: Shown, qtbot, name: str) -> None:
    window = full.window
    page = operator.attrgetter(name)(window)
    window.middle.turn_to(page)
    qtbot.waitUntil(page.isVisible, timeout=5000)
    meant_picture: list[bool] = []
    window.actions_by_name["toggle_preview"].triggered.connect(meant_picture.append)
    qtbot.waitUntil(lambda: any(isinstance(widget, QAbstractButton) for widget in by_tab(page)), timeout=5000)
    buttons = [widget for widget in by_tab(page) if isinstance(widget, QAbstractButton)]
    pressed: list[QWidget] = []
    for button in buttons:
        button.pressed.connect(lambda button=button: pressed.append(button))
        button.setFocus()
        QTest.keyPress(button, Qt.Key.Key_Space)
        # Not let go of: what the button does would turn to another page.
        button.setDown(False)
    assert not told([button for button in buttons if button not in pressed]) and not meant_picture


def test_space_leads_back_from_where_nothing_is_found(show: Show, qtbot) -> None:
    window = show(9).window
    window.filters.search.setText("no such name")
    qtbot.waitUntil(window.nothing.isVisible, timeout=5000)
    window.middle.take_keys()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.grid.isVisible() and window.grid.count() == 9, timeout=5000)


def test_the_list_of_problems_has_names_and_is_reached_by_tab(show: Show, qtbot) -> None:
    shown = show(2)
    window = shown.window
    shown.engine.add_problem("/photos/broken.jpg")
    qtbot.waitUntil(lambda: window.problems.table.rowCount() == 1, timeout=5000)
    qtbot.waitUntil(lambda: window.panel._rows.place_of(("problems", None)) > 0, timeout=5000)
    window.panel.choose(("problems", None))
    window.activateWindow()
    window.problems.table.selectRow(0)
    window.problems.setFocus()
    assert QApplication.focusWidget() is window.problems.table
    controls = by_tab(window.problems)
    assert len(controls) >= 7 and not told([widget for widget in controls if not spoken(widget).strip()])
    seen = walk()
    assert not told([widget for widget in controls if widget not in seen])


def test_the_ways_out_of_a_library_that_did_not_open_are_reached_by_tab(show: Show, qtbot) -> None:
    window = show(error=LibraryError(ErrorCode.LIBRARY_DAMAGED, "It is damaged.", way_out="Restore a backup.")).window
    qtbot.waitUntil(lambda: window.middle.currentWidget() is window.closed, timeout=5000)
    window.activateWindow()
    window.filters.search.setFocus()
    controls, seen = by_tab(window.closed), walk()
    assert len(controls) == 4 and not told([widget for widget in controls if widget not in seen])
    assert not told([widget for widget in seen if not spoken(widget).strip()])


def test_the_banner_s_buttons_have_names_of_their_own_and_are_pressed_by_key(show: Show, qtbot) -> None:
    window = show(1).window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=5000)
    pressed: list[str] = []
    ways = [("Doctor…", lambda: pressed.append("doctor")), ("Back up…", lambda: pressed.append("back up"))]
    window.banner.show_notice("Something to know.", ways)
    buttons = {spoken(widget): widget for widget in by_tab(window.banner)}
    assert sorted(buttons) == ["Back up…", "Close this message", "Copy this message", "Doctor…"]
    assert spoken(window.banner) == "Something to know."
    for name in ("Doctor…", "Copy this message", "Back up…", "Close this message"):
        buttons[name].setFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClick(buttons[name], Qt.Key.Key_Space)
    assert pressed == ["doctor", "back up"]
    assert QApplication.clipboard().text() == "Something to know." and not window.banner.isVisible()


def doctor(parent: QWidget) -> DoctorDialog:
    return DoctorDialog(lambda done, _failed: done("All is well."), parent)


DIALOGS: dict[str, Callable[[QWidget], QDialog]] = {
    "settings": lambda parent: SettingsDialog(Settings(), lambda *_: None, frozenset(), parent, models=("a@1", "b@2")),
    "doctor": doctor,
    "about": lambda parent: AboutDialog("1.2.3", "/home/ada/library.lightdesk", parent),
    "shortcuts": ShortcutsSheet,
    "check": lambda parent: TextDialog("Check of the library", "page 3 is damaged", parent),
}


@pytest.mark.parametrize("name", DIALOGS)
def test_dialogs_have_names_and_a_way_by_tab(qtbot, name: str) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = DIALOGS[name](parent)
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow, timeout=5000)
    assert dialog.windowTitle()
    groups = dialog.groups if isinstance(dialog, SettingsDialog) else None
    for page in range(groups.count() if groups is not None else 1):
        if groups is not None:
            groups.setCurrentRow(page)
        controls = by_tab(dialog)
        assert not told([widget for widget in controls if not spoken(widget).strip()])
        (groups or controls[0]).setFocus(Qt.FocusReason.TabFocusReason)
        seen = walk()
        assert len(seen) > 1
        assert not told([widget for widget in controls if widget not in seen])
        assert not told([widget for widget in seen if not spoken(widget).strip()])
