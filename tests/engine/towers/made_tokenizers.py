"""Small tokenizers of the kinds that published towers have, with words for colours."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = ("a", "photo", "of", "red", "green", "blue", "car", "two", "dogs", "at", "night")
BEGIN, END = "<|startoftext|>", "<|endoftext|>"
PIECES = r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""


def clip_vocabulary() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Letters, letters that end a word, and what joins them to the words above; the ends last, as in the real one."""
    letters = [chr(c) for c in range(ord("!"), ord("~") + 1)]
    tokens = [*letters, *[f"{letter}</w>" for letter in letters]]
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        parts = [*word[:-1], f"{word[-1]}</w>"]
        for merge in merges:  # what other words have already joined
            parts = _joined(parts, merge)
        while len(parts) > 1:
            merge = (parts[0], parts[1])
            merges.append(merge)
            tokens.append("".join(merge))
            parts = _joined(parts, merge)
    return {token: number for number, token in enumerate([*tokens, BEGIN, END])}, merges


def _joined(parts: list[str], merge: tuple[str, str]) -> list[str]:
    for at in range(len(parts) - 2, -1, -1):
        if (parts[at], parts[at + 1]) == merge:
            parts[at : at + 2] = ["".join(merge)]
    return parts


def clip_tokenizer() -> Tokenizer:
    """As the one of openai/clip is saved by transformers."""
    vocabulary, merges = clip_vocabulary()
    tokenizer = Tokenizer(
        models.BPE(
            vocab=vocabulary,
            merges=merges,
            unk_token=END,
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
            pre_tokenizers.Split(Regex(PIECES), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.post_processor = processors.RobertaProcessing(
        (END, vocabulary[END]), (BEGIN, vocabulary[BEGIN]), trim_offsets=False, add_prefix_space=False
    )
    tokenizer.add_special_tokens([AddedToken(BEGIN, special=True), AddedToken(END, special=True)])
    return tokenizer


def sentencepiece_tokenizer(special: tuple[str, ...], before: str, after: str) -> Tokenizer:
    """A unigram model with the marks that begin and end a text: XLM-Roberta's kind, SigLIP's, Gemma's."""
    pieces = [(token, 0.0) for token in special]
    pieces += [(f"▁{word}", -3.0) for word in WORDS]
    pieces += [("▁", -5.0), *((chr(c), -9.0) for c in range(ord("!"), ord("~") + 1))]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=special.index("<unk>")))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    template = f"{before} $A {after}".strip()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=template,
        special_tokens=[(token, special.index(token)) for token in (before, after) if token],
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    return tokenizer


def write_clip(folder: Path, *, whole: bool = True, parts: bool = False) -> Tokenizer:
    """Write the files that are published, ``tokenizer.json`` or ``vocab.json`` with ``merges.txt``."""
    tokenizer = clip_tokenizer()
    vocabulary, merges = clip_vocabulary()
    if whole:
        tokenizer.save(str(folder / "tokenizer.json"))
    if parts:
        (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
        lines = ["#version: 0.2", *[" ".join(merge) for merge in merges], ""]
        (folder / "merges.txt").write_text("\n".join(lines), "utf-8")
    said = {
        "bos_token": {"content": BEGIN},
        "eos_token": {"content": END},
        "pad_token": END,
        "model_max_length": 77,
        "do_lower_case": True,
        "tokenizer_class": "CLIPTokenizer",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(said), "utf-8")
    return tokenizer
