"""The engine fills the space of a pair by itself: after a drop, and at the next start."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from engine import settings as settings_room
from engine.library import database
from engine.service import Engine
from engine.settings import load
from engine.towers.installing import install_pair
from tests.engine.towers import published
from tests.images import encoded
from tests.waiting import until


def filled(path: Path) -> list[tuple[str, int]]:
    reader = database.connect(path, read_only=True)
    try:
        return list(reader.execute("SELECT state, n_done FROM jobs WHERE kind = 'embed' ORDER BY id").fetchall())
    finally:
        reader.close()


def test_a_pair_that_was_added_is_used(tmp_path: Path, home: Path) -> None:
    settings = load({"model": "fake"})
    install_pair(published.transformers_js(tmp_path / "clip"), settings_room.models_dir(settings))
    photos = tmp_path / "photos"
    photos.mkdir()

    def photo(number: int) -> None:
        colour = (published.RED, published.GREEN, published.BLUE)[number % 3]
        pixels = published.picture(colour, (200 + number, 150)).pixels
        (photos / f"{number}.png").write_bytes(encoded(Image.fromarray(pixels), "PNG"))

    for number in range(30):
        photo(number)
    engine = Engine(settings)
    engine.start()
    assert engine.wait(engine.submit([str(photos)]), 20).state == "done"
    until(lambda: filled(engine.library_path) == [("done", 30)])
    engine.close()
    engine = Engine(settings)
    engine.start()
    photo(31)
    engine.submit([str(photos / "31.png")])
    until(lambda: filled(engine.library_path) == [("done", 30), ("done", 1)])
    assert engine.check().findings == ()
    engine.close()
