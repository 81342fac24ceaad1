"""``--where``: a filter in words, one condition each."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from engine.errors import ErrorCode, UsageError
from engine.schemas.library import Query, Source

_CONDITION = re.compile(r"\s*(?P<field>[a-z]+)\s*(?P<sign>>=|<=|=)\s*(?P<value>.*?)\s*\Z", re.DOTALL)
_LABELS = ("labelled", "unlabelled", "rejected")


def parsed(conditions: Sequence[str], sources: Callable[[], Sequence[Source]], base: Query) -> Query:
    """Return the filter that these conditions make together.

    Parameters
    ----------
    sources
        Returns the library's; asked only where a condition names one.

    Raises
    ------
    UsageError
        INVALID_ARGUMENT where a condition is not understood, or names what is not there.
    """
    query = base
    for condition in conditions:
        match = _CONDITION.match(condition)
        if match is None:
            raise _wrong(condition, "it is no condition")
        query = replace(query, **_fields(condition, match["field"], match["sign"], match["value"], sources))
    return query


def _fields(
    condition: str, field: str, sign: str, value: str, sources: Callable[[], Sequence[Source]]
) -> dict[str, Any]:
    if not value:
        raise _wrong(condition, "the value is missing")
    if field == "confidence" and sign != "=":
        return {"confidence_min" if sign == ">=" else "confidence_max": _part(condition, value)}
    if field == "date" and sign != "=":
        first, last = _day(condition, value)
        return {"mtime_min_ns": first} if sign == ">=" else {"mtime_max_ns": last}
    if sign != "=":
        raise _wrong(
            condition, f"{field} takes =" if field in ("class", "source", "label", "name") else "no such field"
        )
    if field == "class":
        return {"class_name": value}
    if field == "name":
        return {"text": value}
    if field == "label":
        if value not in _LABELS:
            raise _wrong(condition, f"a label is one of {', '.join(_LABELS)}")
        return {"labelled": value}
    if field == "source":
        return {"source_id": _source(condition, value, sources())}
    if field == "date":
        first, last = _day(condition, value)
        return {"mtime_min_ns": first, "mtime_max_ns": last}
    raise _wrong(condition, "confidence takes >= or <=" if field == "confidence" else "no such field")


def _part(condition: str, value: str) -> float:
    try:
        number = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        raise _wrong(condition, f"{value!r} is no number") from None
    if not 0 <= number <= 1:
        raise _wrong(condition, "a confidence lies between 0 and 1")
    return number


def _day(condition: str, value: str) -> tuple[int, int]:
    """Return the first and the last nanosecond of a day, or of a moment, in the machine's time zone."""
    try:
        first = datetime.fromisoformat(value)
    except ValueError:
        raise _wrong(condition, f"{value!r} is no date like 2026-01-31") from None
    last = first + timedelta(days=1) if len(value) <= len("2026-01-31") else first + timedelta(seconds=1)
    try:
        return int(first.timestamp()) * 10**9, int(last.timestamp()) * 10**9 - 1
    except (OverflowError, OSError, ValueError):
        raise _wrong(condition, f"{value!r} is too far away") from None


def _source(condition: str, value: str, sources: Sequence[Source]) -> int:
    full = os.path.abspath(value)
    found = [s for s in sources if s.path == full] or [s for s in sources if s.title == value]
    if len(found) == 1:
        return found[0].id
    if found:
        raise _wrong(condition, f"{len(found)} sources have that name; give the folder's path")
    raise _wrong(condition, "no such source in the library")


def _wrong(condition: str, why: str) -> UsageError:
    return UsageError(
        ErrorCode.INVALID_ARGUMENT,
        f"--where {condition!r} is not understood: {why}.",
        way_out="`--help` lists the conditions.",
    )
