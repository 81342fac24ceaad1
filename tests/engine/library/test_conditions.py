"""The conditions of a filter: whichever way they are read, the same contents pass."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.library import conditions, selection
from engine.schemas.library import Query
from tests.engine.library.asked import passes, query
from tests.engine.library.made_up import Made, made_contents, removed_sources, write
from tests.engine.library.small_library import SmallLibrary


@pytest.mark.parametrize("n_few", [0, 3, 20_000], ids=["always the walks", "as it comes", "always looked up"])
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=made_contents, removed=removed_sources, queries=st.lists(query, min_size=1, max_size=6))
def test_all_readings_of_a_filter_agree(
    small: SmallLibrary, n_few: int, contents: list[Made], removed: set[int], queries: list[Query]
) -> None:
    kept, conditions.FEW = conditions.FEW, n_few
    try:
        with small.tried():
            known = write(small, contents, removed)
            every = np.array([one.id for one in known], dtype=np.int64)
            for asked in queries:
                wanted = [one.id for one in known if passes(one, asked)]
                assert sorted(selection.ids(small.conn, asked, small.model_id).tolist()) == wanted
                assert selection.passing(small.conn, asked, small.model_id, every[::-1]).tolist() == wanted[::-1]
                few = selection.few(small.conn, asked, small.model_id)
                assert few is None or few.tolist() == wanted
                assert few is None or selection.filters(asked)
                mask = selection.allowed(small.conn, asked, small.model_id)
                assert (every if mask is None else every[mask[every]]).tolist() == wanted
    finally:
        conditions.FEW = kept


def test_few_are_counted_no_further_than_needed(small: SmallLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(12):
        small.add(f"/{'few' if i < 3 else 'many'}/{i}.jpg", str(i), mtime_ns=i)
    ((few, many),) = small.rows(
        "SELECT (SELECT id FROM sources WHERE title = 'few'), (SELECT id FROM sources WHERE title = 'many')"
    )
    monkeypatch.setattr(conditions, "FEW", 3)

    def found(query: Query) -> list[int] | None:
        ids = conditions.few(small.conn, conditions.of(small.conn, query, small.model_id), small.model_id)
        return None if ids is None else ids.tolist()

    assert found(Query(source_id=few)) == [1, 2, 3]
    assert found(Query(source_id=many)) is None
    # The narrow one leads, and the others are asked of what it lets through.
    assert found(Query(source_id=many, mtime_min_ns=10)) == [11, 12]
    assert found(Query(source_id=many, mtime_max_ns=3)) is None
    assert found(Query(source_id=few, labelled="unlabelled", mtime_min_ns=1)) == [2, 3]
    assert found(Query(labelled="unlabelled")) is None
    small.conn.execute("UPDATE contents SET visible = 0, hidden = 1 WHERE id = 2")
    assert found(Query(source_id=few)) == [1, 3]


def test_no_conditions_and_no_contents(small: SmallLibrary) -> None:
    nobody = np.empty(0, dtype=np.int64)
    assert conditions.of(small.conn, Query(sort="name", descending=True), small.model_id) == []
    assert conditions.passing(small.conn, [], small.model_id, nobody).size == 0
    first = small.add("/photos/a.jpg", "one")
    assert conditions.passing(small.conn, [], small.model_id, np.array([first, -1])).tolist() == [first]
