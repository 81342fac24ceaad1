"""The protocol that every runtime is behind."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from engine.schemas.device import DeviceReport


class Session(Protocol):
    """A loaded model that answers batches.

    Attributes
    ----------
    report
        What it really runs on, read from the created runtime.
    max_concurrency
        How many threads may call `run` at once with gain.
    best_batch
        Largest batch that pays on this device.
    pads
        True where a batch is padded to a rung of the ladder (a new shape would cost a search).
    """

    report: DeviceReport
    max_concurrency: int
    best_batch: int
    pads: bool

    def run(self, batch: NDArray[Any]) -> list[NDArray[Any]]:
        """Return scores and, where the model has one, the embedding.

        Parameters
        ----------
        batch
            (n, ...) items as `Preprocessor` makes them, contiguous.

        Raises
        ------
        DeviceError
            OUT_OF_MEMORY (try a smaller batch) or INFERENCE_FAILED.
        """
        ...

    def close(self) -> None:
        """Give back memory; a `run` under way on another thread still ends well, a later one fails."""
        ...
