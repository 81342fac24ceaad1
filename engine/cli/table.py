"""What the window's command shows where there is no display: a table of predictions."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources


def run_table(paths: Sequence[str], library: str | None = None) -> int:
    """Classify the paths, or else the sample photos, and print a table; returns the exit code."""
    from engine.cli import entry

    def classify() -> int:
        from engine.cli.classify import run

        chosen = list(paths) or [str(resources.files("resources") / "samples")]
        return run(chosen, {"library": library} if library else {}, as_json=False)

    return entry.guarded(classify)
