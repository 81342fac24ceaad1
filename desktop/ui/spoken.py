"""What a screen reader says of a widget that paints its own contents."""

from __future__ import annotations

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent
from PySide6.QtWidgets import QWidget


def describe(widget: QWidget, text: str, *, aloud: bool = True) -> None:
    """Let a widget be described so from now on; `aloud` also says it at once, where it has the keys."""
    if text == widget.accessibleDescription():
        return
    widget.setAccessibleDescription(text)
    if aloud and QAccessible.isActive() and widget.hasFocus():
        QAccessible.updateAccessibility(QAccessibleEvent(widget, QAccessible.Event.DescriptionChanged))
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))
