"""The one table of what can be done: menus, shortcuts and the sheet are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QT_TRANSLATE_NOOP

# Where a key counts. Fields take letters and digits for themselves before the window sees them; keys that a field
# or a button does not take for itself, but means something by (Return, Space, Delete), count in the middle only.
Scope = Literal["window", "middle"]


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One action.

    Attributes
    ----------
    keys
        Portable key sequences, the one shown in the menu first.
    menu
        Title of the menu; rows of one menu stand together.
    starts_group
        A line in the menu before it.
    writes
        Changes the library, and so is not to be had in one that can only be read.
    """

    name: str
    text: str
    keys: tuple[str, ...]
    menu: str
    scope: Scope = "window"
    starts_group: bool = False
    writes: bool = False


def _row(
    name: str,
    text: object,
    keys: str,
    menu: object,
    *,
    scope: Scope = "window",
    starts_group: bool = False,
    writes: bool = False,
) -> ActionRow:
    return ActionRow(name, str(text), tuple(keys.split()), str(menu), scope, starts_group, writes)


_T = QT_TRANSLATE_NOOP
_FILE, _EDIT, _LABEL = _T("Actions", "&File"), _T("Actions", "&Edit"), _T("Actions", "La&bel")
_SIMILAR = _T("Actions", "&Similar")
_VIEW, _LIBRARY, _HELP = _T("Actions", "&View"), _T("Actions", "&Library"), _T("Actions", "&Help")
ACTIONS: tuple[ActionRow, ...] = (
    _row("open_files", _T("Actions", "Open files..."), "Ctrl+O", _FILE, writes=True),
    _row("open_folder", _T("Actions", "Open folder..."), "Ctrl+Shift+O", _FILE, writes=True),
    _row("paste", _T("Actions", "Paste image or files"), "Ctrl+V", _FILE, writes=True),
    _row("try_samples", _T("Actions", "Try the sample photos"), "", _FILE, writes=True),
    _row("rescan", _T("Actions", "Look for new files in all sources"), "F5", _FILE, starts_group=True, writes=True),
    _row("show_settings", _T("Actions", "Settings..."), "Ctrl+,", _FILE, starts_group=True),
    _row("close", _T("Actions", "Quit"), "Ctrl+Q", _FILE, starts_group=True),
    _row("undo", _T("Actions", "Undo"), "Ctrl+Z", _EDIT, writes=True),
    _row("redo", _T("Actions", "Redo"), "Ctrl+Shift+Z Ctrl+Y", _EDIT, writes=True),
    _row("copy_record", _T("Actions", "Copy result as JSON"), "Ctrl+C", _EDIT, scope="middle", starts_group=True),
    _row("select_all", _T("Actions", "Select all"), "Ctrl+A", _EDIT, scope="middle"),
    _row("search", _T("Actions", "Search"), "/ Ctrl+F", _EDIT),
    _row("clear_filter", _T("Actions", "Clear the filter"), "Ctrl+Shift+F", _EDIT),
    _row(
        "hide_selected", _T("Actions", "Remove from the library (files stay)"), "Delete", _EDIT,
        scope="middle", starts_group=True, writes=True,
    ),
    _row("accept_first", _T("Actions", "Accept the first prediction"), "Return Enter", _LABEL, scope="middle", writes=True),
    _row("accept_kth", _T("Actions", "Accept that prediction"), "1 2 3 4 5 6 7 8 9", _LABEL, writes=True),
    _row("type_label", _T("Actions", "Type a label"), "L", _LABEL, writes=True),
    _row("reject", _T("Actions", "Reject the prediction"), "X", _LABEL, writes=True),
    _row("clear_label", _T("Actions", "Clear the label"), "Backspace", _LABEL, scope="middle", writes=True),
    _row("find_similar", _T("Actions", "Find similar"), "F", _SIMILAR),
    _row("find_part", _T("Actions", "Find similar to a part..."), "P", _SIMILAR),
    _row("more_like_this", _T("Actions", "More like this too"), "Shift+F", _SIMILAR),
    _row("not_like_this", _T("Actions", "Not like this"), "N", _SIMILAR),
    _row("narrow", _T("Actions", "Only what is more alike"), ".", _SIMILAR, starts_group=True),
    _row("widen", _T("Actions", "Also what is less alike"), ",", _SIMILAR),
    _row("label_these", _T("Actions", "Label all that are found..."), "Shift+L", _SIMILAR, writes=True),
    _row("search_words", _T("Actions", "Pictures of the typed words"), "Ctrl+Return Ctrl+Enter", _SIMILAR),
    _row("show_words", _T("Actions", "Search with words..."), "", _SIMILAR),
    _row("compare", _T("Actions", "Compare side by side"), "C", _SIMILAR),
    _row("show_duplicates", _T("Actions", "Duplicates"), "D", _SIMILAR, starts_group=True),
    _row("go_back", _T("Actions", "Back"), "Alt+Left", _SIMILAR, starts_group=True),
    _row("go_forward", _T("Actions", "Forward"), "Alt+Right", _SIMILAR),
    _row("toggle_preview", _T("Actions", "Large preview"), "Space", _VIEW, scope="middle"),
    _row("toggle_map", _T("Actions", "Map"), "M", _VIEW),
    _row("show_coverage", _T("Actions", "Coverage"), "Shift+C", _VIEW),
    _row("show_outliers", _T("Actions", "Only outliers"), "O", _VIEW),
    _row("show_mistakes", _T("Actions", "Only likely mistakes"), "Shift+O", _VIEW),
    _row("back", _T("Actions", "Back to the pictures"), "Esc", _VIEW),
    _row("larger_tiles", _T("Actions", "Larger tiles"), "Ctrl++ Ctrl+=", _VIEW, starts_group=True),
    _row("smaller_tiles", _T("Actions", "Smaller tiles"), "Ctrl+-", _VIEW),
    _row("new_library", _T("Actions", "New library..."), "Ctrl+N", _LIBRARY),
    _row("switch_library", _T("Actions", "Open library..."), "", _LIBRARY),
    _row("check_library", _T("Actions", "Check for damage"), "", _LIBRARY, starts_group=True),
    _row("back_up_library", _T("Actions", "Back up..."), "", _LIBRARY),
    _row("show_shortcuts", _T("Actions", "Keyboard shortcuts"), "? F1", _HELP),
    _row("show_doctor", _T("Actions", "Doctor..."), "", _HELP),
    _row("show_about", _T("Actions", "About Lightdesk"), "", _HELP),
)  # fmt: skip
