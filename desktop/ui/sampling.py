"""Makes examples to search with: of pictures of the library, of parts, of files and of what was pasted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QObject, QRectF
from PySide6.QtGui import QImage

from desktop.ui import intake
from desktop.ui.drag_out import contents_in
from desktop.ui.grid import AssetGrid
from desktop.ui.likeness import MOST_EXAMPLES, Sample
from desktop.ui.ports import EnginePort, ReadPort, Shell, ThumbnailPort
from desktop.ui.preview_loader import to_image
from desktop.ui.preview_view import PreviewView
from desktop.ui.similar_search import SimilarSearch
from engine.schemas.library import Tile
from engine.schemas.similar import Example, Region

_PICTURE_PX = 256


class Sampler(QObject):
    """Samples with their names and small pictures, which come later where they are not in memory. GUI thread."""

    def __init__(
        self,
        search: SimilarSearch,
        grid: AssetGrid,
        shell: Shell,
        read: ReadPort,
        engine: EnginePort,
        thumbnails: ThumbnailPort,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._search, self._grid = search, grid
        self._shell, self._read, self._engine, self._thumbnails = shell, read, engine, thumbnails
        self._epoch = 0
        self._looked_up: set[Sample] = set()
        self._beside_words: set[Sample] = set()

    def forget(self) -> None:
        """Another library: what is on its way is about other pictures."""
        self._epoch += 1
        self._looked_up.clear()
        self._beside_words.clear()

    def forget_words(self) -> None:
        """Another model reads words: it has looked at nothing yet."""
        self._beside_words.clear()

    def of_contents(self, content_ids: Sequence[int]) -> tuple[Sample, ...]:
        """Return pictures of the library; of very many the first."""
        samples = []
        for content_id in content_ids[:MOST_EXAMPLES]:
            row, image = self._grid.row_of(content_id), self._thumbnails.peek(content_id)
            name = row.name if row is not None else ""
            samples.append(Sample(name, content_id, image=image, example=Example(content_id)))
        return tuple(samples)

    def of_part(self, view: PreviewView, content_id: int, part: QRectF) -> Sample:
        """Return a part of the picture that a preview shows, given in parts of its width and height."""
        row = self._grid.row_of(content_id)
        region = Region(part.x(), part.y(), part.width(), part.height())
        image = view.part(part, _PICTURE_PX)
        sample = Sample(row.name if row is not None else "", content_id, region, image=image)
        self._search.look_at(sample, "example_of_content", content_id, region)
        return sample

    def of_mime(self, mime: QMimeData) -> tuple[Sample, ...]:
        """Return what was dropped or pasted: pictures of the library, files, or a picture that is in none."""
        if content_ids := contents_in(mime):
            return self.of_contents(content_ids)
        if paths := intake.paths_in(mime):
            return tuple(self._of_file(path) for path in paths[:MOST_EXAMPLES])
        image = intake.image_in(mime)
        return () if image is None else (self._of_image(image),)

    def look_beside_words(self, samples: Sequence[Sample], words_ref: str) -> None:
        """Let the model for words look at those that it has to see by itself, once at each."""
        for sample in samples:
            if not sample.is_elsewhere or sample in self._beside_words:
                continue
            self._beside_words.add(sample)
            if sample.content_id is not None and sample.region is not None:
                self._search.look_at(
                    sample, "example_of_content", sample.content_id, sample.region, words_ref=words_ref
                )  # fmt: skip
            elif sample.path:
                self._search.look_at(sample, "example", sample.path, words_ref=words_ref)
            elif sample.pasted is not None:
                self._shell.pixels_of(sample.pasted, _PICTURE_PX, self._looking_at(sample, words_ref))

    def _looking_at(self, sample: Sample, words_ref: str) -> Callable[[NDArray[np.uint8], QImage], None]:
        return lambda pixels, _small: self._search.look_at(
            sample, "example_of_pixels", pixels, words_ref=words_ref
        )  # fmt: skip

    def complete(self, samples: Sequence[Sample]) -> None:
        """Look up what is not known yet of pictures of the library, once for each."""
        for sample in samples:
            if sample.content_id is not None and sample not in self._looked_up and not (sample.name and sample.image):
                self._looked_up.add(sample)
                self._look_up(sample, sample.content_id)

    def _look_up(self, sample: Sample, content_id: int) -> None:
        epoch = self._epoch

        def named(rows: list[Tile]) -> None:
            if epoch == self._epoch and rows:
                sample.name = sample.name or rows[0].name
                self._search.tell_of(sample)

        if not sample.name:
            self._read.ask(f"example {content_id}", lambda view: view.tiles([content_id], ""), named)
        if sample.image is None:
            self._engine.compute(
                "preview",
                content_id,
                _PICTURE_PX,
                done=lambda frame: self._picture(sample, to_image(frame)) if epoch == self._epoch else None,
                failed=lambda _error: None,  # its file has gone: it can be searched with all the same
            )

    def _of_file(self, path: str) -> Sample:
        sample = Sample(intake.name_of(path), path=path)
        self._shell.picture_of(path, _PICTURE_PX, lambda image: self._picture(sample, image))
        self._search.look_at(sample, "example", path)
        return sample

    def _of_image(self, image: QImage) -> Sample:
        sample = Sample(self.tr("Pasted picture"), pasted=image)

        def look(pixels: NDArray[np.uint8], small: QImage) -> None:
            self._picture(sample, small)
            self._search.look_at(sample, "example_of_pixels", pixels)

        self._shell.pixels_of(image, _PICTURE_PX, look)
        return sample

    def _picture(self, sample: Sample, image: QImage) -> None:
        sample.image = image
        self._search.tell_of(sample)
