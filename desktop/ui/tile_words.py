"""What a tile shows, in words: for tooltips and screen readers."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from desktop.ui.plain_text import printable
from desktop.ui.tile_painter import percent
from engine.schemas.library import Tile

translate = QCoreApplication.translate


def words_of(row: Tile, score: float | None = None) -> list[str]:
    """Return name, label, prediction and number of files; with a score, how like it is to what is looked for."""
    words = [printable(row.name)]
    if score is not None:
        words.append(translate("TileWords", "Likeness {0}").format(score_text(score)))
    if row.label_state == "accepted" and row.label:
        words.append(translate("TileWords", "Labelled {0}").format(row.label))
    elif row.label_state == "rejected":
        words.append(translate("TileWords", "Prediction rejected"))
    if row.top1 is not None and row.confidence is not None:
        words.append(translate("TileWords", "Prediction: {0}, {1}").format(row.top1, percent(row.confidence)))
    if row.n_files > 1:
        words.append(translate("TileWords", "{0} files with this content").format(row.n_files))
    return words


def score_text(score: float) -> str:
    """Return a likeness, -1 to 1, as people read it; 1.00 is for the same picture only."""
    shown = min(score, 0.99) if score < 0.9995 else 1.0
    return f"{shown:.2f}".replace("-", "\N{MINUS SIGN}")
