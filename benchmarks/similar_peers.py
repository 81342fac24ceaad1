"""Every way to search on the same vectors, one after the other, each in a process of its own.

What is measured lands in a file at once, so that a run goes on where it was cut. What does not go in the memory or the time
that there is, is given up at that size with the reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine, similar_environment
from benchmarks.similar_competitor import K
from benchmarks.similar_data import SEED, Cloud, Truth
from benchmarks.similar_turn import GRAPHS, N_MEASURED, N_TUNING, WAYS

_CLOSING_S = 60.0
_PATIENCE = 3.0  # so many times the time to build, for building, asking and adding


@dataclass(frozen=True, slots=True)
class Place:
    """Where a comparison lies.

    Attributes
    ----------
    results
        A JSON file for each that was measured.
    scratch
        Vectors and indexes while they are needed.
    real
        The real embeddings.
    """

    results: Path
    scratch: Path
    real: Path


class Comparison:
    """The ways on one cloud of vectors."""

    def __init__(self, place: Place, shape: str, n: int, noise: float, *, limit_s: float = 3600.0) -> None:
        self._place, self._limit_s = place, limit_s
        self._n, self._noise = n, noise
        self._key = f"{shape}-{noise}-{n}"
        self._vectors = place.scratch / f"{self._key}.f32"
        self._truth = place.results / f"{self._key}-truth.npy"

    def missing(self, names: Iterable[str]) -> list[str]:
        """Return the ways that have no result yet."""
        return [name for name in names if not self._result(name).exists()]

    def run(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Measure those that have no result; returns what is there of all of them."""
        names = list(names)
        try:
            for name in self.missing(names):
                self._make_vectors()
                print(f"{self._key}: {name}", file=sys.stderr, flush=True)
                document = self._turn(name)
                _write(self._result(name), document)
        finally:
            self._vectors.unlink(missing_ok=True)
        return {name: json.loads(self._result(name).read_text("utf-8")) for name in names}

    def _result(self, name: str) -> Path:
        return self._place.results / f"{self._key}-{name}.json"

    def _make_vectors(self) -> None:
        if self._vectors.exists() and self._truth.exists():
            return
        for folder in (self._place.scratch, self._place.results):
            folder.mkdir(parents=True, exist_ok=True)
        cloud = Cloud(np.load(self._place.real), self._n, self._noise)
        cloud.write(self._vectors)
        if not self._truth.exists():
            truth = Truth(cloud.queries(N_TUNING + N_MEASURED), K)
            for first, block in cloud.blocks():
                truth.take(first, block)
            temporary = self._truth.with_suffix(".new.npy")
            np.save(temporary, truth.of())
            os.replace(temporary, self._truth)

    def _turn(self, name: str) -> dict[str, Any]:
        folder = self._place.scratch / f"{self._key}-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        command = [
            str(similar_environment.python()), "-m", "benchmarks.similar_turn", name,
            "--real", str(self._place.real), "--n", str(self._n), "--noise", str(self._noise),
            "--vectors", str(self._vectors), "--truth", str(self._truth), "--folder", str(folder),
            "--limit-s", str(self._limit_s),
        ]  # fmt: skip
        about = {"way": name, "n": self._n, "noise": self._noise, "load_per_core_before": machine.load_per_core()}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                said, _ = process.communicate(timeout=_PATIENCE * self._limit_s)
            except subprocess.TimeoutExpired:
                _end(process)
                said, given_up = "", f"not done after {_PATIENCE * self._limit_s:.0f} s"
            except BaseException:
                _end(process)
                raise
            else:
                given_up = "" if process.returncode == 0 else f"it ended with {process.returncode}"
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        return about | ({"given_up": given_up} if given_up else json.loads(said))


def ladder(
    place: Place, shape: str, noise: float, sizes: Iterable[int], names: Iterable[str], *, limit_s: float
) -> dict[int, dict[str, dict[str, Any]]]:
    """Compare at falling sizes: from the second on only those that were given up at all sizes before."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    left = list(names)
    for n in sizes:
        if left:
            found[n] = Comparison(place, shape, n, noise, limit_s=limit_s).run(left)
            left = [name for name, document in found[n].items() if "given_up" in document]
    return found


def without_graphs(names: Iterable[str] = tuple(WAYS)) -> list[str]:
    """Return the ways that are built in seconds or minutes."""
    return [name for name in names if name not in GRAPHS]


def ahead_of_us(documents: dict[str, dict[str, Any]]) -> list[str]:
    """Return the ways that reach the recall, are quicker than ours and take no more memory."""
    ours = documents.get("lightdesk", {"given_up": "not measured"})
    if "given_up" in ours:
        return []
    return [
        name
        for name, d in documents.items()
        if "given_up" not in d
        and d["reaches_the_recall"]
        and d["ms"]["p95"] < ours["ms"]["p95"]
        and d["memory_mb"] <= ours["memory_mb"]
    ]


def about() -> dict[str, Any]:
    """Return what the comparison stands on."""
    return {"seed": SEED, "k": K, "n_tuning": N_TUNING, "n_measured": N_MEASURED, "pins": similar_environment.pins()}


def _write(file: Path, document: dict[str, Any]) -> None:
    temporary = file.with_suffix(".new")
    temporary.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    os.replace(temporary, file)


def _end(process: subprocess.Popen[str]) -> None:
    """Ask the process to end, which closes what it has started, and then make it."""
    process.terminate()
    try:
        process.wait(_CLOSING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
