"""One preview at a time: the newest next, nothing stale, bounded in bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QColor, QImage

from desktop.ui import preview_loader as module
from desktop.ui.preview_loader import PreviewLoader, to_image
from engine.errors import ErrorCode, FileError
from engine.schemas.frame import Frame
from tests.desktop.ui.held_ports import HeldEngine


def frame(shade: int, width: int = 40, height: int = 30) -> Frame:
    return Frame(np.full((height, width, 3), (shade, 10, 200), np.uint8), width, height, "image/jpeg")


class Bench:
    def __init__(self) -> None:
        self.engine = HeldEngine()
        self.parent = QObject()
        self.loader = PreviewLoader(self.engine, self.parent)
        self.answers: list[tuple[int, Any]] = []

    def ask(self, content_id: int, side: int = 100) -> None:
        self.loader.request(content_id, side, lambda i, value: self.answers.append((i, value)))

    def finish(self, value: Any = None) -> tuple[Any, ...]:
        """End the oldest computation; returns what it was."""
        asked = self.engine.waiting[0].arguments
        self.engine.finish(value if value is not None else frame(asked[0]))
        return asked

    def shades(self) -> list[tuple[int, int]]:
        return [(i, QColor(value.pixel(3, 3)).red()) for i, value in self.answers]


@pytest.fixture
def bench(qapp) -> Bench:
    return Bench()


def test_pixels_and_sizes_are_kept() -> None:
    data = np.random.default_rng(0).integers(0, 256, (7, 13, 3), dtype=np.uint8)
    for pixels in (data, data[:, ::-1], np.asfortranarray(data)):
        image = to_image(Frame(pixels, 13, 7, "image/png"))
        assert image.format() == QImage.Format.Format_RGB32
        seen = [[QColor(image.pixel(x, y)).getRgb()[:3] for x in range(13)] for y in range(7)]
        assert seen == [[tuple(int(c) for c in pixel) for pixel in line] for line in pixels]
    del data


def test_holding_an_arrow_key_works_at_the_first_and_the_last_only(bench: Bench) -> None:
    for i in range(1, 101):
        bench.ask(i)
    assert bench.finish() == (1, 100)
    assert not bench.answers  # nobody looks at it any more
    assert bench.finish() == (100, 100)
    assert bench.shades() == [(100, 100)] and not bench.engine.waiting


def test_what_was_seen_before_is_there_at_once(bench: Bench) -> None:
    bench.ask(1)
    bench.finish()
    bench.ask(2)
    bench.ask(1)
    assert bench.shades() == [(1, 1), (1, 1)]
    bench.finish()
    assert len(bench.answers) == 2  # 2 was left again before it came
    bench.ask(2)
    assert bench.shades()[-1] == (2, 2) and not bench.engine.waiting
    bench.ask(2, 200)
    assert bench.finish() == (2, 200)  # another size is another picture


def test_back_to_the_one_that_is_being_made(bench: Bench) -> None:
    for i in (1, 2, 1):
        bench.ask(i)
    bench.finish()
    assert bench.shades() == [(1, 1)] and not bench.engine.waiting


def test_nobody_looks_any_more(bench: Bench) -> None:
    bench.ask(1)
    bench.ask(2)
    bench.loader.cancel()
    bench.finish()
    assert not bench.answers and not bench.engine.waiting
    bench.ask(3)
    bench.finish()
    assert bench.shades() == [(3, 3)]


def test_an_error_is_an_answer_and_is_not_kept(bench: Bench) -> None:
    gone = FileError(ErrorCode.FILE_NOT_FOUND, "Gone.")
    bench.ask(1)
    bench.engine.fail(gone)
    assert bench.answers == [(1, gone)]
    bench.ask(1)
    bench.finish()
    assert bench.answers[-1][0] == 1 and isinstance(bench.answers[-1][1], QImage)


def test_another_library_has_other_pictures_under_the_same_numbers(bench: Bench) -> None:
    bench.ask(1)
    bench.finish()
    bench.ask(2)
    bench.ask(3)
    bench.loader.forget()
    bench.ask(1)
    bench.ask(2)
    bench.finish(frame(99))  # 2 of the library before
    assert len(bench.answers) == 1
    bench.finish(frame(50))
    bench.finish(frame(60))
    assert bench.shades() == [(1, 1), (2, 60)]  # 1 was left for 2
    bench.ask(1)
    assert bench.shades()[-1] == (1, 50)
    assert not bench.engine.waiting  # 3 was never asked of the new one


def test_kept_pictures_are_bounded_in_number_and_in_bytes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(1, 20):
        bench.ask(i)
        bench.finish()
    assert len(bench.loader._kept) == 6
    image_bytes = 4 * 40 * 30
    monkeypatch.setattr(module, "_KEPT_BYTES", 3 * image_bytes)
    bench.ask(30)
    bench.finish()
    assert [key[0] for key in bench.loader._kept] == [18, 19, 30]
    bench.ask(31)
    bench.finish(frame(31, 400, 300))  # larger than all that may be kept: shown, and kept alone
    assert [key[0] for key in bench.loader._kept] == [31] and bench.answers[-1][0] == 31
