"""What is asked on the command line: pictures, words, files of words, and lines of JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import ErrorCode, UsageError

_WORDS, _LINES = (".txt",), (".jsonl", ".ndjson")
_MAX_BYTES = 16 << 20
_MAX_K = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One example: the path of a picture, or words."""

    value: str
    is_words: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Search:
    """One search. `number` from 1 where there are several; `k` where it says how many it wants."""

    plus: tuple[Asked, ...]
    minus: tuple[Asked, ...]
    number: int | None = None
    k: int | None = None

    @property
    def has_words(self) -> bool:
        """Tell whether it needs a model for words."""
        return any(one.is_words for one in (*self.plus, *self.minus))


def searches(asked: Sequence[str], minus: Sequence[str]) -> Iterator[Search]:
    """Return what is to be searched: one search of all together, but for lines of JSON, which are one each.

    Parameters
    ----------
    asked, minus
        Pictures, words, and files of words (a line each; one that begins with ``-`` is a minus). ``.jsonl`` files hold a
        search a line: ``{"plus": [...], "minus": [...], "k": 20}``, each example a path, words, or
        ``{"image": PATH}`` or ``{"text": WORDS}`` with a ``weight``.

    Raises
    ------
    UsageError
        INVALID_ARGUMENT where a file cannot be understood; it names the line.
    """
    plus, less = _together(one for one in asked if not _holds_lines(one)), _together(minus, is_minus=True)
    together = Search(plus[0] + less[1], plus[1] + less[0])
    number = 0
    for path in asked:
        if _holds_lines(path):
            for search in _lines(path):
                number += 1
                yield replace(
                    search, plus=search.plus + together.plus, minus=search.minus + together.minus, number=number
                )
    if not number:
        yield together


def _together(
    asked: Iterator[str] | Sequence[str], *, is_minus: bool = False
) -> tuple[tuple[Asked, ...], tuple[Asked, ...]]:
    plus: list[Asked] = []
    minus: list[Asked] = []
    for one in asked:
        if one.lower().endswith(_WORDS) and os.path.isfile(one):
            for line in _text(one).splitlines():
                line = line.strip()
                if line.startswith("-") and not is_minus:
                    minus.append(Asked(line[1:].strip(), True))
                elif line:
                    plus.append(Asked(line, True))
        else:
            plus.append(_example(one))
    return tuple(plus), tuple(minus)


def _holds_lines(path: str) -> bool:
    return path.lower().endswith(_LINES) and os.path.isfile(path)


def _example(value: str) -> Asked:
    # What looks like a path is one, so that a picture that is missing is told of, and not searched for as words.
    looks_like_path = os.path.lexists(value) or os.sep in value or "/" in value or bool(os.path.splitext(value)[1])
    return Asked(value, not looks_like_path)


def _lines(path: str) -> Iterator[Search]:
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
        except ValueError:
            raise _wrong(path, number, "it is no JSON") from None
        if not isinstance(said, dict) or not set(said) <= {"plus", "minus", "k"}:
            raise _wrong(path, number, 'it is no object with "plus", "minus" and "k"')
        k = said.get("k")
        if k is not None and (not isinstance(k, int) or isinstance(k, bool) or not 1 <= k <= _MAX_K):
            raise _wrong(path, number, f'"k" is a number from 1 to {_MAX_K:,}')
        plus, minus = (_examples(path, number, said.get(side, [])) for side in ("plus", "minus"))
        if not plus and not minus:
            raise _wrong(path, number, "it has no example")
        yield Search(plus, minus, k=k)


def _examples(path: str, number: int, said: Any) -> tuple[Asked, ...]:
    found = []
    for one in said if isinstance(said, list) else [said]:
        if isinstance(one, str) and one.strip():
            found.append(_example(one))
        elif (
            isinstance(one, dict) and len({"image", "text"} & set(one)) == 1 and set(one) <= {"image", "text", "weight"}
        ):
            value, weight = one.get("image", one.get("text")), one.get("weight", 1.0)
            if not isinstance(value, str) or not value.strip():
                raise _wrong(path, number, "an example is no text")
            if not isinstance(weight, int | float) or isinstance(weight, bool) or not 0 < weight < float("inf"):
                raise _wrong(path, number, "a weight is no number above 0")
            found.append(Asked(value, "text" in one, float(weight)))
        else:
            raise _wrong(path, number, 'an example is a path, words, {"image": PATH} or {"text": WORDS}')
    return tuple(found)


def _text(path: str) -> str:
    data = Path(path).read_bytes() if os.path.getsize(path) <= _MAX_BYTES else None
    if data is None:
        raise UsageError(
            ErrorCode.INVALID_ARGUMENT, f"{path} is larger than {_MAX_BYTES >> 20} MB.", way_out="Divide it."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(
            ErrorCode.INVALID_ARGUMENT, f"{path} is no text in UTF-8.", way_out="Save it as UTF-8."
        ) from None


def _wrong(path: str, number: int, why: str) -> UsageError:
    return UsageError(
        ErrorCode.INVALID_ARGUMENT, f"{path}, line {number}: {why}.", way_out="See `lightdesk similar` in docs/cli.md."
    )
