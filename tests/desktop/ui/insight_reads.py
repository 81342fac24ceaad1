"""Reads of insights that wait for the test."""

from __future__ import annotations

from typing import Any

from engine.schemas.insight import Insight
from tests.desktop.ui.held_ports import HeldReads, HeldView

OUTLIER = Insight(7, 0.314, 0.2, True, 10, 3, None, "tench", 0.0)
MISTAKE = Insight(7, 0.91, 0.8, False, 10, 9, "eel", "tench", 0.8)
PLAIN = Insight(7, 0.91, 0.8, False, 10, 0, "eel", None, 0.0)


class InsightView(HeldView):
    """A view whose insights a test sets."""

    def __init__(self) -> None:
        super().__init__()
        self.insights = {1: OUTLIER, 2: MISTAKE, 3: PLAIN}
        self.insights_asked: list[tuple[int, str]] = []

    def insight(self, content_id: int, model_ref: str) -> Insight | None:
        self.insights_asked.append((content_id, model_ref))
        return super().insight(content_id, model_ref)


def insight_reads(**options: Any) -> HeldReads:
    """Return reads over such a view."""
    reads = HeldReads(**options)
    reads.view = InsightView()
    return reads
