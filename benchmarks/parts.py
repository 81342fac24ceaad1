"""The parts of the benchmark: what each measures, and how to run it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Ground:
    """What a part stands on.

    Attributes
    ----------
    photos
        The folder given.
    scratch
        An empty folder of its own.
    models
        The built model, shared by all parts.
    big_home
        A home with a library of `n_items`; not to be changed.
    """

    photos: Path
    scratch: Path
    models: Path
    big_home: Path
    n_images: int | None
    n_rows: int | None

    def given(self, **names: str) -> dict[str, Any]:
        """Return the sizes that were asked for, under the names a part knows them by."""
        values = {name: getattr(self, field) for name, field in names.items()}
        return {name: value for name, value in values.items() if value is not None}


def _ingest(ground: Ground) -> dict[str, Any]:
    from benchmarks import ingest

    return ingest.measure(ground.photos, ground.scratch, ground.models, **ground.given(n_images="n_images"))


def _peers(ground: Ground) -> dict[str, Any]:
    from benchmarks import peers

    return peers.measure(ground.photos, ground.scratch, ground.models, **ground.given(n_images="n_images"))


def _filling(ground: Ground) -> dict[str, Any]:
    from benchmarks import filling

    return filling.measure(ground.photos, ground.scratch, ground.models, **ground.given(n_images="n_images"))


def _drop(ground: Ground) -> dict[str, Any]:
    from benchmarks import drop

    return drop.measure(ground.photos, ground.scratch, ground.models, big_home=ground.big_home)


def _second_window(ground: Ground) -> dict[str, Any]:
    from benchmarks import second_window

    return second_window.measure(
        ground.photos, ground.scratch, ground.models, big_home=ground.big_home, **ground.given(n_images="n_images")
    )


def _browsing(ground: Ground) -> dict[str, Any]:
    from benchmarks import browsing

    return browsing.measure(ground.scratch, ground.models, big_home=ground.big_home)


def _grid(ground: Ground) -> dict[str, Any]:
    from benchmarks import grid

    return grid.measure(ground.scratch, ground.models, big_home=ground.big_home)


def _start(ground: Ground) -> dict[str, Any]:
    from benchmarks import start

    return start.measure(ground.scratch, ground.models, big_home=ground.big_home)


def _growth(ground: Ground) -> dict[str, Any]:
    from benchmarks import growth

    sizes = ground.given(n_rows="n_rows", n_images="n_images")
    return growth.measure(ground.photos, ground.scratch, ground.models, **sizes)


def _similar(ground: Ground) -> dict[str, Any]:
    from benchmarks import similar

    return similar.measure(ground.photos, ground.scratch, ground.models, **ground.given(n_large="n_rows"))


def _press(ground: Ground) -> dict[str, Any]:
    from benchmarks import press

    return press.measure(ground.photos, ground.scratch / "press", ground.models, **ground.given(n_rows="n_rows"))


def _map(ground: Ground) -> dict[str, Any]:
    from benchmarks import map as map_benchmark

    return map_benchmark.measure(ground.photos, ground.scratch, ground.models)


def _duplicates(ground: Ground) -> dict[str, Any]:
    from benchmarks import duplicates

    return duplicates.measure(ground.photos, ground.scratch, ground.models, n_items=20_000, n_photos=25)


# In the order of a whole run. The ones that need the large library say so, and share one.
PARTS: dict[str, Callable[[Ground], dict[str, Any]]] = {
    "ingest": _ingest,
    "peers": _peers,
    "filling": _filling,
    "drop": _drop,
    "second_window": _second_window,
    "browsing": _browsing,
    "grid": _grid,
    "start": _start,
    "growth": _growth,
    "similar": _similar,
    "press": _press,
    "map": _map,
    "duplicates": _duplicates,
}
ON_THE_BIG_LIBRARY = frozenset(("drop", "second_window", "browsing", "grid", "start"))
