"""One line on standard error that says how far the work is, where a person looks on."""

from __future__ import annotations

import sys
import time
from collections import deque

from engine.cli.output import is_terminal, lasting, padded, shortened, terminal_columns, width

_EVERY_S = 0.1
_BAR_COLUMNS = 24
_RATE_OVER_S = 10.0  # what was known already comes at once, and says nothing of the rest


class StatusLine:
    """Rewrites one line in place; silent where standard error is no terminal."""

    def __init__(self) -> None:
        self._on = is_terminal(sys.stderr)
        self._shown_columns = 0
        self._shown_s = 0.0
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    def counted(self, n: int, total: int, *, counting: bool, doing: str = "") -> None:
        """Show n of total, with rate and time left; `counting` while the total still grows."""
        now_s = time.monotonic()
        if not self._on or now_s - self._shown_s < _EVERY_S:
            return
        if doing:
            self._write(doing)
            return
        rate = self._rate_per_s(now_s, n)
        filled = _BAR_COLUMNS * n // total if total else 0
        bar = "#" * filled + "-" * (_BAR_COLUMNS - filled)
        text = f"[{bar}] {n:,}/{total:,}{'+' if counting else ''}  {rate:.0f} img/s"
        if rate and not counting and n < total:
            text += f"  {lasting((total - n) / rate)} left"
        self._write(text)

    def show(self, doing: str) -> None:
        """Show what is being done."""
        if self._on:
            self._write(doing)

    def _rate_per_s(self, now_s: float, n: int) -> float:
        """Return the rate over the last seconds."""
        self._seen.append((now_s, n))
        while len(self._seen) > 2 and self._seen[1][0] < now_s - _RATE_OVER_S:
            self._seen.popleft()
        then_s, before = self._seen[0]
        return (n - before) / max(now_s - then_s, 1e-3)

    def clear(self) -> None:
        """Take the line away, before something else is written or at the end."""
        if self._shown_columns:
            sys.stderr.write("\r" + " " * self._shown_columns + "\r")
            sys.stderr.flush()
            self._shown_columns = 0
            self._shown_s = 0.0

    def _write(self, text: str) -> None:
        text = shortened(text, terminal_columns())
        sys.stderr.write("\r" + padded(text, self._shown_columns))
        sys.stderr.flush()
        self._shown_columns = width(text)
        self._shown_s = time.monotonic()
