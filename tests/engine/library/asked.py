"""Filters of all kinds, and in plain Python which made-up contents pass them."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.library.database import fold
from engine.schemas.library import Query
from tests.engine.library.made_up import CLASSES, CONFIDENCES, Known

SORTS = ("added", "name", "time", "confidence", "margin", "class")
query = st.builds(
    Query,
    source_id=st.none() | st.integers(1, 4),
    class_name=st.none() | st.sampled_from([*CLASSES, "cAt", "nothing", "\ud800"]),
    confidence_min=st.sampled_from([0.0, 0.0, *CONFIDENCES]),
    confidence_max=st.sampled_from([1.0, 1.0, *CONFIDENCES]),
    labelled=st.sampled_from(["any", "any", "labelled", "unlabelled", "rejected"]),
    text=st.sampled_from(["", "", "", "JPG", " ant ", "ss", "%", "_", "CAT", "ä", "\x00", "\udcff", "'"]),
    sort=st.sampled_from(SORTS),
    descending=st.booleans(),
)


def passes(known: Known, asked: Query) -> bool:
    made = known.made
    confidence = None if made.prediction is None else made.prediction[1]
    bounded = asked.confidence_min > 0 or asked.confidence_max < 1
    text = fold(asked.text.strip())
    return (
        known.visible
        and (asked.source_id is None or asked.source_id in made.sources)
        and (asked.class_name is None or known.class_name == asked.class_name)
        and (not bounded or (confidence is not None and asked.confidence_min <= confidence <= asked.confidence_max))
        and {
            "any": True,
            "unlabelled": not known.has_label,
            "labelled": known.has_label and made.label is not None and made.label[0] == "accepted",
            "rejected": known.has_label and made.label is not None and made.label[0] == "rejected",
        }[asked.labelled]
        and (not text or text in known.folded or (known.class_name is not None and text in fold(known.class_name)))
    )
