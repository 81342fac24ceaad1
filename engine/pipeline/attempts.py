"""Attempts to get a model to work, until the cause of the last failure is gone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from engine.errors import LightdeskError
from engine.pipeline import mistake

log = logging.getLogger(__name__)
_FIRST_REST_S = 5.0
_MAX_REST_S = 60.0


def until_ready(
    make_ready: Callable[[bool], None], *, failed: Callable[[LightdeskError], None], closing: threading.Event
) -> None:
    """Call `make_ready` until it succeeds: a disk was full, a file damaged, a device taken by another program.

    Parameters
    ----------
    make_ready
        Called with True when a failure has been told: the next attempts are silent. Raises what is in the way.
    failed
        Called with each failure that differs from the one before.
    closing
        Ends the attempts.

    Notes
    -----
    Returns at the first success, when closing, or on a bug, which no attempt would mend.
    """
    told, rest_s = "", _FIRST_REST_S
    while not closing.is_set():
        try:
            make_ready(bool(told))
            return
        except LightdeskError as error:
            if closing.is_set():
                return
            if str(error) != told:
                told = str(error)
                failed(error)
        except Exception:
            log.exception("Loading the model failed on a bug")
            failed(mistake.error("The model could not be loaded."))
            return
        closing.wait(rest_s)
        rest_s = min(_MAX_REST_S, 2 * rest_s)
