"""Similarity on the engine's facade: searching by example."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import ErrorCode, JobError, LibraryError, ModelError, UsageError
from engine.events import EventBus, IndexChanged
from engine.pictures import Pictures
from engine.readers import LibraryReaders
from engine.registry.pairs import MANIFEST
from engine.schemas.device import ModelState
from engine.schemas.files import ImageLimits
from engine.schemas.frame import Frame
from engine.schemas.library import Query
from engine.schemas.settings import Settings
from engine.schemas.similar import MAX_K, Example, IndexState, Ranking, Region, SimilarQuery
from engine.schemas.words import WordsState
from engine.settings import cache_dir, models_dir
from engine.view import LibraryView
from engine.words import Words

if TYPE_CHECKING:  # they bring the runtime and FAISS, which are not needed before somebody searches
    from engine.pipeline.runner import Pipeline
    from engine.spaces import Space

_LOOK_S = 0.02
_MOST_PX = 4096


class Exploring:
    """What people do with likeness. Any thread.

    What it needs of the facade (readers, pictures, the model at work) is the facade's.
    """

    _reading: LibraryReaders
    _pictures: Pictures
    _limits: ImageLimits
    _model_ref: str
    _model_state: ModelState
    _pipeline: Pipeline | None
    _words: Words | None
    _closing: threading.Event
    _lock: threading.Lock
    _spaces: dict[str, Space]
    library_path: Path
    settings: Settings
    events: EventBus
    read_only: bool

    def similar(self, query: SimilarQuery) -> Ranking:
        """Return what is most like the examples: in the space that the query names, or else, with words, in theirs.

        Raises
        ------
        UsageError
            INVALID_ARGUMENT: no example, more than `MAX_K` asked for, an example without a vector, or a vector of another size.
        ModelError
            MODEL_NOT_FOUND: words, and there is no model for them.
        LibraryError
            The library cannot be read.
        """
        from engine.search.query_vector import combined
        from engine.search.score_gap import cuts

        began_s = time.perf_counter()
        if not 1 <= query.k <= MAX_K:
            raise UsageError(
                ErrorCode.INVALID_ARGUMENT, f"{query.k:,} results cannot be had.", way_out=f"Ask for 1 to {MAX_K:,}."
            )
        if self._pipeline is not None and query.k < MAX_K:  # the first screen, that somebody waits for
            self._pipeline.make_way()
        words = any(example.text for example in (*query.plus, *query.minus))
        space = self._space(query.where.model_ref if not words else self._for_words().ref)
        with self._reading.borrow() as view:
            _, dim, _ = view.space(space.model_ref)
            vector = combined(
                self._vectors(view, space, query.plus, dim),
                self._vectors(view, space, query.minus, dim),
                [example.weight for example in query.plus],
                [example.weight for example in query.minus],
            )
            found, n, note = space.search(view, vector, query.k, query.where)
        took_ms = (time.perf_counter() - began_s) * 1000
        return Ranking(found.content_ids, found.scores, n, cuts(found.scores), note, took_ms)

    def example(self, path: str, region: Region | None = None, model_ref: str = "") -> Example:
        """Return a picture on the disk as an example; it need not be in the library, and does not get there.

        Parameters
        ----------
        region
            The part to look at, of the upright picture.
        model_ref
            The space: the active model's, unless that for words is named.

        Raises
        ------
        FileError
            It cannot be read.
        DeviceError, JobError
            It is not in the library, and there is no model to look at it.
        """
        from engine.ingest.reading import read_file

        loaded = read_file(path, self._limits)
        if region is None:
            with self._reading.borrow() as view:
                content_id = view.content_with_vector(loaded.sha256, model_ref or self._model_ref)
            if content_id is not None:
                return Example(content_id)
        return self._seen(loaded.data, path, region, model_ref)

    def example_of_content(self, content_id: int, region: Region, model_ref: str = "") -> Example:
        """Return a part of a picture of the library as an example. Raises as `example` does."""
        path, data = self._pictures.first_readable(content_id)
        return self._seen(data, path, region, model_ref)

    def example_of_pixels(self, pixels: NDArray[np.uint8], model_ref: str = "") -> Example:
        """Return a pasted picture, uint8 (h, w, 3) RGB, as an example. Raises as `example` does."""
        height, width = pixels.shape[:2]
        _, embed = self._eye(model_ref)
        return Example(vector=embed(Frame(np.ascontiguousarray(pixels), width, height, "")))

    def use_words(self) -> str:
        """Return the space that words are searched in, taken into use where it is not yet. Raises ModelError without one."""
        return self._for_words().ref

    def words_ref(self) -> str:
        """Return the space that words are searched in, as ``name@version``; empty where there is none."""
        return self._words.ref if self._words is not None else ""

    def _seen(self, data: bytes, name: str, region: Region | None, model_ref: str) -> Example:
        from engine.ingest.decode import decode

        short_side, embed = self._eye(model_ref)
        # A small part needs more pixels of the whole.
        part = 1.0 if region is None else max(1e-3, min(region.width, region.height))
        frame = decode(data, short_side=min(_MOST_PX, int(short_side / part)), limits=self._limits, name=name)
        return Example(vector=embed(frame if region is None else region.of(frame)))

    def _eye(self, model_ref: str) -> tuple[int, Callable[[Frame], NDArray[np.float32]]]:
        """Return what makes vectors of pictures in a space, and how many pixels it needs of the shorter side."""
        if model_ref and model_ref == self.words_ref():
            words = self._for_words()
            return words.short_side, words.picture
        pipeline = self._pipeline_ready()
        return pipeline.short_side, pipeline.embed

    def prepare_words(self) -> str:
        """Begin to make the vectors that search with words needs; returns the space. Raises ModelError without a model."""
        words = self._for_words()
        words.fill()
        return words.ref

    def words_are_prepared(self) -> bool:
        """Tell whether every visible picture that can be read has its vector for search with words."""
        ref = self.words_ref()
        with self._reading.borrow() as view:
            return bool(ref) and not view.without_vector(ref, 1)

    def words_state(self) -> WordsState:
        """Tell which model reads words, since when, and how much of the library it has seen.

        Notes
        -----
        Reads ids of the whole library: a second for a million pictures, so not on a thread that paints.
        """
        words = self._words
        if words is not None and not words.ref and words.pairs():
            self.use_words()  # one that another process has added
        ref = self.words_ref()
        with self._reading.borrow() as view:
            n_total = len(view.ids(Query()))
            n_missing = len(view.without_vector(ref, n_total)) if ref else n_total
        manifest = next((pair for pair in words.pairs() if pair.ref == ref), None) if words is not None else None
        if manifest is None:
            return WordsState(n_total=n_total)
        try:
            added_s = (models_dir(self.settings) / manifest.name / manifest.version / MANIFEST).stat().st_mtime
        except OSError:  # it was taken away this moment
            return WordsState(n_total=n_total)
        return WordsState(
            ref,
            manifest.title,
            manifest.dim,
            datetime.fromtimestamp(added_s, UTC).isoformat(timespec="milliseconds"),
            manifest.assumed,
            n_total - n_missing,
            n_total,
        )

    def add_words(
        self,
        folder: Path,
        progress: Callable[[str, float | None], None] = lambda _message, _fraction: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> WordsState | None:
        """Take the pair of towers in a folder into the models folder, and search with it from now on; None where stopped.

        The library is prepared for it behind everything else.

        Parameters
        ----------
        progress
            Called on this thread with a message and a fraction.
        stopped
            Asked now and then; the library's closing stops it too.

        Raises
        ------
        ModelError, DeviceError
            As `engine.towers.installing.install_pair` does.
        LibraryError
            LIBRARY_READ_ONLY: what it would see could not be kept.

        Notes
        -----
        Takes seconds, up to minutes where gigabytes are copied.
        """
        from engine.towers.installing import Stopped, install_pair

        if self._words is None:
            raise LibraryError(
                ErrorCode.LIBRARY_READ_ONLY,
                f"The library {self.library_path} can only be read, and cannot be prepared for search with words.",
                way_out="Open a library that you may write.",
            )
        try:
            pair = install_pair(
                folder,
                models_dir(self.settings),
                progress=progress,
                stopped=lambda: self._closing.is_set() or stopped(),
            )
        except Stopped:
            return None
        self._words.use(pair.manifest.ref)
        self._words.fill()
        return self.words_state()

    def _for_words(self) -> Words:
        words = self._words
        if words is not None and not words.ref and words.pairs():
            words.use(words.pairs()[-1].ref)
        if words is None or not words.ref:
            raise ModelError(
                ErrorCode.MODEL_NOT_FOUND,
                "There is no model for search with words yet.",
                way_out="`lightdesk words add FOLDER` takes one from a folder.",
            )
        return words

    def _pipeline_ready(self) -> Pipeline:
        """Return the model at work, waiting while it is being loaded."""
        while self._pipeline is None:
            state = self._model_state
            if state.phase == "failed" or self.read_only or self._closing.is_set():
                raise JobError(
                    ErrorCode.JOB_STATE,
                    f"There is no model to look at the picture: {state.message or 'the library is being closed.'}",
                    way_out="Run `lightdesk doctor`, or use a picture that is in the library.",
                )
            time.sleep(_LOOK_S)
        return self._pipeline

    def index_state(self, model_ref: str) -> IndexState:
        """Tell how far the hot index of a space is."""
        return self._space(model_ref).state

    def _vectors(self, view: LibraryView, space: Space, examples: Sequence[Example], dim: int) -> NDArray[np.float32]:
        found = np.zeros((len(examples), dim), dtype=np.float32)
        for row, example in enumerate(examples):
            if not example.weight > 0:
                raise UsageError(
                    ErrorCode.INVALID_ARGUMENT,
                    f"An example cannot count {example.weight:g} times.",
                    way_out="Give weights above 0.",
                )
            if example.text:
                found[row] = self._for_words().texts([example.text])[0]
            elif example.content_id is not None:
                found[row] = space.vectors(view, np.array([example.content_id], dtype=np.int64))[0]
                if not found[row].any():
                    raise UsageError(
                        ErrorCode.INVALID_ARGUMENT,
                        f"Picture {example.content_id} has no vector of {space.model_ref} yet.",
                        way_out="Wait until the model has seen it, or take another.",
                    )
            else:
                vector = np.asarray(example.vector, dtype=np.float32)
                length = float(np.linalg.norm(vector)) if vector.ndim else 0.0
                if vector.shape != (dim,) or not np.isfinite(length) or not length:
                    raise UsageError(
                        ErrorCode.INVALID_ARGUMENT,
                        f"The vector given is none of {space.model_ref}: it must have {dim} finite numbers, not all 0.",
                        way_out="Take the vector from the same model version.",
                    )
                found[row] = vector / length
        return found

    def _model_ready(self) -> None:
        self._space(self._model_ref)  # the first question finds its index at hand

    def _space(self, model_ref: str) -> Space:
        from engine.spaces import Space

        ref = model_ref or self._model_ref
        with self._lock:
            space = self._spaces.get(ref)
            if space is None and not self._closing.is_set():
                folder = cache_dir(self.settings) / "index" / self._library_mark() / ref
                space = self._spaces[ref] = Space(
                    self.library_path, ref, folder, tell=lambda state: self.events.publish(IndexChanged(state))
                )
                space.start()
        if space is None:
            raise LibraryError(
                ErrorCode.LIBRARY_BUSY, f"The library {self.library_path} is being closed.", way_out="Open it again."
            )
        return space

    def _library_mark(self) -> str:
        with self._reading.borrow() as view:
            return view.library_id()

    def _close_spaces(self, timeout_s: float) -> None:
        with self._lock:
            spaces = list(self._spaces.values())
        for space in spaces:
            space.close(timeout_s)
