"""The import contracts are kept, and each one can see: what it forbids is planted in a copy and turns it red.

A contract that names the wrong module is green for ever; only a planted violation shows that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("engine", "desktop", "models", "resources")

# Contract, the module that breaks it, what stands in it.
PLANTS = [
    ("engine-floors", "engine/ingest/planted.py", "from engine import service"),
    ("engine-floors", "engine/library/planted.py", "import engine.pipeline.runner"),
    ("engine-floors", "engine/backends/planted.py", "def late():\n    from engine.ingest import decode"),
    ("engine-floors", "engine/schemas/planted.py", "from engine.cache import ByteCache"),
    ("engine-floors", "engine/planted_room.py", ""),
    ("engine-floors", "engine/planted_package/__init__.py", ""),
    ("engine-without-window", "engine/pipeline/planted.py", "import PySide6"),
    ("engine-without-window", "engine/planted.py", "from PySide6.QtCore import QObject"),
    ("engine-without-window", "engine/library/planted.py", "import shiboken6"),
    ("engine-without-window", "engine/cli/planted.py", "from desktop import app"),
    ("engine-without-window", "engine/doctor/planted.py", "import pyqtgraph"),
    ("one-sqlite-driver", "engine/registry/planted.py", "import apsw"),
    ("one-sqlite-driver", "engine/cli/planted.py", "import sqlite3"),
    ("one-runtime", "engine/pipeline/planted.py", "import onnxruntime"),
    ("one-runtime", "desktop/ui/planted.py", "import torch"),
    ("records-are-plain", "engine/schemas/planted.py", "from PIL import Image"),
    ("window-floors", "desktop/ui/planted.py", "from desktop.app import run"),
    ("window-floors", "desktop/engine_thread_planted.py", ""),
    ("window-floors", "desktop/reading.py", "from desktop.ui import theme"),
    ("window-floors", "desktop/thumbnails.py", "from desktop.reading import LibraryReading"),
    ("widgets-and-engine", "desktop/ui/planted.py", "import engine.service"),
    ("widgets-and-engine", "desktop/ui/planted.py", "def late():\n    from engine.library import queries"),
    ("widgets-and-engine", "desktop/ui/planted.py", "import apsw"),
    ("widgets-and-threads", "desktop/ui/planted.py", "from desktop.engine_thread import EngineThread"),
    ("widgets-and-threads", "desktop/ui/planted.py", "import desktop.thumbnails"),
]


def contracts() -> list[str]:
    """Names (id) of all contracts."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return [contract["id"] for contract in settings["tool"]["importlinter"]["contracts"]]


def lint(folder: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the linter on the packages in `folder`."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    command += ["--contract", contract] if contract else []
    environment = {**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages and of the contracts."""
    folder = tmp_path_factory.mktemp("house")
    for package in _PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.jpg"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.fixture
def plantable(copied: Path) -> Iterator[Path]:
    """The copy, mended again after the test."""
    yield copied
    for package in _PACKAGES:
        for path in [*(copied / package).rglob("*.py")]:
            original = ROOT / path.relative_to(copied)
            if not original.exists():
                path.unlink()
            elif original.read_bytes() != path.read_bytes():
                shutil.copy(original, path)
        for path in [*(copied / package).iterdir()]:
            if not (ROOT / path.relative_to(copied)).exists():
                shutil.rmtree(path)


def test_contracts_are_kept() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_the_copy_is_what_is_linted(plantable: Path) -> None:
    done = lint(plantable)
    assert done.returncode == 0, done.stdout


def test_every_contract_has_a_plant() -> None:
    assert sorted(contracts()) == sorted({contract for contract, _, _ in PLANTS}), "plant a violation for each contract"


@pytest.mark.parametrize(("contract", "place", "code"), PLANTS)
def test_a_planted_violation_is_seen(contract: str, place: str, code: str, plantable: Path) -> None:
    path = plantable / place
    path.parent.mkdir(exist_ok=True)
    before = path.read_text("utf-8") if path.exists() else ""
    path.write_text(f"{before}\n{code}\n", "utf-8")
    done = lint(plantable, contract)
    assert done.returncode == 1 and "BROKEN" in done.stdout, f"{contract} does not see it:\n{done.stdout}{done.stderr}"
