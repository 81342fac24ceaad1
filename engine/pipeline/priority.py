"""Lets long work step back behind the window and behind a single picture that a person waits for."""

from __future__ import annotations

import os
import sys
import threading

_NICE = 10


def step_back() -> None:
    """Lower the calling thread's share of the processor, where the system can do it for one thread."""
    if sys.platform.startswith("linux"):
        # On Linux a nice value belongs to the thread whose id is given.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
