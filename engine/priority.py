"""Lets long work step back behind the window and behind a single picture that a person waits for."""

from __future__ import annotations

import os
import sys
import threading
import time

_NICE = 10
_NICER = 15  # for what may wait for that, too


def step_back(*, further: bool = False) -> None:
    """Lower the calling thread's share of the processor, where the system can do it for one thread.

    Parameters
    ----------
    further
        Behind what has stepped back already.
    """
    nice = _NICER if further else _NICE
    if sys.platform.startswith("linux"):
        # On Linux a nice value belongs to the thread whose id is given.
        me = threading.get_native_id()
        # Who was started with less (`nice -n 15`) may not take more back.
        if os.getpriority(os.PRIO_PROCESS, me) < nice:
            os.setpriority(os.PRIO_PROCESS, me, nice)


class RightOfWay:
    """Holds bulk work back for a moment while a person waits for a single picture.

    A lower priority alone is not enough on few cores: a thread in the middle of a batch also holds
    caches, memory bandwidth and, between calls, the interpreter's lock.

    Notes
    -----
    Any thread. Bulk threads ask before each unit of work, and go on after `_LONGEST_S` in any case.
    """

    _LONGEST_S = 0.25
    _LOOK_S = 0.005

    def __init__(self) -> None:
        self._until_s = 0.0

    def claim(self, for_s: float) -> None:
        """Ask bulk work to hold still for so long."""
        self._until_s = time.monotonic() + for_s

    def give_way(self) -> None:
        """Wait while someone has claimed the way."""
        at_most_s = time.monotonic() + self._LONGEST_S
        while time.monotonic() < min(self._until_s, at_most_s):
            time.sleep(self._LOOK_S)
