"""``python -m benchmarks.similar_full FOLDER``: everything about searching by example, at a million vectors, and the
press of the key that asks for it. It takes hours.

Each step leaves a JSON file in the folder of results when it is done, and is not done again; so a run goes on where it was cut.
To have a step again, remove its file. Vectors and indexes lie in the scratch folder while they are needed: up to 14 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks import machine, similar_index, similar_library, similar_peers, similar_words
from benchmarks.similar_clock import two_cores
from benchmarks.similar_data import NOISES, SHAPES, kept_embeddings
from benchmarks.similar_peers import Place, ladder
from benchmarks.similar_turn import GRAPHS, WAYS

SIZES = (1_000_000, 300_000, 100_000)
LIBRARY_NOISE = GRAPHS_NOISE = 0.3
LIBRARY_SHAPE = GRAPHS_SHAPE = "many"
N_PRESSES, N_POINTS = 100, 1_000_000


class Steps:
    """What there is to do, and what is done."""

    def __init__(self, photos: Path, results: Path, scratch: Path, sizes: Iterable[int], limit_s: float) -> None:
        self._photos, self._results, self._scratch = photos, results, scratch
        self._sizes, self._limit_s = tuple(sizes), limit_s
        self.documents: dict[str, Any] = {}

    def run(self, only: str = "") -> None:
        """Do what is not done yet; `only` is what a step's name must begin with."""
        models = self._scratch / "models"
        real = {
            name: kept_embeddings(self._photos, models, shape, self._results) for name, shape in SHAPES.items()
        }
        for name, work in self._all(models, real).items():
            if name.startswith(only):
                self.documents[name] = self._kept(name, work)

    def _all(self, models: Path, real: dict[str, Path]) -> dict[str, Callable[[], dict[str, Any]]]:
        n, index, home = self._sizes[0], self._scratch / "index", self._scratch / f"library-{self._sizes[0]}"
        steps: dict[str, Callable[[], dict[str, Any]]] = {}
        for size in dict.fromkeys((self._sizes[-1], n)):
            for shape in SHAPES:
                for noise in NOISES:
                    steps[f"index-{size}-{shape}-{noise}"] = lambda m=size, s=shape, x=noise: similar_index.measure(
                        index, real[s], m, x
                    )
        steps[f"library-{n}"] = lambda: similar_library.measure(home, real[LIBRARY_SHAPE], models, n, LIBRARY_NOISE)
        steps[f"press-{n}"] = lambda: self._pressed(models, n, real[LIBRARY_SHAPE])
        # The same noise and shape first at the smallest size: all ways side by side, graphs too.
        small, least = (self._sizes[-1],), f"peers-{self._sizes[-1]}"
        steps[least] = lambda: self._compared(GRAPHS_SHAPE, GRAPHS_NOISE, small, WAYS, real)
        for shape in SHAPES:
            for noise in NOISES:
                steps[f"peers-{shape}-{noise}"] = lambda s=shape, x=noise: self._compared(
                    s, x, self._sizes[:1], similar_peers.without_graphs(), real
                )
        steps["map"] = lambda: self._map(models)
        steps["duplicates"] = lambda: self._duplicates(models)
        graphs = ["lightdesk", *(name for name in WAYS if name in GRAPHS)]
        steps["graphs"] = lambda: self._compared(GRAPHS_SHAPE, GRAPHS_NOISE, self._sizes, graphs, real)
        return steps

    def _pressed(self, models: Path, n: int, real: Path) -> dict[str, Any]:
        from benchmarks import press  # brings Qt, which no other step needs

        return press.measure(
            self._photos, self._scratch / f"press-{n}", models, n_rows=n, n_presses=N_PRESSES, real=real
        )

    def _map(self, models: Path) -> dict[str, Any]:
        from benchmarks import map as map_benchmark

        return map_benchmark.measure(self._photos, self._scratch, models, n_many=N_POINTS)

    def _duplicates(self, models: Path) -> dict[str, Any]:
        from benchmarks import duplicates

        return duplicates.measure(self._photos, self._scratch, models)

    def _compared(
        self, shape: str, noise: float, sizes: Iterable[int], names: Iterable[str], real: dict[str, Path]
    ) -> dict[str, Any]:
        place = Place(self._results / "peers", self._scratch / "peers", real[shape])
        found = ladder(place, shape, noise, sizes, names, limit_s=self._limit_s)
        return {
            **similar_peers.about(), "shape": shape, "noise": noise, "limit_s": self._limit_s,
            "by_size": {str(n): ways for n, ways in found.items()},
            "ahead_of_us": {str(n): similar_peers.ahead_of_us(ways) for n, ways in found.items()},
        }  # fmt: skip

    def _kept(self, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        file = self._results / f"{name}.json"
        if file.exists():
            document: dict[str, Any] = json.loads(file.read_text("utf-8"))
            return document
        print(f"== {name}", file=sys.stderr, flush=True)
        about = {"machine": machine.describe(), "load_per_core_before": machine.load_per_core()}
        document = {"step": name, **about, **work()}
        temporary = file.with_suffix(".new")
        temporary.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
        os.replace(temporary, file)
        return document


def main() -> int:
    """Return 0 when all steps are done."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.similar_full", description=(__doc__ or "").partition("\n\n")[2]
    )
    parser.add_argument("folder", type=Path, help="JPEG photos")
    parser.add_argument("--out", type=Path, default=Path("bench-results"), help="results (%(default)s)")
    parser.add_argument("--scratch", type=Path, help="vectors and indexes (a folder beside the results)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="vectors, falling (%(default)s)")
    parser.add_argument("--only", default="", metavar="STEP", help="steps whose names begin so")
    parser.add_argument("--limit-s", type=float, default=3600.0, help="for building one way (%(default)s)")
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is not a folder")
    two_cores()
    results = (options.out / "full").absolute()
    scratch = (options.scratch or results / "scratch").absolute()
    for folder in (results, scratch):
        folder.mkdir(parents=True, exist_ok=True)
    steps = Steps(options.folder.absolute(), results, scratch, options.sizes, options.limit_s)
    try:
        steps.run(options.only)
    finally:
        text = similar_words.of_steps(steps.documents)
        (results / "table.md").write_text(text + "\n", "utf-8")
        print(text)
    if not options.only:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
