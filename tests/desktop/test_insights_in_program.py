"""What stands out, coverage and words in the real window, on the real engine with the fake model and towers that know colours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, Qt, QUrl

from desktop.app import Program
from desktop.ui.word_query import WordQuery
from tests.desktop.real_program import drop
from tests.engine.towers import published
from tests.images import encoded

COLOURS = {"red": published.RED, "green": published.GREEN, "blue": published.BLUE}
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def filled(program: Program, qtbot, tmp_path: Path) -> Program:
    """A library with four pictures of each colour."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for row, (name, colour) in enumerate(COLOURS.items()):
        for copy in range(4):
            pixels = published.picture(colour, (200 + 16 * row + copy, 150 + copy)).pixels
            (folder / f"{name}-{copy}.png").write_bytes(encoded(Image.fromarray(pixels), "PNG"))
    drop(program, folder)
    qtbot.waitUntil(lambda: program.window.grid.count() == 12, timeout=20_000)
    return program


def names(program: Program) -> list[str]:
    """Return the colours of what is shown, in order; empty until all are known."""
    rows = [program.window.grid.row_of(i) for i in program.window.grid._selection.ids.tolist()]
    return [row.name.split("-")[0] for row in rows if row is not None] if all(rows) else []


def test_a_model_for_words_is_added_and_finds_colours(filled: Program, qtbot, tmp_path: Path) -> None:
    window = filled.window

    def until(condition: Callable[[], bool]) -> None:
        qtbot.waitUntil(condition, timeout=30_000)

    window.words.add(published.transformers_js(tmp_path / "clip"))
    until(lambda: window.words.has_model)
    until(lambda: window.words.state.n_prepared == 12)
    assert window.words.state.n_total == 12 and window.words.error is None
    search = window.filters.search
    search.setFocus()
    qtbot.keyClicks(search, "a red car -green")
    until(window.word_choice.isVisible)
    qtbot.keyClick(search, Qt.Key.Key_Return, CTRL)
    until(lambda: window.similar_bar.isVisible() and len(names(filled)) == 12)
    assert names(filled)[:4] == ["red"] * 4 and names(filled)[-4:] == ["green"] * 4
    # Other words in the place of these, and beside them a picture that is in no library.
    blue = tmp_path / "outside.png"
    blue.write_bytes(encoded(Image.fromarray(published.picture(published.BLUE, (90, 80)).pixels), "PNG"))
    search.setFocus()
    qtbot.keyClicks(search, "green")
    qtbot.keyClick(search, Qt.Key.Key_Return, CTRL)
    until(lambda: names(filled)[:4] == ["green"] * 4)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(blue))])
    assert window.exploring.take(mime, "plus")
    until(lambda: window.similar.stop.is_whole and set(names(filled)[:8]) == {"green", "blue"})
    (outside,) = window.similar.likeness.pictures("plus")
    assert outside.in_words is not None and len(outside.in_words.vector) == window.words.state.dim
    # Without the words it is the model's own space again.
    qtbot.waitUntil(lambda: outside.example is not None, timeout=20_000)
    window.exploring.find_words(WordQuery())
    until(lambda: window.similar.stop.is_whole and window.similar.likeness.words == WordQuery())


def test_outliers_coverage_and_picks(filled: Program, qtbot) -> None:
    window = filled.window
    window.filters.sort.setCurrentIndex(window.filters.sort.findText("Uniqueness"))
    qtbot.waitUntil(lambda: window.watch._wanted, timeout=5000)
    window.grid.set_current(int(window.grid._selection.ids[0]))
    line = window.inspector.insight
    qtbot.waitUntil(lambda: line.isVisible() and bool(line.text()), timeout=30_000)
    assert "nearest" in line.text() or "just like it" in line.text()
    window.show_coverage()
    qtbot.waitUntil(lambda: bool(window.coverage.clusters.rows), timeout=30_000)
    assert sum(row.n for row in window.coverage.classes.rows) == 12
    window.coverage.number.setValue(3)
    window.coverage.pick.click()
    qtbot.waitUntil(lambda: window.grid.isVisible() and window.grid.count() == 3, timeout=20_000)
    picked = window.grid._selection.ids.tolist()
    window.grid.set_current(picked[0])
    window.accept_first()
    qtbot.waitUntil(lambda: (row := window.grid.row_of(picked[0])) is not None and row.label is not None, timeout=20_000)
    qtbot.wait(200)
    assert window.grid._selection.ids.tolist() == picked
