"""Builds the chosen model where it is not there yet, so that the window opens with it: part of ``make run``."""

from __future__ import annotations

import sys

from engine import settings
from engine.errors import LightdeskError
from engine.registry.catalogue import Registry


def main() -> int:
    """Build; a failure is told but stops nothing, since the window explains it and works without a model."""
    try:
        chosen = settings.load()
        Registry(settings.models_dir(chosen)).ensure(chosen.model, _say)
    except LightdeskError as error:
        print(f"The model cannot be used yet: {error}", file=sys.stderr)
    return 0


def _say(message: str, _fraction: float | None) -> None:
    print(message, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
