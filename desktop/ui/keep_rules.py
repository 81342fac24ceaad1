"""The rules by which one of a group is kept, as they are kept from one start to the next, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QSettings

from engine.schemas.duplicates import GroupKind, KeepRule, KeepRules

RULES: tuple[KeepRule, ...] = get_args(KeepRule)
KINDS: tuple[GroupKind, ...] = get_args(GroupKind)
STANDARD_KINDS: tuple[GroupKind, ...] = ("exact", "near")
_ORDER, _FOLDERS, _KINDS = "duplicates/rules", "duplicates/folders", "duplicates/kinds"
_NONE = "none"  # an ini file cannot tell an empty list from none
_T = QT_TRANSLATE_NOOP
_NAMES = {
    "labelled": _T("KeepRules", "The one with a label"),
    "folder": _T("KeepRules", "The one in the folder with the highest priority"),
    "resolution": _T("KeepRules", "The one with the most pixels"),
    "sharpness": _T("KeepRules", "The sharpest one"),
    "size": _T("KeepRules", "The largest file"),
    "oldest": _T("KeepRules", "The first in the library"),
}


def rule_name(rule: KeepRule) -> str:
    """Return what a rule keeps, in words."""
    return QCoreApplication.translate("KeepRules", str(_NAMES[rule]))


def kept_rules(state: QSettings) -> KeepRules:
    """Return the rules that the person chose; the standard ones where there are none, or none that can be read."""
    order = [rule for rule in _texts(state.value(_ORDER)) if rule in RULES]
    if not order and _texts(state.value(_ORDER)) != [_NONE]:
        return KeepRules(folders=tuple(_texts(state.value(_FOLDERS))))
    return KeepRules(tuple(dict.fromkeys(order)), tuple(_texts(state.value(_FOLDERS))))


def keep_rules(state: QSettings, rules: KeepRules) -> None:
    """Keep the rules."""
    state.setValue(_ORDER, list(rules.order) or [_NONE])
    state.setValue(_FOLDERS, list(rules.folders))


def kept_kinds(state: QSettings) -> tuple[GroupKind, ...]:
    """Return the kinds of groups that the person wants to see."""
    kept = _texts(state.value(_KINDS))
    kinds = tuple(kind for kind in KINDS if kind in kept)
    return kinds if kinds or kept == [_NONE] else STANDARD_KINDS


def keep_kinds(state: QSettings, kinds: Sequence[GroupKind]) -> None:
    """Keep them."""
    state.setValue(_KINDS, [kind for kind in KINDS if kind in kinds] or [_NONE])


def _texts(value: Any) -> list[str]:
    # An ini file gives a list of one as a text.
    if isinstance(value, str):
        return [value] if value else []
    return [str(one) for one in value] if isinstance(value, list) else []
