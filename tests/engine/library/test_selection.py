"""Filters and orders, against the same worked out in plain Python."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.library import database, selection
from engine.library.database import fold
from engine.schemas.library import Query
from tests.engine.library.asked import SORTS, passes, query
from tests.engine.library.made_up import (
    Known,
    Made,
    class_ids,
    made_contents,
    removed_sources,
    write,
)
from tests.engine.library.small_library import SmallLibrary


def expected(contents: list[Known], asked: Query, ids: dict[str, int]) -> list[int]:
    def of_prediction(place: int) -> Callable[[Known], object]:
        return lambda known: None if known.made.prediction is None else known.made.prediction[place]

    key: Callable[[Known], object] = {
        "added": lambda known: known.id,
        "name": lambda known: known.folded,
        "time": lambda known: known.made.mtime_ns,
        "confidence": of_prediction(1),
        "margin": of_prediction(2),
        "class": lambda known: None if known.class_name is None else (fold(known.class_name), ids[known.class_name]),
    }[asked.sort]
    chosen = [known for known in contents if passes(known, asked)]
    keyed = sorted((known for known in chosen if key(known) is not None), key=lambda known: (key(known), known.id))
    if asked.descending:
        keyed.reverse()
    return [known.id for known in keyed + [known for known in chosen if key(known) is None]]


@pytest.mark.parametrize("few", [0.0, 1 / 8, 100.0], ids=["always the whole order", "as it comes", "always one by one"])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=made_contents, removed=removed_sources, queries=st.lists(query, min_size=1, max_size=6))
def test_as_worked_out_in_python(
    small: SmallLibrary, few: float, contents: list[Made], removed: set[int], queries: list[Query]
) -> None:
    kept, selection._FEW = selection._FEW, few
    try:
        with small.tried():
            known = write(small, contents, removed)
            ids = class_ids(small)
            for asked in queries:
                got = selection.ids(small.conn, asked, small.model_id)
                assert got.dtype == np.int64
                assert got.tolist() == expected(known, asked, ids), asked
    finally:
        selection._FEW = kept


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=made_contents, removed=removed_sources, asked=query)
def test_a_model_that_has_not_answered(
    small: SmallLibrary, contents: list[Made], removed: set[int], asked: Query
) -> None:
    """None for a model the library does not know: labels still count, predictions of others do not."""
    with small.tried():
        known = write(small, contents, removed)
        without = [Known(k.id, Made(*[*_parts(k.made)[:5], None, k.made.label]), k.visible) for k in known]
        ids = class_ids(small)
        assert selection.ids(small.conn, asked, None).tolist() == expected(without, asked, ids)


def _parts(made: Made) -> list[object]:
    return [getattr(made, name) for name in made.__slots__]


def test_an_empty_library(small: SmallLibrary) -> None:
    for sort in SORTS:
        for model_id in (None, small.model_id):
            assert selection.ids(small.conn, Query(sort=sort), model_id).tolist() == []


def test_all_walks_see_one_state(small: SmallLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit between two walks must not show the second what the first has not seen."""
    first = small.add("/photos/b.jpg", "one")
    reader = database.connect(small.path, read_only=True)
    real = selection.column
    late: list[int] = []

    def column(*arguments: object) -> object:
        if not late:
            late.append(small.add("/photos/a.jpg", "two"))
            small.conn.execute("UPDATE contents SET visible = 0, hidden = 1 WHERE id = ?", (late[0],))
        return real(*arguments)

    monkeypatch.setattr(selection, "column", column)
    assert selection.ids(reader, Query(sort="name"), small.model_id).tolist() == [first]
    small.conn.execute("UPDATE contents SET visible = 1, hidden = 0")
    assert selection.ids(reader, Query(sort="name"), small.model_id).tolist() == [*late, first]
    reader.close()


def test_both_ways_at_a_size_where_they_are_chosen(small: SmallLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(100):
        small.add(f"/{'few' if i % 10 == 0 else 'many'}/{i:03}.jpg", f"{99 - i}", mtime_ns=100 - i)
    ((few, many),) = small.rows(
        "SELECT (SELECT id FROM sources WHERE title = 'few'), (SELECT id FROM sources WHERE title = 'many')"
    )
    asked: list[str] = []
    real = selection.column

    def column(conn: database.Connection, sql: str, values: object = ()) -> object:
        asked.append(sql)
        return real(conn, sql, values)

    monkeypatch.setattr(selection, "column", column)
    for source_id, n, one_by_one in ((few, 10, True), (many, 90, False)):
        asked.clear()
        ids = selection.ids(small.conn, Query(source_id=source_id, sort="time"), small.model_id)
        assert len(ids) == n and ids.tolist() == sorted(ids.tolist(), reverse=True)
        assert any("carray" in sql for sql in asked) == one_by_one
