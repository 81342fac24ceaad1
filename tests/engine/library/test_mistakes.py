"""Labels at odds with their neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from engine.library import insights, mistakes, neighbourhoods
from engine.library.mistakes import disagreement
from engine.library.selection import ids
from engine.schemas.library import Query
from tests.engine.library.small_library import SmallLibrary


def test_one_common_other_class_speaks_against_a_label() -> None:
    classes = np.array([[2, 2, 2, 2], [1, 1, 2, 2], [2, 3, 4, 5], [0, 0, 0, 0], [1, 1, 1, 1]])
    cosines = np.full((5, 4), 0.8, np.float32)
    found = disagreement(np.ones(5, np.int64), classes, cosines)
    assert found.tolist() == pytest.approx([1.0, 0.0, 0.25, 0.0, 0.0])


def test_nearer_neighbours_count_more() -> None:
    classes, own = np.array([[2, 1]]), np.array([1])
    assert disagreement(own, classes, np.array([[0.9, 0.3]], np.float32))[0] == pytest.approx(0.5)
    assert disagreement(own, classes, np.array([[0.3, 0.9]], np.float32))[0] == 0.0


@pytest.fixture
def neighbours(small: SmallLibrary) -> SmallLibrary:
    """Six pictures predicted to be cats; 1 and 2 are labelled, 1 wrongly; 6 lies apart."""
    for number in range(1, 7):
        small.add(f"/photos/{number}.jpg", str(number))
    conn = small.conn
    dog = conn.execute("SELECT id FROM classes WHERE name = 'Dog'").fetchall()[0][0]
    cat = conn.execute("SELECT id FROM classes WHERE name = 'cat'").fetchall()[0][0]
    for content_id, class_id in ((1, dog), (2, cat)):
        conn.execute("INSERT INTO labels VALUES(?, 'accepted', ?, 'me', 1, 'now', '')", (content_id, class_id))
    rows = {i: np.array([j for j in range(1, 7) if j != i], np.int64) for i in range(1, 7)}
    cosines = [0.9, 0.9, 0.9, 0.9, 0.2]
    neighbourhoods.store(
        conn,
        small.model_id,
        list(rows),
        [neighbourhoods.packed(row, np.array(cosines, np.float32)) for row in rows.values()],
        [0.1 * i for i in rows],
        [0.3, 0.3, 0.31, 0.29, 0.3, 0.9],
    )
    neighbourhoods.set_outlier_limit(conn, small.model_id, 0.5)
    return small


def found(small: SmallLibrary, **query: object) -> list[int]:
    return ids(small.conn, Query(model_ref="small@1", **query), small.model_id).tolist()


def test_filters_and_orders(neighbours: SmallLibrary) -> None:
    assert found(neighbours, only="mistakes") == [1] and found(neighbours, only="outliers") == [6]
    assert found(neighbours, sort="mistake", descending=True)[0] == 1
    assert found(neighbours, sort="outlier", descending=True)[:2] == [6, 3]
    assert found(neighbours, sort="unique") == [1, 2, 3, 4, 5, 6]
    assert found(neighbours, sort="unique", descending=True, labelled="labelled") == [2, 1]
    neighbours.conn.execute("DELETE FROM labels WHERE content_id = 1")
    assert found(neighbours, only="mistakes") == []
    assert len(found(neighbours, sort="mistake")) == 6


def test_a_neighbours_own_label_counts_at_once(neighbours: SmallLibrary) -> None:
    conn = neighbours.conn
    dog = conn.execute("SELECT class_id FROM labels WHERE content_id = 1").fetchall()[0][0]
    before = dict(zip(*(a.tolist() for a in mistakes.likely(conn, neighbours.model_id, least=0.0)), strict=True))
    conn.execute("UPDATE labels SET class_id = ? WHERE content_id = 2", (dog,))
    after = dict(zip(*(a.tolist() for a in mistakes.likely(conn, neighbours.model_id, least=0.0)), strict=True))
    assert after[1] < before[1] and 2 in after


def test_the_reason(neighbours: SmallLibrary) -> None:
    conn = neighbours.conn
    wrong = insights.of(conn, 1, neighbours.model_id)
    assert wrong is not None and (wrong.own_class, wrong.other_class) == ("Dog", "cat")
    assert (wrong.nearest_id, wrong.n_neighbours, wrong.n_other) == (2, 5, 5) and wrong.mistake > 0.9
    far = insights.of(conn, 6, neighbours.model_id)
    assert far is not None and far.outlier and far.mistake == 0.0 and far.own_class is None
    assert insights.of(conn, 99, neighbours.model_id) is None
    names, by_label = insights.classes_of(conn, np.array([1, 3, 99]), neighbours.model_id)
    assert names == ["Dog", "cat", None] and by_label == [True, False, False]
