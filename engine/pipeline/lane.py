"""A loaded model with its batcher and inference threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backends.base import Session
from engine.batching import MicroBatcher, ladder_up_to, rung_for
from engine.errors import DeviceError, ErrorCode, LightdeskError
from engine.pipeline import mistake
from engine.pipeline.patience import GaveUp, Patience
from engine.pipeline.preparing import Prepared
from engine.postprocess import to_scores
from engine.preprocess import Preprocessor
from engine.priority import RightOfWay, step_back
from engine.schemas.frame import Frame
from engine.schemas.model import Model
from engine.schemas.prediction import Scores

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """A prepared file with the model's answer."""

    prepared: Prepared
    scores: Scores
    inference_ms: float


class Lane:
    """One model version at work.

    Parameters
    ----------
    patience
        Waits for a device without memory for a single item.
    way
        Asked before each batch.
    on_answers
        Called with a batch's answers, on the thread that ran it.
    on_failure
        Called with what could not be answered, and why, on the same thread.
    """

    def __init__(
        self,
        model: Model,
        model_id: int,
        session: Session,
        preprocessor: Preprocessor,
        *,
        patience: Patience,
        max_batch: int,
        max_delay_ms: float,
        way: RightOfWay,
        on_answers: Callable[[Lane, Sequence[Answered]], None],
        on_failure: Callable[[Sequence[Prepared], LightdeskError], None],
    ) -> None:
        self.model = model
        self.model_id = model_id
        self.session = session
        self.preprocessor = preprocessor
        self._patience = patience
        self._way = way
        self._on_answers = on_answers
        self._on_failure = on_failure
        ladder = ladder_up_to(max_batch or session.best_batch)
        self.batcher: MicroBatcher[Prepared] = MicroBatcher(
            ladder, max_delay_ms=max_delay_ms, capacity=4 * ladder[-1], whole_rungs=not session.pads
        )
        self._ladder = ladder
        # On a device that runs one batch at a time, a single urgent picture waits for at most one.
        self._turn = threading.Lock() if session.max_concurrency == 1 else None
        # Where every core runs the model, the thread that has decoded the last picture of a batch runs it there and
        # then: what it needs is still in that core's cache, and nobody has to be woken. A device of its own has a
        # thread that feeds it.
        self._in_place = threading.Semaphore(session.max_concurrency) if session.max_concurrency > 1 else None
        self.threads = [] if self._in_place is not None else [threading.Thread(target=self._run, name="inference")]
        for thread in self.threads:
            thread.start()

    def run_due(self, *, all_of_it: bool) -> None:
        """Run the batches that are due on the calling thread; does nothing where the lane has threads of its own.

        Parameters
        ----------
        all_of_it
            Nothing more is coming for now: what waits is not to wait for more.
        """
        if self._in_place is None:
            return
        while (batch := self.batcher.take_now(all_of_it=all_of_it)) is not None:
            with self._in_place:
                self._run_batch(batch)

    def infer(self, batch: Sequence[Prepared]) -> list[Answered]:
        """Run a batch on the calling thread. Raises DeviceError."""
        try:
            return self._infer(batch)
        except MemoryError as error:
            raise DeviceError(
                ErrorCode.OUT_OF_MEMORY,
                f"There was not enough memory for a batch of {len(batch)}.",
                way_out="Close other programs, or set max_batch lower.",
                batch=len(batch),
            ) from error

    def infer_one(self, prepared: Prepared) -> Answered:
        """Run a single item, waiting while the device has no memory for it. Raises DeviceError, GaveUp."""
        return self._patience.insist(lambda: self.infer([prepared]))[0]

    def _infer(self, batch: Sequence[Prepared]) -> list[Answered]:
        n = len(batch)
        size = rung_for(n, self._ladder) if self.session.pads else n
        pixels = np.empty((size, *self.preprocessor.item_shape), self.preprocessor.dtype)
        pixels[n:] = 0
        for i, prepared in enumerate(batch):
            assert prepared.pixels is not None
            pixels[i] = prepared.pixels
        scores, took_ms = self._run_session(pixels, n)
        return [Answered(prepared, s, took_ms / n) for prepared, s in zip(batch, scores, strict=True)]

    def _run_session(self, pixels: NDArray[Any], n: int) -> tuple[list[Scores], float]:
        began_s = time.perf_counter()
        if self._turn is not None:
            with self._turn:
                outputs = self.session.run(pixels)
        else:
            outputs = self.session.run(pixels)
        took_ms = (time.perf_counter() - began_s) * 1000
        return to_scores([output[:n] for output in outputs], self.model.manifest.output), took_ms

    def embed(self, frame: Frame) -> NDArray[np.float32]:
        """Return a picture's vector, float32 (dim,), L2 norm 1, on the calling thread. Raises DeviceError, GaveUp."""
        pixels = self.preprocessor(frame)
        vector = self._patience.insist(lambda: self._run_session(pixels[None], 1)[0][0]).embedding
        if vector is None:
            raise DeviceError(
                ErrorCode.INFERENCE_FAILED,
                f"The model {self.model.manifest.ref} makes no vectors, so that nothing can be compared.",
                way_out="Choose a model with an embedding.",
            )
        return vector

    def close(self) -> None:
        """Refuse new work; `threads` end when what waits is through."""
        self.batcher.close()

    def release(self) -> None:
        """Give the model's memory back, once nobody runs it any more."""
        self.session.close()

    def _run(self) -> None:
        step_back()
        while (batch := self.batcher.take()) is not None:
            self._run_batch(batch)

    def _run_batch(self, batch: Sequence[Prepared]) -> None:
        self._way.give_way()
        try:
            self._answer(batch)
        except Exception:
            log.exception("Handing on a batch failed on a bug")
        finally:
            self.batcher.finished()

    def _answer(self, batch: Sequence[Prepared]) -> None:
        try:
            answers = self.infer(batch) if len(batch) > 1 else [self.infer_one(batch[0])]
        except GaveUp:
            return  # the next start answers it
        except DeviceError as error:
            if len(batch) == 1:
                self._on_failure(batch, error)
                return
            if error.code is ErrorCode.OUT_OF_MEMORY:
                log.warning("Out of memory at a batch of %d: from now on at most %d.", len(batch), self.batcher.halve())
            # Whatever it was, it must not take more pictures with it than it has to.
            middle = len(batch) // 2
            self._answer(batch[:middle])
            self._answer(batch[middle:])
        except Exception:
            log.exception("Inference failed on a bug")
            self._on_failure(batch, mistake.device_error("The model's answer could not be used."))
        else:
            self._on_answers(self, answers)
