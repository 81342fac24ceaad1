"""Names of the groups of a map, as people read them."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from desktop.ui.plain_text import printable
from engine.schemas.map import ColourKind, MapGroup


def group_name(group: MapGroup, kind: ColourKind) -> str:
    """Return what a group is called in the legend and on cards."""
    if group.role in ("named", "range"):
        return printable(group.name)
    return {
        "accepted": QCoreApplication.translate("MapGroups", "Labelled"),
        "rejected": QCoreApplication.translate("MapGroups", "Prediction rejected"),
        "unlabelled": QCoreApplication.translate("MapGroups", "No label yet"),
        "none": _none(kind),
    }.get(group.role, _other(kind))


def kind_name(kind: ColourKind) -> str:
    """Return what a colouring is called."""
    return {
        "class": QCoreApplication.translate("MapGroups", "Class"),
        "confidence": QCoreApplication.translate("MapGroups", "Confidence"),
        "label": QCoreApplication.translate("MapGroups", "Label state"),
        "source": QCoreApplication.translate("MapGroups", "Source"),
    }[kind]


def _none(kind: ColourKind) -> str:
    if kind == "source":
        return QCoreApplication.translate("MapGroups", "Single files")
    if kind == "class":
        return QCoreApplication.translate("MapGroups", "No class")
    return QCoreApplication.translate("MapGroups", "No prediction")


def _other(kind: ColourKind) -> str:
    if kind == "source":
        return QCoreApplication.translate("MapGroups", "Other sources")
    return QCoreApplication.translate("MapGroups", "Other classes")
