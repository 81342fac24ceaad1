"""The tooltip of a tile: its words at once, and why it stands out as soon as that has been read."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QToolTip, QWidget

from desktop.ui.plain_text import tooltip
from desktop.ui.ports import ReadPort
from desktop.ui.reasons import Reasons


class TileTip:
    """GUI thread.

    Parameters
    ----------
    over
        The widget that has the tiles.
    """

    def __init__(self, read: ReadPort, over: QWidget) -> None:
        self._over = over
        self.reasons = Reasons(read, "tip", over)
        self._n_shown = 0

    def show(self, at: QPoint, content_id: int, words: Sequence[str], tile: QRect) -> None:
        """Show a tooltip at a point of the screen for as long as the mouse is over `tile`."""
        self._n_shown += 1
        number, text, shown = self._n_shown, "\n".join(words), False

        def told(_content_id: int, line: str) -> None:
            nonlocal shown
            # Late it is only worth something where the tooltip is still there.
            if number != self._n_shown or (shown and not (line and QToolTip.isVisible())):
                return
            shown = True
            QToolTip.showText(at, tooltip(f"{text}\n{line}" if line else text), self._over, tile)

        self.reasons.tell(content_id, told)
        if not shown:
            shown = True
            QToolTip.showText(at, tooltip(text), self._over, tile)

    def hide(self) -> None:
        """Take it away."""
        self._n_shown += 1
        QToolTip.hideText()
