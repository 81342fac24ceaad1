"""Foreign names in lines of our own."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QLabel

from desktop.ui.plain_text import breakable, isolated, left_to_right, printable, tooltip

PATHS = st.binary(max_size=60).map(os.fsdecode) | st.text(max_size=40)


@given(PATHS)
def test_every_name_can_be_shown_on_one_line_and_encoded(path: str) -> None:
    text = printable(path)
    assert text.encode("utf-8").decode() == text
    assert len(text.splitlines()) <= 1
    assert not set(text) & set(map(chr, [*range(0x20), 0x7F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]))


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")))  # fmt: skip
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert printable(name) == name


def test_bytes_that_are_no_text_are_told_apart() -> None:
    assert printable(os.fsdecode(b"caf\xe9.jpg")) == "caf\\xe9.jpg"
    assert printable("a\nb\tc") == "a\N{SYMBOL FOR NEWLINE}b\N{SYMBOL FOR HORIZONTAL TABULATION}c"
    assert printable("half \ud83d") == "half \\ud83d"
    assert printable("photo\u202egpj.exe") == "photogpj.exe"


@given(PATHS.map(printable))
def test_breakable_changes_nothing_but_where_lines_may_end(path: str) -> None:
    text = breakable(path)
    assert text.replace("\u200b", "") == path.replace("\u200b", "")
    assert all(len(part) <= 25 for word in text.split() for part in word.split("\u200b"))


def test_breakable_leaves_short_words_alone_and_breaks_after_separators() -> None:
    assert breakable("No image here: IMG_0001.jpg") == "No image here: IMG_0001.jpg"
    assert breakable("/home/ada/photos of 2026/abcdefghijklmnopqrstu/x") == (
        "/home/ada/photos of 2026/\u200babcdefghijklmnopqrstu/\u200bx"
    )


def test_a_label_with_a_long_path_can_be_narrow(qtbot) -> None:
    path = "/home/" + "x" * 300
    wide, narrow = QLabel(path), QLabel(breakable(path))
    for widget in (wide, narrow):
        qtbot.addWidget(widget)
        widget.setWordWrap(True)
    assert narrow.minimumSizeHint().width() < 300 < wide.minimumSizeHint().width()


def test_a_name_is_no_markup() -> None:
    assert tooltip("plain & simple") == "plain & simple"
    assert "<b>" not in tooltip("<b>bold</b>.jpg") and "&lt;b&gt;" in tooltip("<b>bold</b>.jpg")


def test_directions_are_closed_again() -> None:
    for text in (isolated("a"), left_to_right("a")):
        assert len(text) == 3 and text.endswith("\N{POP DIRECTIONAL ISOLATE}")
