"""Waiting for what other threads or processes bring about."""

from __future__ import annotations

import time
from collections.abc import Callable

_LOOK_EVERY_S = 0.005


def until(happens: Callable[[], bool], missing: str = "it never came", *, within_s: float = 60) -> None:
    """Wait for something that has to happen; fail with the words `missing` where it does not. The machine may be slow."""
    end_s = time.monotonic() + within_s
    while not happens():
        assert time.monotonic() < end_s, missing
        time.sleep(_LOOK_EVERY_S)
