"""What the command line writes: text of known width, JSON in UTF-8, and streams that may be closed."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_MOST_COLUMNS = 160
# What JSON leaves as it is, and a terminal obeys or a program takes for the end of a line.
_UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def prepare_streams() -> None:
    """Make standard output and error take any text: what the terminal cannot show is written as ``\\N``.

    A program without standard output (closed by its caller, a windowed Python) writes into the void.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - lives as long as the program
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write_json(value: Any, *, indent: int | None = None) -> None:
    """Write one JSON value and a line end, in UTF-8 whatever the terminal uses, since programs read it.

    Control characters in texts are escaped, those that JSON would allow too: without `indent` a value is
    one line for everybody who splits lines, and a name cannot command the terminal.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.encoding.lower() != "utf-8":
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    sys.stdout.write(_UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def write_line(text: str = "") -> None:
    """Write a line of text to standard output."""
    sys.stdout.write(text + "\n")


def say(text: str) -> None:
    """Write a line for the person, not for a program, to standard error."""
    sys.stderr.write(shown(text) + "\n")
    sys.stderr.flush()


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a person sees the stream as it is written."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def terminal_columns() -> int:
    """Return the width to write tables in."""
    return max(40, min(_MOST_COLUMNS, shutil.get_terminal_size((100, 24)).columns - 1))


def shown(text: str) -> str:
    """Return text on one line: control characters and what is not text appear as escapes."""
    if text.isprintable() and text.isascii():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def width(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(c) for c in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """Return text filled up with spaces; longer text stays as it is."""
    fill = " " * max(0, columns - width(text))
    return fill + text if right else text + fill


def shortened(text: str, columns: int, *, keep_end: bool = False) -> str:
    """Return text that takes at most `columns`, with an ellipsis where something was cut."""
    if width(text) <= columns:
        return text
    kept: list[str] = []
    room = columns - 1
    for character in reversed(text) if keep_end else text:
        room -= _columns(character)
        if room < 0:
            break
        kept.append(character)
    return ELLIPSIS + "".join(reversed(kept)) if keep_end else "".join(kept) + ELLIPSIS


def write_table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Write aligned columns under a head (none if empty); those in `right` are numbers."""
    table = [head, *rows] if head else list(rows)
    widths = [max(width(shown(row[i])) for row in table) for i in range(len(table[0]))]
    for row in table:
        cells = [padded(shown(cell), widths[i], right=i in right) for i, cell in enumerate(row)]
        write_line("  ".join(cells).rstrip())


def sized(n_bytes: float) -> str:
    """Return a size in words: 1,000 bytes are a kilobyte, as disks are sold."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}" if unit == "bytes" or n_bytes >= 100 else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} TB"


def counted(n: int, one: str, several: str = "") -> str:
    """Return a number with its noun."""
    return f"{n:,} {one if n == 1 else several or one + 's'}"


def lasting(seconds: float) -> str:
    """Return a duration as ``m:ss`` or ``h:mm:ss``."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
