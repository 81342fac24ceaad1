"""The menus of the page of duplicates: what can be done with a tile, and which label is to be kept."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMenu, QWidget

from desktop.ui.duplicates_model import ListedGroup

translate = QCoreApplication.translate


def group_menu(parent: QWidget, group: ListedGroup, do: Callable[[str], None]) -> QMenu:
    """Return what can be done with the current tile of a group; `do` is told what is asked for."""
    menu = _menu(parent)
    decide = [
        ("keep", translate("DuplicatesMenu", "Keep this one, hide the others"), "K"),
        ("proposal", translate("DuplicatesMenu", "Keep the marked one"), "Enter"),
        ("hide", translate("DuplicatesMenu", "Hide this one"), "H"),
        ("part_one", translate("DuplicatesMenu", "This one is no duplicate"), "S"),
        ("part_all", translate("DuplicatesMenu", "None of these are duplicates"), "Shift+S"),
        ("", "", ""),
        ("label", translate("DuplicatesMenu", "Choose the label to keep…"), "L"),
        ("compare", translate("DuplicatesMenu", "Compare"), "C"),
    ]
    look = [
        ("large", translate("DuplicatesMenu", "Large preview"), "Space"),
        ("similar", translate("DuplicatesMenu", "Find similar"), "F"),
        ("reveal", translate("DuplicatesMenu", "Show in the file manager"), ""),
        ("copy", translate("DuplicatesMenu", "Copy the path"), "Ctrl+C"),
    ]
    for ask, text, key in look if group.kind == "exact" else (*decide, *look):
        if not ask:
            menu.addSeparator()
        elif ask != "label" or group.is_conflict:
            # The key is shown only: the list has it already, and two of them would be ambiguous.
            action = menu.addAction(f"{text}\t{key}" if key else text)
            action.triggered.connect(lambda _checked=False, ask=ask: do(ask))
    return menu


def label_menu(parent: QWidget, group: ListedGroup, chosen: Callable[[str], None]) -> QMenu:
    """Return the labels of a group to choose from, each with a digit."""
    menu = _menu(parent)
    # Not a section: few styles show what it says.
    menu.addAction(translate("DuplicatesMenu", "Which label is to be kept?")).setEnabled(False)
    for number, label in enumerate(group.labels, 1):
        text = label.replace("&", "&&")
        action = menu.addAction(f"&{number}  {text}" if number < 10 else text)
        action.triggered.connect(lambda _checked=False, label=label: chosen(label))
    return menu


def _menu(parent: QWidget) -> QMenu:
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu
