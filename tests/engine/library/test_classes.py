"""Names of classes: typed by people, given by models."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ErrorCode, UsageError
from engine.library import classes, models
from engine.library.database import fold
from tests.engine.library.small_library import LABELS, SmallLibrary
from tests.synthetic_library import manifest


@pytest.mark.parametrize(
    ("typed", "name"), [("cat", "cat"), ("  a \t b\n", "a b"), ("Ä", "Ä"), ("猫", "猫"), ("x" * 200, "x" * 200)]
)
def test_clean(typed: str, name: str) -> None:
    assert classes.clean(typed) == name


@pytest.mark.parametrize("typed", ["", " \n ", "x" * 201, "a\x00b", "\u202edaer", "\ud800"])
def test_what_is_no_name(typed: str) -> None:
    with pytest.raises(UsageError) as caught:
        classes.clean(typed)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT and "200" in caught.value.way_out


def test_one_class_whatever_the_case(small: SmallLibrary) -> None:
    known = classes.id_of(small.conn, "Dog")
    assert classes.id_of(small.conn, " dOG ") == known
    assert classes.id_of(small.conn, "ÉMEU") == classes.id_of(small.conn, "émeu")
    new = classes.id_of(small.conn, "STRASSE")
    assert classes.id_of(small.conn, "straße") == new
    # Of two that a library has from elsewhere, the one typed exactly is meant.
    small.conn.execute("INSERT INTO classes(name, name_folded) VALUES('dog', 'dog')")
    assert classes.id_of(small.conn, "dog") != known and classes.id_of(small.conn, "Dog") == known


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["a", "A", "a (0)", "a (2)", " a", "", "\x00", "b" * 300, "b" * 300 + "c"]) | st.text()))
def test_the_classes_of_a_model_are_apart_and_can_be_typed(labels: list[str]) -> None:
    names = classes.names_apart(labels)
    assert len(names) == len(labels) == len({fold(name) for name in names})
    for name in names:
        assert classes.clean(name) == name


def test_names_that_are_alone_stay_as_they_are() -> None:
    assert classes.names_apart(["crane", "ant", "Crane"]) == ["crane (0)", "ant", "Crane (2)"]


def test_a_number_is_never_cut_off() -> None:
    long = "x" * 200
    names = classes.names_apart([long, long, long[:-4] + " (1)"])
    assert names == [long[:-4] + " (0)", long[:-8] + " (1) (1)", long[:-4] + " (1)"]


def test_models_share_classes(small: SmallLibrary) -> None:
    other = manifest(embedding_dim=0, n_classes=0, name="other")
    other = type(other)(**{**{f: getattr(other, f) for f in other.__slots__}, "labels": ("dog", "CAT", "gnu")})
    model_id = models.register(small.conn, other)
    rows = small.rows(
        """SELECT c.name, m.label FROM model_classes m JOIN classes c ON c.id = m.class_id
           WHERE model_id = ? ORDER BY number""",
        model_id,
    )
    assert rows == [("Dog", "dog"), ("cat", "CAT"), ("gnu", None)]
    assert small.rows("SELECT count(*) FROM classes") == [(len(LABELS) + 1,)]
    assert models.register(small.conn, other) == model_id
    assert (models.find(small.conn, "other@1"), models.find(small.conn, "third@1")) == (model_id, None)
    assert not small.rows("SELECT 1 FROM sqlite_schema WHERE name = ?", f"vectors_{model_id}"), "it has no embedding"
    assert small.rows("SELECT 1 FROM sqlite_schema WHERE name = ?", f"vectors_{small.model_id}")
