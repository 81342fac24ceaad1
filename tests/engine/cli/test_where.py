"""Filters in words."""

from __future__ import annotations

from datetime import datetime

import pytest

from engine.cli.where import parsed
from engine.errors import UsageError
from engine.schemas.library import Query, Source

SOURCES = (Source(4, "/photos/birds", "birds", 3, ""), Source(5, "/a/x", "x", 1, ""), Source(6, "/b/x", "x", 1, ""))


def where(*conditions: str) -> Query:
    return parsed(conditions, lambda: SOURCES, Query(model_ref="m@1"))


def test_each_condition() -> None:
    assert where("class=tabby, tabby cat") == Query(class_name="tabby, tabby cat", model_ref="m@1")
    assert where("confidence>=0.5", "confidence <= 90%") == Query(
        confidence_min=0.5, confidence_max=0.9, model_ref="m@1"
    )
    assert where("source=birds").source_id == where("source=/photos/birds").source_id == 4
    assert where("source=/b/x").source_id == 6
    assert where("label=rejected").labelled == "rejected" and where("name=IMG_1").text == "IMG_1"
    assert where() == Query(model_ref="m@1")


def test_dates_are_whole_days_here() -> None:
    first = int(datetime(2026, 1, 31).timestamp()) * 10**9
    after = int(datetime(2026, 2, 1).timestamp()) * 10**9
    assert where("date=2026-01-31") == Query(mtime_min_ns=first, mtime_max_ns=after - 1, model_ref="m@1")
    assert where("date>=2026-01-31").mtime_min_ns == first and where("date<=2026-01-31").mtime_max_ns == after - 1
    noon = int(datetime(2026, 1, 31, 12).timestamp()) * 10**9
    assert where("date>=2026-01-31T12:00:00").mtime_min_ns == noon


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("", "no condition"),
        ("cats", "no condition"),
        ("class=", "missing"),
        ("class>=x", "takes ="),
        ("size=3", "no such field"),
        ("size>=3", "no such field"),
        ("confidence=0.5", ">= or <="),
        ("confidence>=much", "no number"),
        ("confidence>=nan", "between 0 and 1"),
        ("confidence>=1.5", "between 0 and 1"),
        ("label=maybe", "labelled, unlabelled, rejected"),
        ("source=nowhere", "no such source"),
        ("source=x", "2 sources"),
        ("date>=soon", "no date"),
        ("date>=2026-13-01", "no date"),
    ],
)
def test_what_is_not_understood_is_said(condition: str, why: str) -> None:
    with pytest.raises(UsageError) as refused:
        where(condition)
    assert why in refused.value.message and repr(condition) in refused.value.message
