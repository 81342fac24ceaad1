"""Typed words, taken apart and put together again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.ui.word_query import WordQuery, parsed, typed


@pytest.mark.parametrize(
    ("text", "plus", "minus"),
    [
        ("red car at night", ("red car at night",), ()),
        ("red car -night", ("red car",), ("night",)),
        ("-night red -rain car", ("red car",), ("night", "rain")),
        ('red car -"heavy rain"', ("red car",), ("heavy rain",)),
        ('"red car" "at night"', ("red car", "at night"), ()),
        ('dog "red car" on grass', ("dog on grass", "red car"), ()),
        ("a t-shirt", ("a t-shirt",), ()),
        ("\N{MINUS SIGN}snow hut", ("hut",), ("snow",)),
        ("  red \t car  ", ("red car",), ()),
        ('-"no end', (), ("no end",)),
        ("car -night -night", ("car",), ("night",)),
        ("- -- \N{MINUS SIGN}", (), ()),
        ('""', (), ()),
        ("", (), ()),
    ],
)
def test_taken_apart(text: str, plus: tuple[str, ...], minus: tuple[str, ...]) -> None:
    assert parsed(text) == WordQuery(plus, minus)
    assert bool(parsed(text)) == bool(plus or minus)


_word = st.text(st.characters(codec="utf-8", exclude_characters='"'), min_size=1).map(lambda w: " ".join(w.split()))
_phrase = _word.filter(lambda w: w.strip("-\N{MINUS SIGN} "))


@given(st.lists(_phrase, unique=True, max_size=4), st.lists(_phrase, unique=True, max_size=4))
def test_what_is_put_together_is_taken_apart_the_same(plus: list[str], minus: list[str]) -> None:
    query = WordQuery(tuple(plus), tuple(minus))
    assert parsed(typed(query)) == query


@given(st.text())
def test_nothing_typed_is_too_much(text: str) -> None:
    query = parsed(text)
    assert all(words == " ".join(words.split()) and words for words in (*query.plus, *query.minus))
    assert parsed(typed(query)) == query
