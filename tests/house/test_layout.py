"""How the house is laid out: names, lengths, and a test for each module."""

from __future__ import annotations

import ast
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
# Records without behaviour: what would be tested is the language.
_PLAIN = ("engine/schemas",)


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


ROOMS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "engine").iterdir()
    if path.suffix == ".py" or (path / "__init__.py").exists()
)


@pytest.mark.parametrize("room", [room for room in ROOMS if room not in _PLAIN and not room.endswith("__init__.py")])
def test_tests_mirror_the_engine(room: str) -> None:
    """A room of many modules has a folder of the same name or one file for all, a room of one module a file."""
    if not room.endswith(".py") and [*(ROOT / "tests" / room).glob("test_*.py")]:
        return
    mirrored = ROOT / "tests" / Path(room).parent / f"test_{Path(room).stem}.py"
    assert mirrored.exists(), f"{room} has no {mirrored.relative_to(ROOT)}"


def test_no_tests_of_rooms_that_are_gone() -> None:
    for path in (ROOT / "tests/engine").iterdir():
        if path.is_dir() and path.name != "__pycache__":
            assert (ROOT / "engine" / path.name).is_dir(), f"{path.relative_to(ROOT)} tests no room"


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
