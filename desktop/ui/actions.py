"""The one table of what can be done by key: menus, shortcuts and the sheet are made from it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One action: the window's method of that name runs it."""

    method: str
    text: str
    keys: tuple[str, ...]
    menu: str
    in_grid: bool = False  # a single key, which must not fire while someone types


def _row(method: str, text: str, keys: str, menu: str, *, in_grid: bool = False) -> ActionRow:
    return ActionRow(method, text, tuple(keys.split()), menu, in_grid)


_T = QT_TRANSLATE_NOOP
ACTIONS: tuple[ActionRow, ...] = (
    _row("open_files", str(_T("Actions", "Open files...")), "Ctrl+O", "&File"),
    _row("open_folder", str(_T("Actions", "Open folder...")), "Ctrl+Shift+O", "&File"),
    _row("paste", str(_T("Actions", "Paste image or files")), "Ctrl+V", "&File"),
    _row("try_samples", str(_T("Actions", "Try the sample photos")), "", "&File"),
    _row("new_library", str(_T("Actions", "New library...")), "", "&File"),
    _row("switch_library", str(_T("Actions", "Open library...")), "", "&File"),
    _row("show_settings", str(_T("Actions", "Settings...")), "Ctrl+,", "&File"),
    _row("close", str(_T("Actions", "Quit")), "Ctrl+Q", "&File"),
    _row("undo", str(_T("Actions", "Undo")), "Ctrl+Z", "&Edit"),
    _row("redo", str(_T("Actions", "Redo")), "Ctrl+Shift+Z Ctrl+Y", "&Edit"),
    _row("copy_record", str(_T("Actions", "Copy result as JSON")), "Ctrl+C", "&Edit", in_grid=True),
    _row("select_all", str(_T("Actions", "Select all")), "Ctrl+A", "&Edit", in_grid=True),
    _row("hide_selected", str(_T("Actions", "Remove from the library (files stay)")), "Delete", "&Edit", in_grid=True),
    _row("search", str(_T("Actions", "Search")), "/ Ctrl+F", "&Edit", in_grid=True),
    _row("accept_first", str(_T("Actions", "Accept the first prediction")), "Return Enter", "&Label", in_grid=True),
    _row("type_label", str(_T("Actions", "Type a label")), "L", "&Label", in_grid=True),
    _row("reject", str(_T("Actions", "Reject the prediction")), "X", "&Label", in_grid=True),
    _row("clear_label", str(_T("Actions", "Clear the label")), "Backspace", "&Label", in_grid=True),
    _row("toggle_preview", str(_T("Actions", "Large preview")), "Space", "&View", in_grid=True),
    _row("larger_tiles", str(_T("Actions", "Larger tiles")), "Ctrl++ Ctrl+=", "&View"),
    _row("smaller_tiles", str(_T("Actions", "Smaller tiles")), "Ctrl+-", "&View"),
    _row("show_shortcuts", str(_T("Actions", "Keyboard shortcuts")), "? F1", "&Help", in_grid=True),
    _row("show_doctor", str(_T("Actions", "Doctor...")), "", "&Help"),
    _row("show_about", str(_T("Actions", "About Lightdesk")), "", "&Help"),
)
