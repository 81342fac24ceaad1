"""An image tower at work: pictures in, vectors out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backends.graph import Graph, available_cores, open_graph
from engine.errors import ErrorCode, ModelError
from engine.preprocess import Preprocessor
from engine.schemas.device import DeviceChoice, DeviceReport
from engine.schemas.frame import Frame
from engine.schemas.tower import TowerPair
from engine.towers.vectors import unit_rows

_BATCH_ON_GPU = 32
_BATCH_ON_CPU = 4


class ImageTower:
    """Turns pictures into unit vectors.

    Parameters
    ----------
    pair
        With verified files.
    callers
        Threads that will call `embed_items` at once on a CPU, each on a core of its own; 0 for one a core. 1 for who
        asks for a single picture now and then: that one call then takes all cores.

    Attributes
    ----------
    report
        What it really runs on.
    best_batch
        Pictures that pay in one call (measured in `engine.backends.graph`).
    max_concurrency
        Threads that may call at once with gain.

    Raises
    ------
    ModelError
        MODEL_INVALID when a file cannot be loaded, or does not fit the manifest.

    Notes
    -----
    Making one takes about a second: on a background thread. Any thread may call it then.
    """

    def __init__(
        self, pair: TowerPair, *, device: DeviceChoice = "auto", callers: int = 0, gpu_memory_mb: int = 4096
    ) -> None:
        manifest = pair.manifest
        self._dim = manifest.dim
        self._output = manifest.image.output
        self._who = f"The image tower of {manifest.ref}"
        self._preprocessor = Preprocessor(manifest.image.input)
        self._input = manifest.image.input.name
        self._graph = open_graph(
            pair.image_graph, device=device, threads_per_call=0 if callers == 1 else 1, gpu_memory_mb=gpu_memory_mb
        )
        self._n_rows = rows_taken(self._graph, self._input, self._who)
        self.report: DeviceReport = self._graph.report
        on_gpu = self.report.device != "cpu"
        self.best_batch = self._n_rows or (_BATCH_ON_GPU if on_gpu else _BATCH_ON_CPU)
        self.max_concurrency = 1 if on_gpu else callers or available_cores()

    @property
    def short_side(self) -> int:
        """Pixels that decoding must give at least on the shorter side."""
        return self._preprocessor.short_side

    def prepare(self, frame: Frame) -> NDArray[Any]:
        """Return one item of the network's input."""
        return self._preprocessor(frame)

    def embed_items(self, items: NDArray[Any]) -> NDArray[np.float32]:
        """Return float32 (n, dim) with an L2 norm of 1 for items from `prepare`, one above the other.

        Raises
        ------
        ModelError
            MODEL_INVALID where the network gives no vector for one of them.
        DeviceError
            OUT_OF_MEMORY or INFERENCE_FAILED.
        """
        n, step = len(items), self._n_rows
        if step is None:
            return self._run(items, n)
        parts = []
        for first in range(0, n, step):
            some = items[first : first + step]
            missing = step - len(some)
            whole = np.concatenate((some, np.zeros((missing, *items.shape[1:]), items.dtype))) if missing else some
            parts.append(self._run(whole, len(some)))
        return np.concatenate(parts) if parts else np.empty((0, self._dim), np.float32)

    def embed(self, frame: Frame) -> NDArray[np.float32]:
        """Return the vector of one picture, float32 (dim,). Raises as `embed_items` does."""
        vector: NDArray[np.float32] = self.embed_items(self.prepare(frame)[None])[0]
        return vector

    def close(self) -> None:
        """Give the memory back."""
        self._graph.close()

    def _run(self, items: NDArray[Any], n: int) -> NDArray[np.float32]:
        (raw,) = self._graph.run({self._input: np.ascontiguousarray(items)}, [self._output])
        return unit_rows(raw, n, self._dim, self._who)


def rows_taken(graph: Graph, name: str, who: str) -> int | None:
    """Return how many pictures a call takes exactly, None where it takes any number. Raises ModelError."""
    if [port.name for port in graph.inputs] != [name]:
        names = ", ".join(repr(port.name) for port in graph.inputs) or "none"
        raise ModelError(
            ErrorCode.MODEL_INVALID,
            f"{who} has the inputs {names}, not one for pictures alone.",
            way_out="Take an export of the image tower alone.",
        )
    return graph.inputs[0].shape[0] if graph.inputs[0].shape else None
