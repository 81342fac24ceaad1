"""The conditions of a filter, each in two readings: which contents pass, and whether a given one does.

The first walks a covering index and yields nothing but ids, the second looks a few contents up. Which is quicker is known from
how many pass, counted no further than `FEW`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from engine.library import mistakes, neighbourhoods
from engine.library.database import Connection, fold
from engine.schemas.library import Query

_Ids = NDArray[np.int64]
_Mask = NDArray[np.bool_]
_Values = dict[str, Any]

FEW = 20_000  # so many contents are looked up in the time that the index takes for a search

_FIRST_NS, _LAST_NS = -(2**63), 2**63 - 1

# The class a content counts as: its label's, none when it was rejected, else the model's first.
EFFECTIVE_CLASS = (
    "CASE WHEN l.state = 'accepted' THEN l.class_id WHEN l.state = 'rejected' THEN NULL ELSE p.class_id END"
)

_OF_CLASSES = """
    SELECT p.content_id FROM carray(:{0}) few CROSS JOIN predictions p ON p.model_id = :model AND p.class_id = few.value
    WHERE NOT EXISTS (SELECT 1 FROM labels l WHERE l.content_id = p.content_id AND l.state IS NOT NULL)
    UNION ALL
    SELECT l.content_id FROM carray(:{0}) few CROSS JOIN labels l ON l.class_id = few.value WHERE l.state = 'accepted'"""


@dataclass(frozen=True, slots=True)
class Condition:
    """One part of a filter.

    Attributes
    ----------
    test
        SQL that is true for a content that passes: of its id few.value, its row c, its prediction p and its label l.
    within
        SQL that yields the ids of those that pass, visible or not, each once or more; empty where that is most of the library.
    without
        In that case, SQL that yields the others.
    values
        Of the parameters but ``:model``.
    """

    test: str
    within: str = ""
    without: str = ""
    values: _Values = field(default_factory=dict)


def of(conn: Connection, query: Query, model_id: int | None) -> list[Condition]:
    """Return the conditions of a query, none where it lets all visible contents through."""
    found = []
    if query.source_id is not None:
        found.append(
            Condition(
                "EXISTS (SELECT 1 FROM files f WHERE f.content_id = few.value AND f.source_id = :source)",
                "SELECT content_id FROM files WHERE source_id = :source",
                values={"source": query.source_id},
            )
        )
    if query.confidence_min > 0 or query.confidence_max < 1:
        found.append(
            Condition(
                "p.confidence BETWEEN :low AND :high",
                "SELECT content_id FROM predictions WHERE model_id = :model AND confidence BETWEEN :low AND :high",
                values={"low": query.confidence_min, "high": query.confidence_max},
            )
        )
    if query.labelled == "unlabelled":
        found.append(Condition("l.state IS NULL", without="SELECT content_id FROM labels WHERE state IS NOT NULL"))
    elif query.labelled != "any":
        state = "accepted" if query.labelled == "labelled" else "rejected"
        found.append(
            Condition("l.state = :state", "SELECT content_id FROM labels WHERE state = :state", values={"state": state})
        )
    if query.only == "outliers":
        found.append(_outliers(conn, model_id))
    elif query.only == "mistakes":
        suspected, _ = mistakes.likely(conn, model_id)
        found.append(
            Condition(
                "few.value IN (SELECT value FROM carray(:suspected))",
                "SELECT value FROM carray(:suspected)",
                values={"suspected": suspected},
            )
        )
    if query.class_name is not None:
        classes = column(conn, "SELECT id FROM classes WHERE name = :name", {"name": _sane(query.class_name)})
        found.append(
            Condition(
                f"{EFFECTIVE_CLASS} IN (SELECT value FROM carray(:class))",
                _OF_CLASSES.format("class"),
                values={"class": classes},
            )
        )
    if query.mtime_min_ns is not None or query.mtime_max_ns is not None:
        low_ns = _FIRST_NS if query.mtime_min_ns is None else query.mtime_min_ns
        high_ns = _LAST_NS if query.mtime_max_ns is None else query.mtime_max_ns
        found.append(
            Condition(
                "c.mtime_ns BETWEEN :low_ns AND :high_ns",
                "SELECT id FROM contents WHERE mtime_ns BETWEEN :low_ns AND :high_ns",
                values={"low_ns": low_ns, "high_ns": high_ns},
            )
        )
    text = fold(_sane(query.text.strip()))
    if text:
        found.append(_with_text(conn, text))
    return found


def few(conn: Connection, conditions: Sequence[Condition], model_id: int | None) -> _Ids | None:
    """Return the visible contents that pass, ascending; None where there is no condition that alone keeps at most `FEW`."""
    for condition in conditions:
        if condition.within:
            ids = column(conn, f"SELECT * FROM ({condition.within}) LIMIT {FEW + 1}", _values([condition], model_id))
            if ids.size <= FEW:
                others = [other for other in conditions if other is not condition]
                return passing(conn, others, model_id, np.unique(ids))
    return None


def passing(conn: Connection, conditions: Iterable[Condition], model_id: int | None, ids: _Ids) -> _Ids:
    """Return those of some contents that are visible and pass, in their order."""
    conditions = tuple(conditions)
    if not ids.size:
        return ids
    tests = "".join(f" AND ({condition.test})" for condition in conditions)
    # What no test names is not looked up: SQLite leaves such joins out. Whether it is visible stands in a small index.
    sql = f"""SELECT few.value FROM carray(:few) few LEFT JOIN contents c ON c.id = few.value
              LEFT JOIN predictions p ON p.model_id = :model AND p.content_id = few.value
              LEFT JOIN labels l ON l.content_id = few.value
              WHERE few.value > 0
                AND NOT EXISTS (SELECT 1 FROM contents hidden INDEXED BY contents_invisible
                                WHERE hidden.visible = 0 AND hidden.id = few.value){tests}"""
    return column(conn, sql, {**_values(conditions, model_id), "few": apsw.carray(np.ascontiguousarray(ids))})


def narrowed(conn: Connection, mask: _Mask, condition: Condition, model_id: int | None) -> None:
    """Clear what does not pass, in a mask by content id."""
    found = column(conn, condition.within or condition.without, _values([condition], model_id))
    found = found[(found > 0) & (found < len(mask))]
    if condition.without:
        mask[found] = False
        return
    passes = np.zeros_like(mask)
    passes[found] = True
    mask &= passes


def column(conn: Connection, sql: str, values: _Values | None = None) -> _Ids:
    """Return a query's one column of integers."""
    # `get` makes no tuple a row, which halves the time; it yields a bare value for a single row.
    got = conn.execute(sql, values or ()).get
    return np.array([] if got is None else [got] if isinstance(got, int) else got, dtype=np.int64)


def _outliers(conn: Connection, model_id: int | None) -> Condition:
    above = "model_id = :model AND outlierness > :limit"
    return Condition(
        f"EXISTS (SELECT 1 FROM neighbourhoods n WHERE n.content_id = few.value AND n.{above})",
        f"SELECT content_id FROM neighbourhoods WHERE {above}",
        values={"limit": neighbourhoods.outlier_limit(conn, model_id or 0)},
    )


def _with_text(conn: Connection, text: str) -> Condition:
    """Return the condition that the text stands in the name or in the name of the class."""
    classes = column(conn, "SELECT id FROM classes WHERE instr(name_folded, :text) > 0", {"text": text})
    return Condition(
        f"instr(c.name_folded, :text) > 0 OR {EFFECTIVE_CLASS} IN (SELECT value FROM carray(:text_class))",
        f"SELECT id FROM contents WHERE instr(name_folded, :text) > 0 UNION ALL {_OF_CLASSES.format('text_class')}",
        values={"text": text, "text_class": classes},
    )


def _values(conditions: Iterable[Condition], model_id: int | None) -> _Values:
    found: _Values = {"model": model_id}
    for condition in conditions:
        for name, value in condition.values.items():
            if isinstance(value, np.ndarray):
                # An empty array has no address; no id is -1.
                value = apsw.carray(value if value.size else np.array([-1], dtype=np.int64))
            found[name] = value
    return found


def _up_to(mask: _Mask, ids: _Ids) -> _Ids:
    return ids[ids < len(mask)]


def _sane(text: str) -> str:
    """Pasted text may hold lone surrogates, which no database text does."""
    return text.encode("utf-8", "replace").decode("utf-8")
