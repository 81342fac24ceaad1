"""What is typed to search with words, and its parts: words to look for, and words with a minus before them."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A minus counts at the beginning of a word only: "t-shirt" is one word.
_PARTS = re.compile(r'(?P<sign>[-\u2212]?)(?:"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+))')
_SIGNS = "-\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class WordQuery:
    """Phrases on both sides."""

    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.plus or self.minus)


def parsed(text: str) -> WordQuery:
    """Take what was typed apart.

    Words without a sign are one phrase together, whatever stands between them: ``red car -night`` looks for "red car". What
    stands in quotes is a phrase of its own, and may have a minus too. A phrase counts once.
    """
    bare: list[str] = []
    plus: list[str] = []
    minus: list[str] = []
    for part in _PARTS.finditer(text):
        quoted = part["quoted"] is not None
        words = " ".join((part["quoted"] if quoted else part["bare"]).split())
        if not words.strip(_SIGNS):
            continue
        if part["sign"]:
            minus.append(words)
        elif quoted:
            plus.append(words)
        else:
            bare.append(words)
    if bare:
        plus.insert(0, " ".join(bare))
    return WordQuery(tuple(dict.fromkeys(plus)), tuple(dict.fromkeys(minus)))


def typed(query: WordQuery) -> str:
    """Return what to type for a query."""
    plus, minus = query.plus, query.minus
    parts = [_quoted(words, bare=not place and not _has_sign(words)) for place, words in enumerate(plus)]
    parts += [f"-{_quoted(words, bare=' ' not in words and words[0] not in _SIGNS)}" for words in minus]
    return " ".join(parts)


def _has_sign(words: str) -> bool:
    return any(word[0] in _SIGNS for word in words.split())


def _quoted(words: str, *, bare: bool) -> str:
    return words if bare else f'"{words}"'
