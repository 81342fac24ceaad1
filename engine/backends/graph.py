"""A network by the names of its inputs and outputs: for one whose shape is found out and not known beforehand.

Measured with towers of the size of CLIP's ViT-B/32 and random weights, on 2 cores (median, milliseconds):

=====================================  ============  ===========
one call                               one thread    two threads
=====================================  ============  ===========
a text of 12 tokens                    12.4          7.5
a text of 77 tokens                    61.9          34.3
a picture                              92.9          48.6
=====================================  ============  ===========

So a single query takes all cores, and none of the filling that it can do without (see `engine.towers.text`). Two threads
that each call with pictures get 21.1 a second through in batches of one, 22.2 of two, 22.8 of four.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from engine.backends import ort
from engine.errors import DeviceError, ErrorCode, ModelError
from engine.schemas.device import DeviceChoice, DeviceReport

log = logging.getLogger(__name__)
_KINDS = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(uint8)": "uint8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output.

    Attributes
    ----------
    kind
        Name of a numpy type, or what the runtime calls one that no tower has.
    shape
        None for an axis of any length; empty where nothing is said of the shape.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]


class Graph:
    """A loaded network. Any thread may `run` it.

    Attributes
    ----------
    report
        What it really runs on.
    inputs, outputs
        In the file's order.
    """

    def __init__(self, session: Any, report: DeviceReport) -> None:
        self._session = session
        self.report = report
        self.inputs = tuple(_port(node) for node in session.get_inputs())
        self.outputs = tuple(_port(node) for node in session.get_outputs())

    def run(self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str]) -> list[NDArray[Any]]:
        """Return the outputs asked for.

        Raises
        ------
        DeviceError
            OUT_OF_MEMORY or INFERENCE_FAILED.
        """
        session = self._session
        if session is None:
            raise DeviceError(ErrorCode.INFERENCE_FAILED, "The model has been closed.")
        try:
            answers: list[NDArray[Any]] = session.run(list(outputs), dict(feeds))
        except Exception as error:  # the runtime raises its own classes and plain RuntimeError alike
            raise ort.translated(error, max((len(feed) for feed in feeds.values() if feed.ndim), default=1)) from error
        return answers

    def close(self) -> None:
        """Give back memory; a `run` under way on another thread still ends well, a later one fails."""
        self._session = None


def open_graph(
    path: Path, *, device: DeviceChoice, threads_per_call: int, gpu_memory_mb: int = 4096, known_as: str = ""
) -> Graph:
    """Load a network on the best device that works.

    Parameters
    ----------
    device
        ``auto`` and ``cuda`` fall back to the CPU where CUDA does not work.
    threads_per_call
        Threads that a call takes on a CPU: 1 where several call at once, 0 for one a core.
    known_as
        The file as the person knows it, for messages.

    Raises
    ------
    ModelError
        MODEL_INVALID when the runtime cannot load the file.
    """
    runtime = ort.import_runtime()
    cores = ort.available_cores()
    title = f"CPU, {cores} core{'s' if cores != 1 else ''}"
    report = DeviceReport("cpu", title, device, f"ONNX Runtime {runtime.__version__}")
    session = None
    if device != "cpu":
        session, report = ort.on_cuda(runtime, path, report, gpu_memory_mb=gpu_memory_mb)
    if session is None:
        try:
            # No memory patterns: texts come in many lengths, and there would be a plan for each.
            session = ort.create(runtime, path, [ort.CPU], mem_pattern=False, n_threads=threads_per_call or cores)
        except Exception as error:
            raise ModelError(
                ErrorCode.MODEL_INVALID,
                f"{known_as or path} cannot be loaded as a model: {_reason(error, path)}.",
                way_out="Download it again, with all files beside it, or take another export of the model.",
                path=str(path),
            ) from error
    return Graph(session, report)


def available_cores() -> int:
    """Return the cores that this process may use."""
    return ort.available_cores()


def _reason(error: Exception, path: Path) -> str:
    """Return what the runtime said, without the path that stands in it once more."""
    return ort.first_line(error).rpartition(f"{path} failed:")[2].strip(" .:") or "it is no model"


def _port(node: Any) -> Port:
    shape = tuple(n if isinstance(n, int) and n > 0 else None for n in node.shape or ())
    return Port(node.name, _KINDS.get(node.type, node.type), shape)
