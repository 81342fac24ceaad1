"""Words to numbers, without the net, whatever the words and whatever the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ErrorCode
from engine.towers.text import TextTower
from engine.towers.tokens import Tokens, cleaned, filled
from tests.engine.towers import published
from tests.engine.towers.made_tokenizers import BEGIN, END, clip_tokenizer, write_clip
from tests.engine.towers.published import failure, installed


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer = clip_tokenizer()
    # What others have set for themselves must not count.
    tokenizer.enable_truncation(5)
    tokenizer.enable_padding(length=50)
    tokenizer.save(str(folder / "tokenizer.json"))
    return Tokens(folder / "tokenizer.json")


@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet=st.characters(codec=None), max_size=200), length=st.integers(2, 77))
def test_any_text_has_a_beginning_and_an_end_and_fits(tokens: Tokens, text: str, length: int) -> None:
    (row,) = tokens.cut([text], length, "none")
    assert 2 <= len(row) <= length
    assert (row[0], row[-1]) == (tokens.id_of(BEGIN), tokens.id_of(END))
    assert all(0 <= number < tokens.n_tokens for number in row)
    assert tokens.fits(text, length, "none") == (len(tokens.cut([text], 10_000, "none")[0]) <= length)


def test_a_long_text_keeps_its_beginning(tokens: Tokens) -> None:
    long = "red car " * 3000
    (row,) = tokens.cut([long], 7, "none")
    assert row[:6] == tokens.cut(["red car red car red"], 77, "none")[0][:6] and len(row) == 7
    assert not tokens.fits(long, 100_000, "none")
    assert tokens.fits("red car", 4, "none") and not tokens.fits("red car", 3, "none")


def test_cleaning() -> None:
    assert cleaned("  A  Red\nCar, at night! ", "none") == "A Red Car, at night!"
    assert cleaned("A Red Car, at night!", "lower") == "a red car, at night!"
    assert cleaned("A Red Car, at - night!", "canonical") == "a red car at night"
    assert cleaned("bad \udcff byte", "none") == "bad ? byte"


def test_filling() -> None:
    ids, mask = filled([[5, 6, 7], [8]], 4, 9)
    assert ids.tolist() == [[5, 6, 7, 9], [8, 9, 9, 9]]
    assert mask.tolist() == [[1, 1, 1, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"model": 5}', "\ufeff{}", "{" * 10_000])
def test_a_damaged_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(text, "utf-8")
    error = failure(lambda: Tokens(path))
    assert error.code is ErrorCode.MODEL_INVALID and str(path) in error.message


def test_a_vocabulary_that_is_no_clips(tmp_path: Path) -> None:
    write_clip(tmp_path, whole=False, parts=True)
    Tokens(tmp_path / "vocab.json")
    merges = (tmp_path / "merges.txt").read_text("utf-8")
    (tmp_path / "merges.txt").write_text(f"{merges}\none two three\n", "utf-8")
    assert "not two pieces" in failure(lambda: Tokens(tmp_path / "vocab.json")).message
    (tmp_path / "vocab.json").write_text('{"a": 1}', "utf-8")
    assert "not the vocabulary of a CLIP" in failure(lambda: Tokens(tmp_path / "vocab.json")).message


def test_nothing_of_the_net_is_loaded(tmp_path: Path) -> None:
    """The library would ask a hub for files that it is given by name; only its file functions are used."""
    write_clip(tmp_path)
    code = f"""
import sys
from pathlib import Path
from engine.towers.tokens import Tokens
assert "tokenizers" not in sys.modules
assert Tokens(Path({str(tmp_path / "tokenizer.json")!r})).cut(["a red car"], 77, "none")
print([name for name in ("huggingface_hub", "httpx", "httpx2", "requests", "socket", "ssl") if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"


def test_vocabulary_and_merges_where_there_is_no_tokenizer_json(tmp_path: Path) -> None:
    folder = published.transformers_js(tmp_path / "clip")
    whole = installed(folder, tmp_path)
    (folder / "tokenizer.json").unlink()
    parts = installed(folder, tmp_path)
    assert parts.manifest.text.tokenizer == "vocab.json" and parts.manifest.ref != whole.manifest.ref
    texts = ["a red car", "Two DOGS at night; it's green", "naïve café 3.5"]
    assert np.array_equal(TextTower(whole).embed(texts), TextTower(parts).embed(texts))
