"""Searching by example, as far as it goes in minutes: a hundred thousand vectors, the largest index once, two peers.

The rest is `benchmarks.similar_full`'s.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from benchmarks import similar_index, similar_library, similar_peers
from benchmarks.similar_clock import two_cores
from benchmarks.similar_data import NOISES, SEED, SHAPES, kept_embeddings
from benchmarks.similar_environment import NotInstalled

N_SMALL, N_LARGE = 100_000, 1_000_000
LARGE_NOISE = 0.1  # thousands of copies as near as that are the hardest to tell apart by bits
PEERS_NOISE = 0.3
# The exact one, and the nearest to ours in memory. All the others take half a minute or minutes each.
QUICK_PEERS = ("lightdesk", "numpy-flat", "faiss-binary")
_GIVE_UP_S = 120.0


def measure(photos: Path, scratch: Path, models: Path, *, n_large: int = N_LARGE) -> dict[str, Any]:
    """Return what was found: the index by itself, over a library, beside others."""
    n_cores = two_cores()
    n_small = min(N_SMALL, n_large)
    real = {name: kept_embeddings(photos, models, shape, scratch / "real") for name, shape in SHAPES.items()}
    document: dict[str, Any] = {"seed": SEED, "n_cores": n_cores, "n_small": n_small, "n_large": n_large}
    document["small"] = {
        str(noise): similar_index.measure(scratch / "small", real["few"], n_small, noise) for noise in NOISES
    }
    document["large"] = {
        str(LARGE_NOISE): similar_index.measure(scratch / "large", real["few"], n_large, LARGE_NOISE)
    }
    document["library"] = similar_library.measure(scratch / "library", real["many"], models, n_small, PEERS_NOISE)
    shutil.rmtree(scratch / "library", ignore_errors=True)
    document["peers"] = _peers(scratch, real["many"], n_small)
    return document


def _peers(scratch: Path, real: Path, n: int) -> dict[str, Any]:
    place = similar_peers.Place(scratch / "results", scratch / "peers", real)
    try:
        about = similar_peers.about()
        similar_peers.similar_environment.python()
    except NotInstalled as error:
        return {"failed": str(error)}
    found = similar_peers.Comparison(place, "many", n, PEERS_NOISE, limit_s=_GIVE_UP_S).run(QUICK_PEERS)
    return {**about, "noise": PEERS_NOISE, "ways": found, "ahead_of_us": similar_peers.ahead_of_us(found)}
