"""What an index finds, put right and completed from the library."""

from __future__ import annotations

import numpy as np
import pytest

from engine import ranking, spaces
from engine.library import conditions, database
from engine.schemas.library import Query
from engine.view import LibraryView
from tests.engine.space_ground import ALL, REF, Ground, N, close_enough


def test_a_filter_that_keeps_many_is_asked_of_each_result_and_one_that_keeps_few_is_worked_out(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "FEW", 100)
    space = ground.space()
    worked_out: list[Query] = []
    allowed = LibraryView.allowed

    def noted(view: LibraryView, query: Query) -> object:
        worked_out.append(query)
        return allowed(view, query)

    monkeypatch.setattr(LibraryView, "allowed", noted)
    conn = database.connect(ground.library)
    confidences = np.array(
        conn.execute("SELECT confidence FROM predictions WHERE content_id <= ? ORDER BY content_id", (N,)).get
    )
    conn.execute("UPDATE contents SET visible = 0 WHERE id % 7 = 0")
    conn.close()
    bounds = np.sort(confidences)[[N // 3, N - 60]]
    for bound, sifted in ((bounds[0], True), (bounds[1], False)):
        worked_out.clear()
        where = Query(confidence_min=float(bound), model_ref=REF)
        among = ALL[(confidences >= bound) & (ALL % 7 != 0)]
        for row in (0, 700, N + 20):
            assert close_enough(ground.ask(space, row, where=where)[0], ground.truth(row, among))
        assert bool(worked_out) != sifted
    worked_out.clear()
    far = Query(confidence_min=float(bounds[0]), text=".", class_name="nothing", model_ref=REF)
    assert ground.ask(space, 0, where=far)[0] == [] and worked_out


def test_what_the_index_has_not_seen_is_read_from_the_library(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spaces, "_LOOK_S", 60)
    hot = ground.space()._hot
    assert hot is not None
    ground.add(range(N + 1, N + 81))
    view = LibraryView(ground.library)
    model_id, _, n = view.space(REF)
    assert n == N + 80 and hot.n == N
    among = np.arange(1, N + 81)
    for row in (N + 3, 5):
        found = ranking.ranked(view, hot, model_id, ground.vectors[row], 20, Query(model_ref=REF))
        assert close_enough(found.content_ids.tolist(), ground.truth(row, among)) and found.n_covered == N
        assert (np.diff(found.scores) <= 0).all()
    found = ranking.ranked(view, hot, model_id, ground.vectors[N + 3], 1, Query(model_ref=REF))
    assert found.content_ids.tolist() == [N + 4]
    view.close()
