"""What is written: text of known width, JSON that nobody misreads."""

from __future__ import annotations

import io
import json
import sys

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.cli import output
from engine.cli.output import counted, lasting, padded, shortened, shown, sized, width, write_json, write_table

# Names of files may hold anything but NUL and slash; bytes that are no UTF-8 arrive as surrogates.
# A busy machine is no failure.
unhurried = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_CHARACTERS = (
    st.characters(codec="utf-8", exclude_characters="\0/")
    | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF, exclude_categories=())
    | st.sampled_from("\ud800\x07\x1b\x7f\x85\x9b\u2028\u2029\u202e\r\n日e\u0301")
)
# Joined, since a text's alphabet is one range to hypothesis: the few odd ones would hardly ever come.
names = st.lists(_CHARACTERS, max_size=20).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


def written(value: object) -> str:
    before = sys.stdout
    sys.stdout = io.StringIO()
    try:
        write_json(value)
        return sys.stdout.getvalue()
    finally:
        sys.stdout = before


@unhurried
@given(values)
def test_json_is_one_line_for_everybody_and_says_the_same(value: object) -> None:
    text = written(value)
    assert text.endswith("\n") and len(text.splitlines()) == 1
    assert json.loads(text) == value
    assert not any(c != "\n" and (ord(c) < 32 or 0x7F <= ord(c) < 0xA0) for c in text), "it commands the terminal"


def test_json_does_not_write_what_json_has_no_word_for() -> None:
    with pytest.raises(ValueError):
        write_json({"confidence": float("nan")})


def test_readable_text_stays_readable_in_json() -> None:
    assert written({"name": "日本 été 🎉"}) == '{"name": "日本 été 🎉"}\n'


@unhurried
@given(names)
def test_shown_text_is_one_printable_line(text: str) -> None:
    line = shown(text)
    assert line.isprintable() and len(line.splitlines()) <= 1
    line.encode("utf-8")
    if text.isprintable():
        assert line == text


@unhurried
@given(names, st.integers(1, 40), st.booleans())
def test_shortened_text_fits(text: str, columns: int, keep_end: bool) -> None:
    cut = shortened(text, columns, keep_end=keep_end)
    assert width(cut) <= columns
    if width(text) <= columns:
        assert cut == text
    else:
        kept = cut.replace(output.ELLIPSIS, "", 1)
        assert output.ELLIPSIS in cut and (text.endswith(kept) if keep_end else text.startswith(kept))


@unhurried
@given(names, st.integers(0, 40), st.booleans())
def test_padded_text_fills_its_columns(text: str, columns: int, right: bool) -> None:
    filled = padded(text, columns, right=right)
    assert width(filled) == max(columns, width(text))
    assert filled.endswith(text) if right else filled.startswith(text)


def test_width_in_columns() -> None:
    assert [width(text) for text in ("abc", "日本", "e\u0301", "\u200b", "ÄÖ")] == [3, 4, 1, 0, 2]


def test_a_table_is_aligned_in_columns_not_in_characters(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(("name", "n"), [("日本", "1"), ("abc", "1,234"), ("new\nline", "5")], right=(1,))
    assert capsys.readouterr().out == "name           n\n日本           1\nabc        1,234\nnew\\nline      5\n"
    write_table((), [("a", "b")])
    assert capsys.readouterr().out == "a  b\n"


def test_sizes_in_words() -> None:
    assert [sized(n) for n in (0, 999, 1500, 123_456_789, 2.5e12)] == [
        "0 bytes",
        "999 bytes",
        "1.5 kB",
        "123 MB",
        "2.5 TB",
    ]


def test_durations() -> None:
    assert [lasting(s) for s in (0, 9.6, 59.4, 61, 3599.6, 7322)] == ["0:00", "0:10", "0:59", "1:01", "1:00:00", "2:02:02"]


def test_numbers_with_their_nouns() -> None:
    assert [counted(n, "file") for n in (0, 1, 2, 1234)] == ["0 files", "1 file", "2 files", "1,234 files"]
    assert counted(2, "more file or folder", "more files or folders") == "2 more files or folders"


def test_streams_take_any_text(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    monkeypatch.setattr(sys, "stderr", None)
    output.prepare_streams()
    output.write_line("été \udce9")
    output.say("into the void")
    write_json({"name": "été"})  # for programs: UTF-8, whatever the terminal knows
    narrow.flush()
    data = narrow.buffer.getvalue()
    assert data == b"\\xe9t\\xe9 \\udce9\n" + '{"name": "été"}\n'.encode()
    sys.stderr.close()


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    assert not output.is_terminal(stream) and not output.is_terminal(None)


@pytest.mark.parametrize(("columns", "used"), [("50", 49), ("10", 40), ("500", 160)])
def test_the_width_of_the_terminal(columns: str, used: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert output.terminal_columns() == used
