"""How the house is laid out: names, lengths, and a test for each module."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for room in ("engine", "desktop") for path in (ROOT / room).rglob("*.py"))
MODULES = [path.relative_to(ROOT).as_posix() for path in SOURCES if path.name != "__init__.py"]
_MAX_LINES = 400
_VAGUE = {
    "utils",
    "util",
    "misc",
    "common",
    "helpers",
    "helper",
    "manager",
    "managers",
    "tools",
    "stuff",
    "base_classes",
}
# Nothing that behaves: what would be tested is the language.
PLAIN = {
    "engine/schemas": "frozen records",
    "desktop/ui/ports.py": "protocols; tests/desktop/ui/held_ports.py answers them",
}
# Modules without a file of tests of their own name: where they are tested, in a file that imports them.
TESTED_IN = {
    "desktop/__main__.py": "tests/desktop/test_start.py",
    "desktop/app.py": "tests/desktop/test_window.py",
    "desktop/ui/about.py": "tests/desktop/test_dialogs.py",
    "desktop/ui/actions.py": "tests/desktop/test_shell.py",
    "desktop/ui/doctor_dialog.py": "tests/desktop/test_dialogs.py",
    "desktop/ui/duplicates_menu.py": "tests/desktop/ui/test_duplicates_view.py",
    "desktop/ui/duplicates_parts.py": "tests/desktop/ui/test_duplicates_view.py",
    "desktop/ui/duplicates_state.py": "tests/desktop/ui/test_duplicates_view.py",
    "desktop/ui/duplicates_steps.py": "tests/desktop/ui/test_duplicates_view.py",
    "desktop/ui/duplicates_surface.py": "tests/desktop/ui/test_duplicates_list.py",
    "desktop/ui/icons.py": "tests/desktop/test_theme.py",
    "desktop/ui/inspector_words.py": "tests/desktop/ui/test_inspector.py",
    "desktop/ui/setting_words.py": "tests/desktop/ui/test_translation.py",
    "desktop/ui/settings_dialog.py": "tests/desktop/test_dialogs.py",
    "desktop/ui/shortcuts_sheet.py": "tests/desktop/test_dialogs.py",
    "desktop/ui/theme.py": "tests/desktop/test_theme.py",
    "desktop/ui/tile_cache.py": "tests/desktop/ui/test_tile_painter.py",
    "desktop/ui/trash_files.py": "tests/desktop/test_trash.py",
    "engine/backends/base.py": "tests/engine/backends/test_fake.py",
    "engine/backends/opening.py": "tests/engine/backends/test_ort.py",
    "engine/ingest/colour.py": "tests/engine/ingest/test_formats.py",
    "engine/ingest/pillow.py": "tests/engine/ingest/test_refusals.py",
    "engine/cli/verbs.py": "tests/engine/cli/test_completion.py",
    "engine/library/contents.py": "tests/engine/library/test_files.py",
    "engine/library/ingest.py": "tests/engine/library/test_upkeep.py",
    "engine/analysis.py": "tests/engine/test_insights.py",
    "engine/deduplication.py": "tests/engine/test_tidying.py",
    "engine/library/duplicates.py": "tests/engine/test_tidying.py",
    "engine/library/insights.py": "tests/engine/library/test_mistakes.py",
    "engine/library/neighbourhoods.py": "tests/engine/library/test_mistakes.py",
    "engine/library/models.py": "tests/engine/library/test_classes.py",
    "engine/library/records.py": "tests/engine/cli/test_following.py",
    "engine/pipeline/lane.py": "tests/faults/test_device.py",
    "engine/priority.py": "tests/engine/pipeline/test_runner.py",
    "engine/pipeline/trial.py": "tests/engine/pipeline/test_suspects.py",
    "engine/search/compact_index.py": "tests/engine/search/test_snapshot.py",
    "engine/registry/building.py": "tests/engine/registry/test_catalogue.py",
}
# Modules that are reached through the ones above them only: where, and what stands in both, the module and the test.
REACHED_IN = {
    "desktop/ui/browsing.py": ("tests/desktop/test_shell.py", "facetsCame"),
    "desktop/ui/camera_data.py": ("tests/desktop/ui/test_inspector.py", '"exif"'),
    "desktop/ui/menus.py": ("tests/desktop/ui/test_library_menu.py", "menuBar"),
    "desktop/ui/steps.py": ("tests/desktop/test_shell.py", "dismiss_problems"),
    "desktop/ui/window_actions.py": ("tests/desktop/test_shell.py", "accept_first"),
    "engine/cli/__main__.py": ("tests/engine/cli/test_completion.py", "engine.cli"),
    "engine/cli/parameters.py": ("tests/engine/cli/test_entry.py", "The path is empty."),
    "engine/cli/running.py": ("tests/engine/cli/test_library.py", "is in danger"),
    "engine/cli/table.py": ("tests/desktop/test_start.py", "run_table"),
    "engine/doctor/trial.py": ("tests/engine/doctor/test_inference.py", "max_difference"),
    "engine/ingest/headers.py": ("tests/engine/ingest/test_hostile.py", "strip"),
    "engine/ingest/jpeg.py": ("tests/engine/ingest/test_formats.py", "lossless"),
    "engine/ingest/sizes.py": ("tests/engine/ingest/test_decode.py", "TOO_MANY_PIXELS"),
    "engine/pipeline/loading.py": ("tests/faults/test_device.py", "decode_threads"),
}
# Modules that no test names. None may be added: write the test.
UNTESTED: set[str] = set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_names_and_lengths(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    vague = {path.stem, path.parent.name} & _VAGUE
    assert not vague, f"{name}: {vague} says nothing; name the module after the noun that lives in it"
    n_lines = len(path.read_text("utf-8").splitlines())
    assert n_lines <= _MAX_LINES, (
        f"{name} has {n_lines} lines, {_MAX_LINES} at most: move one of its nouns into a module of its own"
    )


def test_every_module_says_what_it_is() -> None:
    for path in SOURCES:
        tree = ast.parse(path.read_bytes())
        if tree.body:
            assert ast.get_docstring(tree), f"{path.relative_to(ROOT)} has no docstring"


def imports(module: str, test: Path) -> bool:
    """Tell whether a file of tests imports a module, or starts it in a child by its whole name."""
    name = module.removesuffix(".py").replace("/", ".")
    room, _, stem = name.rpartition(".")
    text = test.read_text("utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import) and any(alias.name == name for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and (
            node.module == name or (node.module == room and any(alias.name == stem for alias in node.names))
        ):
            return True
    return bool(re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text))


def mirrored(module: str) -> Path:
    """Where the tests of a module stand unless something else is said of it."""
    path = Path(module)
    return ROOT / "tests" / path.parent / f"test_{path.name}"


def has_tests(test: Path) -> bool:
    return test.name.startswith("test_") and test.exists() and "def test_" in test.read_text("utf-8")


@pytest.mark.parametrize("module", [name for name in MODULES if not {name, str(Path(name).parent)} & PLAIN.keys()])
def test_every_module_has_its_tests(module: str) -> None:
    elsewhere = {module} & {*TESTED_IN, *REACHED_IN, *UNTESTED}
    if mirrored(module).exists():
        assert has_tests(mirrored(module)), f"{mirrored(module)} tests nothing"
        assert not elsewhere, f"{module} has tests of its own name: take it out of the lists here"
    elif module in TESTED_IN:
        test = ROOT / TESTED_IN[module]
        assert has_tests(test) and imports(module, test), f"{TESTED_IN[module]} does not know {module}"
    elif module in REACHED_IN:
        place, words = REACHED_IN[module]
        assert has_tests(ROOT / place) and words in (ROOT / place).read_text("utf-8"), f"{place}: no {words!r}"
        assert words in (ROOT / module).read_text("utf-8"), f"{module} has no {words!r} any more"
    else:
        assert elsewhere, (
            f"{module} has no {mirrored(module).relative_to(ROOT)}; or say in TESTED_IN where it is tested"
        )


def test_the_lists_name_modules_that_exist_once() -> None:
    lists = [*TESTED_IN, *REACHED_IN, *UNTESTED]
    assert len(lists) == len({*lists}) and {*lists} <= {*MODULES}
    assert all((ROOT / name).exists() for name in PLAIN)


def test_an_import_is_told_from_a_name_that_is_like_it(tmp_path: Path) -> None:
    test = tmp_path / "test_it.py"
    for text, known in (
        ("from engine.cli import running", True),
        ("def f():\n    import engine.cli.running", True),
        ("from engine.cli.running import Running", True),
        ("run('engine.cli.running')", True),
        ("from tests.engine.cli.running import run", False),
        ("from engine.cli import running_late", False),
        ("import engine.cli", False),
    ):
        test.write_text(text, "utf-8")
        assert imports("engine/cli/running.py", test) is known, text


def test_no_tests_of_rooms_that_are_gone() -> None:
    for path in [*(ROOT / "tests/engine").iterdir(), *(ROOT / "tests/desktop").iterdir()]:
        if path.is_dir() and path.name != "__pycache__":
            assert (ROOT / path.relative_to(ROOT / "tests")).is_dir(), f"{path.relative_to(ROOT)} tests no room"


def test_engine_imports_without_qt() -> None:
    """All of `engine`, in a process where every way to Qt and to the window is shut."""
    code = """
import importlib, pkgutil, sys

class Shut:
    names = {"PySide6", "PySide2", "shiboken6", "PyQt5", "PyQt6", "qtpy", "superqt", "pyqtgraph", "desktop"}
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ImportError(f"{name} is shut in this test")

sys.meta_path.insert(0, Shut())
import engine
names = [module.name for module in pkgutil.walk_packages(engine.__path__, "engine.")]
for name in names:
    importlib.import_module(name)
assert not Shut.names & {name.partition(".")[0] for name in sys.modules}
try:
    import PySide6
except ImportError:
    print(len(names))
"""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= len([name for name in MODULES if name.startswith("engine/")])
