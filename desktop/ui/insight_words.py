"""Why a picture stands out, in one line."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QCoreApplication

from desktop.ui.plain_text import isolated
from desktop.ui.tile_words import score_text
from engine.schemas.insight import Insight
from engine.schemas.library import Query

translate = QCoreApplication.translate
# What the pictures are looked through for; empty: nothing of the kind, and only what stands out is worth a line.
About = Literal["", "outlier", "unique", "mistake"]
_LIKELY = 0.5  # as the filter for likely mistakes


def about(query: Query) -> About:
    """Return what a filter and order look for."""
    if query.only != "all":
        return "outlier" if query.only == "outliers" else "mistake"
    return query.sort if query.sort in ("outlier", "unique", "mistake") else ""


def asks_for_insight(query: Query) -> bool:
    """Tell whether a filter or order can only be answered as far as the pictures have been compared."""
    return query.only != "all" or query.sort in ("outlier", "unique", "mistake")


def reason(insight: Insight, about: About = "") -> str:
    """Return the line, empty where there is nothing to say."""
    if about == "mistake":
        return _of_label(insight)
    if about:
        return _of_likeness(insight)
    if insight.mistake > _LIKELY:
        return _of_label(insight)
    return _of_likeness(insight) if insight.outlier else ""


def _of_likeness(insight: Insight) -> str:
    if insight.nearest_id is None:
        return translate("Insight", "There is no other picture to compare it with")
    score = score_text(insight.nearest_score)
    if insight.outlier:
        return translate("Insight", "Unlike all others: its nearest is only {0} alike").format(score)
    if score == score_text(1.0):
        return translate("Insight", "There is another just like it")
    mean = score_text(insight.mean_score)
    return translate("Insight", "Its nearest is {0} alike, its neighbours {1} on average").format(score, mean)


def _of_label(insight: Insight) -> str:
    n, own = insight.n_neighbours, insight.own_class
    if own is None:
        return translate("Insight", "It has no label that could be a mistake")
    own = isolated(own)
    if n == 0:
        return translate("Insight", "No class is known of its neighbours; this one is labelled “{0}”").format(own)
    if insight.other_class is None:
        if n == 1:
            return translate("Insight", "Its nearest is “{0}” too, as it is labelled").format(own)
        return translate("Insight", "All {0} of its nearest are “{1}”, as it is labelled").format(n, own)
    other = isolated(insight.other_class)
    if n == 1:
        said = translate("Insight", "Its nearest is “{0}”").format(other)
    elif insight.n_other == n:
        said = translate("Insight", "All {0} of its nearest are “{1}”").format(n, other)
    elif insight.n_other == 1:
        said = translate("Insight", "1 of its {0} nearest is “{1}”").format(n, other)
    else:
        said = translate("Insight", "{0} of its {1} nearest are “{2}”").format(insight.n_other, n, other)
    return translate("Insight", "{0}; this one is labelled “{1}”").format(said, own)
