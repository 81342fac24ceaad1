"""A text tower at work: words in, vectors out."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backends.graph import Graph, Port, open_graph
from engine.errors import ErrorCode, ModelError, UsageError
from engine.schemas.device import DeviceChoice
from engine.schemas.tower import TextTowerSpec, TowerPair
from engine.towers.tokens import Tokens, filled
from engine.towers.vectors import unit_rows

_IDS = ("input_ids", "text", "input", "ids", "tokens", "text_input", "input_text")
_MASKS = ("attention_mask", "mask", "text_mask")
_TYPES, _POSITIONS = ("token_type_ids",), ("position_ids",)
_WHOLE = ("int32", "int64")
_AT_ONCE = 32
_REMEMBERED = 256


class TextFeeds:
    """Which of a graph's inputs gets what.

    Attributes
    ----------
    n_rows
        Texts that a call takes exactly, None where it takes any number.
    length
        Tokens that a text has exactly, None where it may have any number.

    Raises
    ------
    ModelError
        MODEL_INVALID, naming the input that nobody here can feed.
    """

    def __init__(self, graph: Graph, who: str) -> None:
        self._by_role: dict[str, Port] = {}
        for port in graph.inputs:
            role = self._role(port)
            if role in self._by_role or role is None:
                raise ModelError(
                    ErrorCode.MODEL_INVALID,
                    f"{who} wants an input {port.name!r} ({port.kind}), which is none of a text's.",
                    way_out="Take an export of the text tower alone.",
                )
            self._by_role[role] = port
        if "ids" not in self._by_role:
            raise ModelError(
                ErrorCode.MODEL_INVALID,
                f"{who} has no input for the tokens of a text.",
                way_out="Take an export of the text tower alone.",
            )
        shape = self._by_role["ids"].shape or (None, None)
        if len(shape) != 2:
            raise ModelError(
                ErrorCode.MODEL_INVALID,
                f"{who} takes tokens in the shape {shape}, not (texts, tokens).",
                way_out="Take another export of the model.",
            )
        self.n_rows, self.length = shape

    @property
    def has_mask(self) -> bool:
        """Whether it is told which tokens are filling."""
        return "mask" in self._by_role

    def feeds(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return what to run the graph on, for tokens and mask of shape (n, length)."""
        values = {
            "ids": ids,
            "mask": mask,
            "types": np.zeros_like(ids),
            "positions": np.broadcast_to(np.arange(ids.shape[1]), ids.shape),
        }
        return {port.name: np.ascontiguousarray(values[role], port.kind) for role, port in self._by_role.items()}

    def _role(self, port: Port) -> str | None:
        name = port.name.lower()
        if name in _MASKS and port.kind in (*_WHOLE, "bool", "float32", "float16"):
            return "mask"
        if port.kind not in _WHOLE:
            return None
        roles = {"ids": _IDS, "types": _TYPES, "positions": _POSITIONS}
        return next((role for role, names in roles.items() if name in names), None)


class TextTower:
    """Turns lines of words into unit vectors.

    Parameters
    ----------
    pair
        With verified files.
    device
        The CPU is quick enough for words, and free while a GPU works.
    threads
        Threads that one call takes; 0 for one a core.

    Attributes
    ----------
    last_ms
        How long the last texts took that were not remembered.

    Raises
    ------
    ModelError
        MODEL_INVALID when a file cannot be loaded.

    Notes
    -----
    Making one takes about a second: on a background thread. `embed` may be called from any thread.
    """

    def __init__(self, pair: TowerPair, *, device: DeviceChoice = "cpu", threads: int = 0) -> None:
        self._spec: TextTowerSpec = pair.manifest.text
        self._dim = pair.manifest.dim
        self._who = f"The text tower of {pair.manifest.ref}"
        self._tokens = Tokens(pair.tokenizer)
        self._graph = open_graph(pair.text_graph, device=device, threads_per_call=threads)
        self._feeds = TextFeeds(self._graph, self._who)
        self._lock = threading.Lock()
        self._remembered: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self.last_ms = 0.0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 (n, dim) with an L2 norm of 1, in the space of the pair's image tower.

        Raises
        ------
        UsageError
            INVALID_ARGUMENT for a text without a word.
        ModelError
            MODEL_INVALID where the network gives no vector.
        DeviceError
            OUT_OF_MEMORY or INFERENCE_FAILED.
        """
        for text in texts:
            if not text.strip():
                raise UsageError(
                    ErrorCode.INVALID_ARGUMENT, "There is no word to search with.", way_out="Type what to look for."
                )
        with self._lock:
            known = {text: self._remembered[text] for text in texts if text in self._remembered}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            began_s = time.perf_counter()
            known.update(zip(new, self._computed(new), strict=True))
            self.last_ms = (time.perf_counter() - began_s) * 1000
        with self._lock:
            for text in texts:
                self._remembered[text] = known[text]
                self._remembered.move_to_end(text)
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        if not texts:
            return np.empty((0, self._dim), np.float32)
        return np.stack([known[text] for text in texts])

    def fits(self, text: str) -> bool:
        """Tell whether all of a text counts; of a longer one the end is left out."""
        return self._tokens.fits(text, self._spec.context_length, self._spec.cleaning)

    def close(self) -> None:
        """Give the memory back."""
        self._graph.close()

    def _computed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = self._tokens.cut(texts, self._spec.context_length, self._spec.cleaning)
        # Texts of like length together: none waits for the filling of another.
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        vectors = np.empty((len(rows), self._dim), np.float32)
        step = self._feeds.n_rows or _AT_ONCE
        for first in range(0, len(order), step):
            some = order[first : first + step]
            vectors[some] = self._run([rows[i] for i in some])
        return vectors

    def _run(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        spec = self._spec
        length = spec.context_length if spec.padding == "context" else max(1, *map(len, rows))
        fixed = [*rows, *[rows[-1]] * ((self._feeds.n_rows or len(rows)) - len(rows))]
        ids, mask = filled(fixed, length, spec.pad_id)
        if spec.mask == "ones":
            mask[:] = 1
        (raw,) = self._graph.run(self._feeds.feeds(ids, mask), [spec.output])
        return unit_rows(raw, len(rows), self._dim, self._who)
