"""Examples with their names and pictures, also of what is not in memory."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QObject, QRectF
from PySide6.QtGui import QColor

from desktop.ui.drag_out import mime_of
from desktop.ui.grid import AssetGrid
from desktop.ui.likeness import MOST_EXAMPLES
from desktop.ui.preview_view import PreviewView
from desktop.ui.sampling import Sampler
from desktop.ui.similar_search import SimilarSearch
from engine.schemas.frame import Frame
from engine.schemas.similar import Example, Region
from tests.desktop.ui.held_ports import HeldEngine, HeldReads, HeldThumbnails
from tests.desktop.ui.on_screen import color_of, picture
from tests.desktop.ui.records import error


class Bench:
    def __init__(self, qtbot) -> None:
        self.reads, self.thumbnails, self.engine = HeldReads(), HeldThumbnails(instant=False), HeldEngine()
        self.reads.held = True
        self.parent = QObject()
        self.grid = AssetGrid(self.reads, self.thumbnails)
        qtbot.addWidget(self.grid)
        self.search = SimilarSearch(self.engine, self.parent)
        self.wanted: list[tuple] = []
        self.sampler = Sampler(
            self.search, self.grid, self, self.reads, self.engine, self.thumbnails, self.parent  # type: ignore[arg-type]
        )  # fmt: skip

    def picture_of(self, *arguments: object) -> None:
        self.wanted.append(arguments)

    def pixels_of(self, *arguments: object) -> None:
        self.wanted.append(arguments)

    def calls(self, name: str) -> list:
        return [call for call in self.engine.waiting if call.name == name]


@pytest.fixture
def bench(qtbot) -> Bench:
    return Bench(qtbot)


def test_what_the_grid_shows_is_known_at_once(bench: Bench, qtbot) -> None:
    bench.grid.set_ids(np.arange(100, 110))
    bench.thumbnails.give([101])
    bench.reads.answer("tiles")
    (sample,) = bench.sampler.of_contents([101])
    assert sample.name == "IMG_00101.jpg" and sample.image.pixelColor(5, 5).name() == color_of(101).name()
    assert sample.example.content_id == sample.content_id == 101
    bench.sampler.complete([sample])
    assert not bench.engine.waiting


def test_what_is_out_of_sight_is_looked_up_once(bench: Bench) -> None:
    (sample,) = bench.sampler.of_contents([55])
    assert sample.name == "" and sample.image is None
    told: list[int] = []
    bench.search.changed.connect(lambda: told.append(1))
    from desktop.ui.likeness import Likeness

    bench.search.go(Likeness((sample,)))
    bench.sampler.complete([sample])
    bench.sampler.complete([sample])
    (call,) = bench.calls("preview")
    assert call.arguments[0] == 55 and call.arguments[1] <= 300
    call.done(Frame(np.full((20, 30, 3), 9, np.uint8), 30, 20, ""))
    bench.reads.answer("example 55")
    assert sample.name == "IMG_00055.jpg" and sample.image.width() == 30 and told == [1, 1]


def test_a_file_that_has_gone_leaves_the_example_without_a_picture(bench: Bench) -> None:
    (sample,) = bench.sampler.of_contents([55])
    bench.sampler.complete([sample])
    bench.calls("preview")[0].failed(error())
    assert sample.image is None and sample.example is not None


def test_a_picture_of_another_library_is_none_of_this(bench: Bench) -> None:
    (sample,) = bench.sampler.of_contents([55])
    bench.sampler.complete([sample])
    bench.sampler.forget()
    bench.calls("preview")[0].done(Frame(np.full((20, 30, 3), 9, np.uint8), 30, 20, ""))
    bench.reads.answer("example 55")
    assert sample.image is None and sample.name == ""


def test_of_very_many_the_first_are_taken(bench: Bench) -> None:
    assert len(bench.sampler.of_contents(list(range(1, 1000)))) == MOST_EXAMPLES
    mime = QMimeData()
    mime.setText("\n".join(f"/p/{i}.jpg" for i in range(200)))
    assert len(bench.sampler.of_mime(mime)) == MOST_EXAMPLES


def test_a_part_is_cut_out_of_what_is_seen(bench: Bench, qtbot) -> None:
    view = PreviewView()
    qtbot.addWidget(view)
    view.set_image(picture(QColor("red"), 400, 300))
    sample = bench.sampler.of_part(view, 7, QRectF(0.5, 0.25, 0.25, 0.5))
    assert sample.region == Region(0.5, 0.25, 0.25, 0.5) and sample.example is None
    assert (sample.image.width(), sample.image.height()) == (100, 150)
    (call,) = bench.calls("example_of_content")
    assert call.arguments == (7, sample.region)


def test_what_a_drag_brings(bench: Bench) -> None:
    assert [sample.content_id for sample in bench.sampler.of_mime(mime_of(["/a.jpg", "/b.jpg"], [4, 5]))] == [4, 5]
    assert not bench.engine.waiting  # no file is read for what is in the library
    mime = QMimeData()
    mime.setText("/p/caf\u00e9.jpg")
    (sample,) = bench.sampler.of_mime(mime)
    assert (sample.name, sample.path) == ("caf\u00e9.jpg", "/p/caf\u00e9.jpg")
    assert [call.arguments for call in bench.calls("example")] == [("/p/caf\u00e9.jpg",)]
    path, side_px, done = bench.wanted.pop()
    assert path == "/p/caf\u00e9.jpg" and side_px <= 512
    done(picture(QColor("blue")))
    assert sample.image.pixelColor(0, 0).name() == "#0000ff"
    assert bench.sampler.of_mime(QMimeData()) == ()


def test_what_was_pasted_is_looked_at_when_its_pixels_are_there(bench: Bench) -> None:
    mime = QMimeData()
    mime.setImageData(picture(QColor("blue"), 40, 30))
    (sample,) = bench.sampler.of_mime(mime)
    assert sample.pasted is not None and sample.name and not bench.engine.waiting
    _image, _side, done = bench.wanted.pop()
    pixels = np.zeros((30, 40, 3), np.uint8)
    done(pixels, picture(QColor("blue")))
    assert bench.calls("example_of_pixels")[0].arguments[0] is pixels and sample.image is not None


def test_beside_words_their_model_looks_once_at_what_is_elsewhere(bench: Bench, qtbot) -> None:
    view = PreviewView()
    qtbot.addWidget(view)
    view.set_image(picture(QColor("red"), 400, 300))
    mime, file = QMimeData(), QMimeData()
    mime.setImageData(picture(QColor("blue"), 40, 30))
    file.setText("/p/a.jpg")
    samples = (
        *bench.sampler.of_contents([7]),
        bench.sampler.of_part(view, 7, QRectF(0.5, 0.25, 0.25, 0.5)),
        *bench.sampler.of_mime(file),
        *bench.sampler.of_mime(mime),
    )
    bench.engine.waiting.clear()
    bench.wanted.clear()
    bench.sampler.look_beside_words(samples, "clip@1")
    bench.sampler.look_beside_words(samples, "clip@1")
    image, _side, done = bench.wanted.pop()
    assert image is samples[3].pasted and not bench.wanted
    done(np.zeros((30, 40, 3), np.uint8), image)
    assert [call.name for call in bench.engine.waiting] == ["example_of_content", "example", "example_of_pixels"]
    assert all(call.keywords == {"model_ref": "clip@1"} for call in bench.engine.waiting)
    seen = Example(vector=np.ones(2, np.float32))
    bench.engine.finish(seen)
    assert samples[1].in_words is seen and samples[1].example is None
