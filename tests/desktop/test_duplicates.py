"""Duplicates from the drop to the trash, in the real window on the real engine; and thousands of groups in one step."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from skimage import data

from desktop.app import Program
from desktop.ui.duplicates_model import DuplicatesModel, listed
from desktop.ui.hidden_copies import hidden_copies
from desktop.ui.resolving import done_by, plans
from desktop.ui.trash_dialog import TrashDialog
from engine.library import database, duplicates
from engine.schemas.duplicates import Pairs
from engine.schemas.library import Query
from engine.service import Engine
from engine.settings import load
from tests import synthetic_library
from tests.desktop.real_program import drop

Key = Qt.Key


def saved(folder: Path) -> dict[str, Path]:
    """Save two pictures, a smaller copy of each, a crop of the first and the first once more."""
    folder.mkdir()
    one, two = Image.fromarray(data.astronaut()), Image.fromarray(data.coffee())
    images = {
        "astronaut.png": one, "astronaut small.png": one.resize((300, 300)), "astronaut crop.png": one.crop((15, 10, 500, 490)),
        "coffee.png": two, "coffee small.png": two.resize((400, 266)),
    }  # fmt: skip
    for name, image in images.items():
        image.save(folder / name)
    (folder / "astronaut again.png").write_bytes((folder / "astronaut.png").read_bytes())
    return {name: folder / name for name in (*images, "astronaut again.png")}


def n_visible(program: Program) -> int:
    """How many pictures are in view, as the library has it: the grid may rest before it reads again."""
    conn = database.connect(program.library_file(), read_only=True)
    try:
        return int(conn.execute("SELECT count(*) FROM contents WHERE visible = 1").fetchall()[0][0])
    finally:
        conn.close()


def sizes(program: Program) -> list[int]:
    return [len(group.members) for group in program.window.duplicates.page.model.groups]


@pytest.fixture
def found(program: Program, qtbot, tmp_path: Path) -> dict[str, Path]:
    """The files, taken in and looked through for duplicates, with the page on the screen."""
    files = saved(tmp_path / "photos")
    window, page = program.window, program.window.duplicates.page
    drop(program, tmp_path / "photos")
    qtbot.waitUntil(lambda: n_visible(program) == 5, timeout=60_000)
    window.show_duplicates()
    page.card.button.click()
    qtbot.waitUntil(lambda: sizes(program) == [3, 2, 2], timeout=60_000)
    page.list.setFocus()
    return files


def kept_names(program: Program) -> list[str]:
    return [group.members[0].name for group in program.window.duplicates.page.model.groups]


def test_found_with_the_best_one_proposed_and_the_same_file_last(program: Program, found: dict[str, Path]) -> None:
    groups = program.window.duplicates.page.model.groups
    assert [group.kind for group in groups] == ["near", "near", "exact"]
    shown = {group.members[0].name: len(group.members) for group in groups[:2]}
    assert shown == {"astronaut.png": 3, "coffee.png": 2} or shown == {"astronaut again.png": 3, "coffee.png": 2}
    assert {Path(member.path) for member in groups[2].members} == {found["astronaut.png"], found["astronaut again.png"]}


def test_kept_and_undone(program: Program, found: dict[str, Path], qtbot) -> None:
    window, page = program.window, program.window.duplicates.page
    QTest.keyClick(page.list, Key.Key_Return)
    qtbot.waitUntil(lambda: n_visible(program) == 3, timeout=30_000)
    assert all(path.exists() for path in found.values()), "no file changes"
    qtbot.waitUntil(window.actions_by_name["undo"].isEnabled, timeout=30_000)
    QTest.keyClick(page.list, Key.Key_U)
    qtbot.waitUntil(lambda: n_visible(program) == 5 and sizes(program) == [3, 2, 2], timeout=30_000)
    assert page.model.group == 0


@pytest.mark.slow
def test_what_comes_later_is_found_too(program: Program, found: dict[str, Path], qtbot, tmp_path: Path) -> None:
    page = program.window.duplicates.page
    later = tmp_path / "coffee later.jpg"
    Image.fromarray(data.coffee()).save(later, quality=60)
    drop(program, later)
    qtbot.waitUntil(
        lambda: any("coffee later.jpg" in [m.name for m in group.members] for group in page.model.groups), timeout=60_000
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="where the trash is differs")
def test_hidden_files_go_to_the_trash_and_never_those_of_the_kept_one(
    program: Program, found: dict[str, Path], qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    page = program.window.duplicates.page
    names = kept_names(program)[:2]
    for left in (3, 2):
        QTest.keyClick(page.list, Key.Key_Return)
        qtbot.waitUntil(lambda left=left: n_visible(program) == left, timeout=30_000)  # type: ignore[misc]
    changed = found["coffee small.png"]
    changed.write_bytes(changed.read_bytes() + b"more")
    page.trash_button.click()
    qtbot.waitUntil(lambda: bool(page.findChildren(TrashDialog)), timeout=30_000)
    (dialog,) = page.findChildren(TrashDialog)
    qtbot.waitUntil(dialog.move_button.isEnabled, timeout=30_000)
    listed_ = {Path(hidden.file.path) for hidden in dialog._model.rows}
    assert listed_ == {found["astronaut small.png"], found["astronaut crop.png"], changed}
    assert dialog.move_button.text() == "Move 2 files to the trash"
    dialog.move_button.click()
    qtbot.waitUntil(lambda: dialog._is_done, timeout=30_000)
    there = {name for name, path in found.items() if path.exists()}
    assert there == {"astronaut.png", "astronaut again.png", "coffee.png", "coffee small.png"}
    assert all(name in there for name in names)
    trashed = {path.name for path in (tmp_path / "data" / "Trash" / "files").iterdir()}
    assert trashed == {"astronaut small.png", "astronaut crop.png"}
    reasons = [dialog._model.reason(hidden) for hidden in dialog._model.rows if hidden.file.path == str(changed)]
    assert reasons == ["It has changed since it was looked at."]
    dialog.reject()
    assert QApplication.activeModalWidget() is None


@pytest.mark.slow
def test_five_thousand_groups_in_one_step_and_back(tmp_path: Path) -> None:
    """Twelve and a half thousand pictures: what the page reads, works out, does and takes back."""
    library = tmp_path / "many.lightdesk"
    model_id = synthetic_library.build(library, 12_500)
    rows = [
        (5 * i + 1, 5 * i + 1 + k) for i in range(2500) for k in (1, 2)
    ] + [(5 * i + 4, 5 * i + 5) for i in range(2500)]  # fmt: skip
    first, second = np.array(sorted(rows), np.int64).T
    n = len(first)
    yes, ones = np.ones(n, np.bool_), np.ones(n, np.float32)
    conn = database.connect(library)
    duplicates.store(conn, model_id, Pairs(first, second, yes, ones, ones, ~yes, yes), 0)
    conn.close()
    engine = Engine(load({"model": "fake", "library": str(library)}))
    engine.start()
    try:
        took_s: dict[str, float] = {}

        def timed(name: str, work: Callable[[], object]) -> object:
            began_s = time.monotonic()
            value = work()
            took_s[name] = time.monotonic() - began_s
            return value

        found = engine.duplicates()
        view = engine.view()
        model = DuplicatesModel()
        model.replace(timed("listed", lambda: listed(found, view)))  # type: ignore[arg-type]
        assert len(model.groups) == 5000
        made = done_by(timed("planned", lambda: plans(model.groups, model.label_of)))  # type: ignore[arg-type]
        n_conflicts = sum(group.is_conflict for group in model.groups)
        assert len(made) == 5000 - n_conflicts and n_conflicts < 500
        n_before = len(view.ids(Query()))
        command = timed("resolved", lambda: engine.resolve_duplicates([plan.resolution for plan in made]))
        n_gone = sum(len(plan.hide) for plan in made)
        assert len(view.ids(Query())) == n_before - n_gone and len(engine.duplicates()) == n_conflicts
        files = timed("offered", lambda: hidden_copies(view, engine.model_ref))
        assert len(files) == n_gone  # type: ignore[arg-type]
        undone = timed("undone", engine.undo)
        assert undone is not None and undone.id == command.id and len(view.ids(Query())) == n_before  # type: ignore[attr-defined]
        assert len(engine.duplicates()) == 5000
        view.close()
        # A second or less on an idle machine; a step for each group would take minutes.
        assert max(took_s.values()) < 20, took_s
    finally:
        engine.close()
