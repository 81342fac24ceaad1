"""Bad files are told of in the window and never by a box that must be clicked away."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop.app import Program
from tests.desktop.real_program import drop
from tests.house.test_bans import SOURCES, attribute, imported
from tests.images import folder_of

ROOT = Path(__file__).resolve().parents[2]
_BOXES = ("QMessageBox", "QErrorMessage", "QInputDialog", "QProgressDialog")


@pytest.fixture
def boxes() -> Iterator[list[str]]:
    """The modal windows that came up meanwhile; each is closed, so that a box fails the test and does not hold it."""
    seen: list[str] = []

    def look() -> None:
        if (box := QApplication.activeModalWidget()) is not None:
            seen.append(f"{type(box).__name__}: {box.windowTitle()}")
            box.close()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(10)
    yield seen
    timer.stop()


def mixed(folder: Path) -> Path:
    """Three pictures, a text and a file of no bytes."""
    folder_of(folder, 3)
    (folder / "notes.txt").write_text("not a picture", encoding="utf-8")
    (folder / "empty").touch()
    return folder


def said_in(program: Program) -> list[str]:
    """Collect the lines at the bottom: one may take the place of another within milliseconds."""
    lines: list[str] = []
    show = program.window.activity.message.setAccessibleName

    def heard(text: str) -> None:
        show(text)
        lines.append(text)

    program.window.activity.message.setAccessibleName = heard
    return lines


def test_a_mixed_folder_gives_a_line_with_both_numbers_and_why(
    program: Program, qtbot, tmp_path: Path, boxes: list[str]
) -> None:
    said = said_in(program)
    drop(program, mixed(tmp_path / "photos"))
    qtbot.waitUntil(lambda: program.window.grid.count() == 3, timeout=15_000)
    qtbot.waitUntil(lambda: "Found 3 images; 2 skipped (not an image)." in said, timeout=5000)
    # Nothing of it is a problem: nobody asked for the text. The line is the last word.
    qtbot.waitUntil(lambda: not program.window.activity.open_jobs(), timeout=5000)
    assert "2 skipped" in program.window.activity.message.text()
    assert program.window.problems.table.rowCount() == 0
    assert not boxes and QApplication.activeModalWidget() is None


def test_broken_pictures_become_problems_with_reasons_and_no_box(
    program: Program, qtbot, tmp_path: Path, boxes: list[str]
) -> None:
    window, said = program.window, said_in(program)
    folder = mixed(tmp_path / "photos")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    (folder / "empty.jpg").touch()
    (tmp_path / "letter.txt").write_text("not a picture", encoding="utf-8")
    drop(program, folder, tmp_path / "letter.txt", tmp_path / "gone.jpg")
    qtbot.waitUntil(lambda: window.problems.table.rowCount() == 4, timeout=15_000)
    assert any(line.startswith("Found 6 images; 3 skipped (1 not found, 2 not an image)") for line in said), said
    qtbot.waitUntil(lambda: any("4 files could not be used, see Problems" in line for line in said), timeout=5000)
    qtbot.waitUntil(lambda: window.grid.count() == 3, timeout=5000)
    codes = {Path(problem.path).name: problem.code for problem in window.problems._model.rows}
    assert codes == {
        "broken.jpg": "UNREADABLE_IMAGE",
        "empty.jpg": "EMPTY_FILE",
        "letter.txt": "UNSUPPORTED_FORMAT",
        "gone.jpg": "FILE_NOT_FOUND",
    }
    assert all(problem.message and problem.way_out for problem in window.problems._model.rows)
    assert not boxes and QApplication.activeModalWidget() is None


def test_the_watch_over_boxes_can_see(qtbot, boxes: list[str]) -> None:
    QMessageBox(QMessageBox.Icon.Warning, "Bad file", "It cannot be read.").exec()
    assert len(boxes) == 1 and boxes[0].startswith("QMessageBox")


def boxes_named(source: bytes) -> list[int]:
    """Lines of a module that import or name a class of boxes."""
    tree = ast.parse(source)
    imports = imported(*(f"PySide6.QtWidgets.{name}" for name in _BOXES))
    return [*imports(tree), *attribute(*_BOXES)(tree)]


def test_the_window_uses_no_message_boxes() -> None:
    """They stop the person for what a line can say: the banner, the line at the bottom, the list of problems."""
    modules = [path for path in SOURCES if path.is_relative_to(ROOT / "desktop")]
    assert len(modules) > 40
    found = [f"{path.relative_to(ROOT)}:{line}" for path in modules for line in boxes_named(path.read_bytes())]
    assert not found, f"{', '.join(found)}: say it with the banner, or in a dialog that is not modal"


@pytest.mark.parametrize(
    "source",
    [
        b"from PySide6.QtWidgets import QLabel, QMessageBox",
        b"def f():\n    from PySide6.QtWidgets import QErrorMessage as E",
        b"from PySide6 import QtWidgets\nQtWidgets.QMessageBox.warning(None, 'a', 'b')",
    ],
)
def test_the_ban_on_boxes_can_see(source: bytes) -> None:
    assert boxes_named(source)
