"""Words to the numbers that a text tower is fed: the `tokenizers` library behind one small class."""

from __future__ import annotations

import json
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ErrorCode, ModelError
from engine.schemas.tower import Cleaning

VOCABULARY, MERGES = "vocab.json", "merges.txt"
# A text longer than any that a tower can take is not worth the time of cutting it into tokens.
MAX_CHARS = 4000
_PUNCTUATION = str.maketrans("", "", string.punctuation)
# Special tokens of CLIP's own vocabulary, and how it cuts a text before it joins letters.
_BEGIN, _END = "<|startoftext|>", "<|endoftext|>"
_CLIP_PIECES = r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""


class Tokens:
    """A tokenizer as it stands in a file. Any thread may use it.

    Parameters
    ----------
    path
        ``tokenizer.json``, or CLIP's ``vocab.json`` with ``merges.txt`` beside it.

    Raises
    ------
    ModelError
        MODEL_INVALID when there is no reading it.

    Notes
    -----
    The library is imported here and not before: it takes a tenth of a second and 15 MB.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._tokenizer = _clip(path) if path.name == VOCABULARY else _whole(path)
            # What the file says of both is for training or for others; the tower's own lengths count.
            self._tokenizer.no_truncation()
            self._tokenizer.no_padding()
        except ModelError:
            raise
        except BaseException as error:  # a panic in the library's native part is no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
                raise
            raise self._invalid(f"it cannot be read ({str(error)[:200] or type(error).__name__})") from error

    def id_of(self, token: str) -> int | None:
        """Return the number of a token, None where there is no such."""
        number: int | None = self._tokenizer.token_to_id(token)
        return number

    @property
    def n_tokens(self) -> int:
        """Numbers that may come out are below this."""
        return int(self._tokenizer.get_vocab_size(with_added_tokens=True))

    def cut(self, texts: Sequence[str], context_length: int, cleaning: Cleaning) -> list[list[int]]:
        """Return the tokens of each text, with those that begin and end it; never more than `context_length`."""
        rows = []
        for text in texts:
            ids = self._ids(cleaned(text, cleaning))
            # The last one says that the text ends, and must be there.
            rows.append(ids if len(ids) <= context_length else [*ids[: context_length - 1], ids[-1]])
        return rows

    def fits(self, text: str, context_length: int, cleaning: Cleaning) -> bool:
        """Tell whether all of a text counts."""
        return len(text) <= MAX_CHARS and len(self._ids(cleaned(text, cleaning))) <= context_length

    def _ids(self, text: str) -> list[int]:
        try:
            return [int(number) for number in self._tokenizer.encode(text).ids]
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
                raise
            raise self._invalid(f"it fails on a text ({str(error)[:200] or type(error).__name__})") from error

    def _invalid(self, reason: str) -> ModelError:
        return invalid(self._path, reason)


def cleaned(text: str, cleaning: Cleaning) -> str:
    """Return a text on one line, as the tower's training had it."""
    # A surrogate is half a character, which the library cannot take; it comes from odd file names.
    text = " ".join(text[:MAX_CHARS].encode("utf-8", "replace").decode("utf-8").split())
    if cleaning == "none":
        return text
    text = text.lower()
    return text if cleaning == "lower" else " ".join(text.translate(_PUNCTUATION).split())


def filled(rows: Sequence[Sequence[int]], length: int, pad_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows of equal length, and ones where there were tokens: both int64 (n, length)."""
    ids = np.full((len(rows), length), pad_id, np.int64)
    mask = np.zeros((len(rows), length), np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return ids, mask


def invalid(path: Path, reason: str) -> ModelError:
    """Return the error of a tokenizer that cannot be used."""
    return ModelError(
        ErrorCode.MODEL_INVALID,
        f"The tokenizer {path} cannot be used: {reason}.",
        way_out="Download it again, or take the tokenizer.json of the model that was exported.",
        path=str(path),
    )


def _whole(path: Path) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_str(path.read_text(encoding="utf-8"))


def _clip(path: Path) -> Any:
    """Build CLIP's tokenizer from its vocabulary and merges: the one that is published in this form."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = json.loads(path.read_text(encoding="utf-8"))
    known = isinstance(vocabulary, dict) and all(type(number) is int for number in vocabulary.values())
    if not known or _BEGIN not in vocabulary or _END not in vocabulary:
        raise invalid(path, "it is not the vocabulary of a CLIP, and other kinds need a tokenizer.json")
    lines = path.with_name(MERGES).read_text(encoding="utf-8").split("\n")
    pairs = [line.split() for line in lines if line.strip() and not line.startswith("#version")]
    if not all(len(pair) == 2 for pair in pairs):
        raise invalid(path, f"{MERGES} beside it has lines that are not two pieces")
    merges = [(first, second) for first, second in pairs]
    tokenizer = Tokenizer(
        models.BPE(
            vocab=vocabulary,
            merges=merges,
            unk_token=_END,
            continuing_subword_prefix="",
            end_of_word_suffix="</w>",
            fuse_unk=False,
        )
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_CLIP_PIECES), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    ends = ((_END, vocabulary[_END]), (_BEGIN, vocabulary[_BEGIN]))
    tokenizer.post_processor = processors.RobertaProcessing(*ends, trim_offsets=False, add_prefix_space=False)
    return tokenizer
