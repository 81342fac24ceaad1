"""Names of any bytes as text that everything can hold."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.schemas.encoding import encodable


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain.jpg", "plain.jpg"),
        ("日本\n.jpg", "日本\n.jpg"),
        (os.fsdecode(b"caf\xe9.jpg"), "caf\\xe9.jpg"),
        ("typed \ud800.jpg", "typed \\ud800.jpg"),
    ],
)
def test_what_becomes_of_a_name(name: str, text: str) -> None:
    assert encodable(name) == text


@given(st.text() | st.binary().map(os.fsdecode))
def test_it_can_always_be_stored(name: str) -> None:
    encodable(name).encode("utf-8")
