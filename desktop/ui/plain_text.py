"""File names and other foreign text in a line of our own: readable, on one line, and in its own direction."""

from __future__ import annotations

import html
import os
import re

_BREAK = "\N{ZERO WIDTH SPACE}"
# Marks that turn the direction of what follows: a name may not rearrange the words around it.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONG_WORD = re.compile(r"\S{25,}")
_SEPARATOR = re.compile(r"(?<=[/\\_.,;:@=&?-])(?=\w)")
_TOO_LONG = re.compile(r"[^\u200b]{24}(?=[^\u200b])")


def printable(path: str) -> str:
    """Return a path that can be shown and copied: bytes that are no text as ``\\xNN``, lines as one line."""
    try:
        text = os.fsencode(path).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a surrogate pair that stands for no byte
        text = path.encode("utf-8", "backslashreplace").decode("utf-8")
    return _CONTROLS.sub(lambda found: _shown(ord(found[0])), _TURNS.sub("", text))


def isolated(text: str) -> str:
    """Keep a text in its own direction (that of its first letter), whatever stands around it in the same line."""
    return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"


def left_to_right(text: str) -> str:
    """Keep paths and measures from left to right where the window is read from right to left."""
    return f"\N{LEFT-TO-RIGHT ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"


def breakable(text: str) -> str:
    """Let long words break when a label wraps them: after a separator, else anywhere. For showing, not for copying."""
    return _LONG_WORD.sub(
        lambda word: _TOO_LONG.sub(lambda part: part[0] + _BREAK, _SEPARATOR.sub(_BREAK, word[0])), text
    )


def tooltip(text: str) -> str:
    """Return a text for a tooltip, where Qt would take something like ``<b>`` in a file's name for markup."""
    if "<" not in text:
        return text
    return f'<p style="white-space: pre-wrap">{html.escape(text)}</p>'


def _shown(code: int) -> str:
    if code == 0x0A or code > 0x9F:
        return "\N{SYMBOL FOR NEWLINE}"
    return chr(0x2400 + code) if code < 0x20 else f"\\x{code:02x}"
