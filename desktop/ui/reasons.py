"""Reads why pictures stand out, one at a time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from desktop.ui.insight_words import About, reason
from desktop.ui.ports import ReadPort
from engine.schemas.insight import Insight

_KEPT = 500


class Reasons(QObject):
    """Lines by content, read once and kept until something moves. GUI thread.

    Parameters
    ----------
    lane
        Each reader has its own: what one asks does not take the place of what another does.

    Attributes
    ----------
    about
        What the pictures are looked through for.
    """

    def __init__(self, read: ReadPort, lane: str, parent: QObject) -> None:
        super().__init__(parent)
        self._read, self._lane = read, lane
        self._model_ref = ""
        self._known: dict[int, Insight | None] = {}
        self._epoch = 0
        self.about: About = ""

    def set_model_ref(self, ref: str) -> None:
        """Ask about the neighbourhoods of another model."""
        self._model_ref = ref
        self.forget()

    def forget(self) -> None:
        """Labels moved, more pictures were compared, or the library is another one."""
        self._epoch += 1
        self._known.clear()

    def tell(self, content_id: int, told: Callable[[int, str], None]) -> None:
        """Call back with a content and its line; at once where that is known, else later, or not at all if another is asked."""
        if content_id in self._known:
            told(content_id, self._line(content_id))
            return
        ref, epoch = self._model_ref, self._epoch

        def came(insight: Insight | None) -> None:
            if epoch != self._epoch:
                return
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[content_id] = insight
            told(content_id, self._line(content_id))

        self._read.ask(self._lane, lambda view: view.insight(content_id, ref), came)

    def _line(self, content_id: int) -> str:
        insight = self._known[content_id]
        return "" if insight is None else reason(insight, self.about)
