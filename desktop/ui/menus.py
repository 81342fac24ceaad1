"""Makes menus and shortcuts from the table of actions."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

from desktop.ui.actions import ACTIONS, ActionRow


def build_menus(window: QMainWindow, middle: QWidget) -> dict[str, QAction]:
    """Fill the window's menu bar; the window's method named like an action runs it. Returns the actions by name.

    Parameters
    ----------
    middle
        Where keys of the scope ``middle`` count.
    """
    menus: dict[str, QMenu] = {}
    actions: dict[str, QAction] = {}
    for row in ACTIONS:
        if row.menu not in menus:
            menus[row.menu] = window.menuBar().addMenu(_translated(row.menu))
        menu = menus[row.menu]
        if row.starts_group:
            menu.addSeparator()
        if row.name == "accept_kth":
            _add_ranks(window, menu, row)
            continue
        action = _action(window, row, _translated(row.text), row.keys, middle)
        method = getattr(window, row.name)
        # The signal carries "checked", which the methods have no use for.
        action.triggered.connect(lambda _checked=False, run=method: run())
        menu.addAction(action)
        actions[row.name] = action
    return actions


def _add_ranks(window: QMainWindow, menu: QMenu, row: ActionRow) -> None:
    """One action for each rank, in a menu of their own."""
    ranks = menu.addMenu(_translated("Accept another prediction"))
    run: Callable[[int], None] = getattr(window, row.name)
    for key in row.keys:
        text = QCoreApplication.translate("Actions", "Prediction {0}").format(key)
        action = _action(window, row, text, (key,), window)
        action.triggered.connect(lambda _checked=False, k=int(key): run(k))
        ranks.addAction(action)


def _action(window: QMainWindow, row: ActionRow, text: str, keys: tuple[str, ...], middle: QWidget) -> QAction:
    action = QAction(text, window)
    action.setProperty("writes", row.writes)
    action.setShortcuts([QKeySequence(key) for key in keys])
    if row.scope == "middle":
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        middle.addAction(action)
    else:
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        window.addAction(action)
    return action


def _translated(text: str) -> str:
    return QCoreApplication.translate("Actions", text)
