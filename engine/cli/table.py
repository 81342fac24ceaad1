"""What the window's command shows where there is no display: a table of predictions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import resources

_EXIT_GOOD, _EXIT_FAILED = 0, 1


def run_table(paths: Sequence[str], library: str | None = None) -> int:
    """Classify the paths, or else the sample photos, and print a table.

    Returns
    -------
    int
        Exit code: 0 where the table was printed, also with rows that say why a file failed. It stands for a window,
        which does not fail on a bad file; ``lightdesk classify`` is for scripts.
    """
    from engine.cli import entry, journal

    def classify() -> int:
        from engine.cli.classify import run

        journal.begin()
        chosen = list(paths) or [_samples()]
        code = run(chosen, {"library": library} if library else {}, as_json=False)
        return _EXIT_GOOD if code == _EXIT_FAILED else code

    return entry.guarded(classify)


def _samples() -> str:
    """Return the folder of sample photos, as short as it can be written from here."""
    folder = str(resources.files("resources") / "samples")
    try:
        return min(folder, os.path.relpath(folder), key=len)
    except (OSError, ValueError):  # the current folder is gone, or on another drive of Windows
        return folder
