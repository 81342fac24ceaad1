"""Whether the window can open. The engine knows no Qt: a child process of the window's own side looks."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from typing import Any

from engine.doctor.child import Answer, ask
from engine.doctor.report import Finding, State
from engine.schemas.settings import Settings

_SECTION = "Window"
_PROBE = "desktop.platform_check"
_TIMEOUT_S = 60.0
_FONTS = "sudo apt-get install -y fonts-dejavu-core"


def examine(settings: Settings) -> Iterator[Finding]:
    """Ask the window's side, if it is installed."""
    if importlib.util.find_spec(_PROBE.partition(".")[0]) is None:
        yield Finding(_SECTION, "Qt", "note", "the window is not part of this installation")
        return
    yield from judged(ask(_PROBE, {}, timeout_s=_TIMEOUT_S))


def judged(answer: Answer) -> Iterator[Finding]:
    """Turn the probe's answer into findings.

    Parameters
    ----------
    answer
        ``qt``, ``why_no_window`` (None where one can open), ``display``, ``platform`` in use, ``screens``
        and ``n_font_families``.
    """
    if answer.facts is None:
        yield Finding(
            _SECTION,
            "Qt",
            "fail",
            f"it cannot start: {answer.failure}",
            "The command line works meanwhile. Set QT_DEBUG_PLUGINS=1 to see what Qt looks for.",
        )
        return
    facts: dict[str, Any] = answer.facts
    yield Finding(_SECTION, "Qt", "ok", f"{facts['qt']} (PySide6)", facts={"version": facts["qt"]})
    reason = facts["why_no_window"]
    if reason is None:
        screens = ", ".join(facts["screens"]) or "no screen"
        yield Finding(_SECTION, "platform", "ok", f"{facts['platform']}: {screens}", facts=facts)
    else:
        first, _, way_out = reason.partition("\n")
        # Without a display nothing is broken: that is a server.
        state: State = "fail" if facts["display"] else "note"
        yield Finding(_SECTION, "platform", state, first, way_out, facts)
    n = facts["n_font_families"]
    if n is None:
        pass  # Qt did not get far enough to be asked
    elif n:
        yield Finding(_SECTION, "fonts", "ok", f"{n} families", facts={"n": n})
    else:
        linux = sys.platform.startswith("linux")
        yield Finding(_SECTION, "fonts", "warn", "none: no text can be drawn", _FONTS if linux else "Install a font.")
    for name in ("QT_QPA_PLATFORM", "QT_QPA_PLATFORM_PLUGIN_PATH", "QT_PLUGIN_PATH", "QT_SCALE_FACTOR"):
        if os.environ.get(name):
            yield Finding(_SECTION, name, "note", f"is set to {os.environ[name]}")
