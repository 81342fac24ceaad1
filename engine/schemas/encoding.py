"""Names of files as text that can be printed and stored: the one rule for bytes that are no text."""

from __future__ import annotations

import os


def encodable(text: str) -> str:
    """Return text that UTF-8 can hold: bytes of a name that are no text become ``\\xNN``."""
    try:
        return os.fsencode(text).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # surrogates that stand for no byte: from a list somebody typed, never from a disk
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
