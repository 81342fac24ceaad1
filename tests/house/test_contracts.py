"""The import contracts are kept, and each one can see: what it forbids is planted in a copy and turns it red.

A contract that names the wrong module is green for ever; only a planted violation shows that. A list that was complete
when it was written is not for ever: what is new is red here until it is listed, or left out with a reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

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
    ("one-sqlite-driver", "engine/pipeline/planted.py", "import apsw"),
    ("one-sqlite-driver", "engine/cache.py", "def late():\n    import apsw"),
    ("one-sqlite-driver", "desktop/reading.py", "import sqlite_vec"),
    ("one-runtime", "engine/pipeline/planted.py", "import onnxruntime"),
    ("one-runtime", "engine/doctor/planted.py", "import onnxruntime"),
    ("one-runtime", "desktop/ui/planted.py", "import torch"),
    ("records-are-plain", "engine/schemas/planted.py", "from PIL import Image"),
    ("records-are-plain", "engine/events.py", "import simplejpeg"),
    ("window-floors", "desktop/ui/planted.py", "from desktop.app import run"),
    ("window-floors", "desktop/engine_thread_planted.py", ""),
    ("window-floors", "desktop/reading.py", "from desktop.ui import theme"),
    ("window-floors", "desktop/thumbnails.py", "from desktop.reading import LibraryReading"),
    ("widgets-and-engine", "desktop/ui/planted.py", "import engine.service"),
    ("widgets-and-engine", "desktop/ui/planted.py", "def late():\n    from engine.library import queries"),
    ("widgets-and-engine", "desktop/ui/planted.py", "import apsw"),
    ("widgets-and-engine", "desktop/ui/planted.py", "import sqlite3"),
    ("widgets-and-engine", "desktop/ui/planted.py", "import simplejpeg"),
    ("widgets-and-engine", "desktop/ui/planted.py", "def late():\n    from psutil import virtual_memory"),
    ("widgets-and-threads", "desktop/ui/planted.py", "from desktop.engine_thread import EngineThread"),
    ("widgets-and-threads", "desktop/ui/planted.py", "import desktop.thumbnails"),
    ("widgets-and-threads", "desktop/ui/planted.py", "from desktop.interrupt import Interrupt"),
]

# Contract and list: what it must name all of, and what it leaves out, with the reason.
COVERS: dict[tuple[str, str], tuple[tuple[str, ...], dict[str, str]]] = {
    ("engine-without-window", "source_modules"): (("engine",), {}),
    ("one-sqlite-driver", "source_modules"): (("engine", "desktop"), {"engine.library": "the room it is about"}),
    ("one-runtime", "source_modules"): (("engine", "desktop"), {"engine.backends": "the room it is about"}),
    ("records-are-plain", "forbidden_modules"): (("libraries",), {"numpy": "records hold arrays"}),
    ("widgets-and-engine", "forbidden_modules"): (
        ("engine", "libraries"),
        {
            "engine.schemas": "what widgets show",
            "engine.events": "what widgets hear",
            "engine.errors": "what widgets tell",
            "numpy": "ids and scores come as arrays",
            "PySide6": "what widgets are made of",
        },
    ),
    ("widgets-and-threads", "forbidden_modules"): (("desktop",), {"desktop.ui": "the widgets themselves"}),
}
# Lists of a few, which nothing new belongs to by itself.
CHOSEN = {
    ("engine-without-window", "forbidden_modules"): "Qt by all its names, and the window",
    ("one-sqlite-driver", "forbidden_modules"): "what opens SQLite files",
    ("one-runtime", "forbidden_modules"): "what runs networks",
    ("records-are-plain", "source_modules"): "records, errors and events",
    ("widgets-and-engine", "source_modules"): "the widgets",
    ("widgets-and-threads", "source_modules"): "the widgets",
}
# Packages that are imported under another name than they are installed.
_IMPORTED_AS = {
    "faiss-cpu": "faiss",
    "opencv-python-headless": "cv2",
    "onnxruntime-gpu": "onnxruntime",
    "pillow": "PIL",
    "pyside6-essentials": "PySide6",
}


def settings() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def contracts() -> dict[str, dict[str, Any]]:
    """All contracts by name (id)."""
    return {contract["id"]: contract for contract in settings()["tool"]["importlinter"]["contracts"]}


def there_is(kind: str) -> set[str]:
    """The rooms of a package, or the libraries that the program is installed with and SQLite's own."""
    if kind == "libraries":
        project = settings()["project"]
        asked = [*project["dependencies"], *project["optional-dependencies"]["heif"]]
        names = {Requirement(text).name for text in asked}
        return {_IMPORTED_AS.get(name, name.replace("-", "_")) for name in names} | {"sqlite3"}
    return {
        f"{kind}.{path.stem}"
        for path in (ROOT / kind).iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()
    }


def unlisted(there: set[str], listed: Collection[str], left_out: Collection[str]) -> set[str]:
    """What a list neither names, itself or by its package, nor leaves out."""
    return {name for name in there if not {name, name.partition(".")[0]} & {*listed, *left_out}}


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


def test_every_list_is_spoken_for() -> None:
    lists = {
        (name, key)
        for name, contract in contracts().items()
        if contract["type"] == "forbidden"
        for key in ("source_modules", "forbidden_modules")
    }
    assert lists == COVERS.keys() | CHOSEN.keys(), "say in COVERS or CHOSEN what a list must name"
    assert not COVERS.keys() & CHOSEN.keys()


@pytest.mark.parametrize(("contract", "key"), COVERS)
def test_a_list_names_all_that_there_is(contract: str, key: str) -> None:
    kinds, left_out = COVERS[contract, key]
    there = set().union(*map(there_is, kinds))
    listed = contracts()[contract][key]
    missing = sorted(unlisted(there, listed, left_out))
    assert not missing, f"name {', '.join(missing)} in {key} of {contract}, or leave it out in COVERS with the reason"
    assert left_out.keys() <= there - {*listed}, f"COVERS leaves out of {contract} what is listed there, or gone"
    gone = {name for name in listed if name.startswith(("engine.", "desktop."))} - there
    assert not gone, f"{contract} names {', '.join(sorted(gone))}, which is gone"
    for kind in kinds:
        new = "planted" if kind == "libraries" else f"{kind}.planted"
        assert kind in listed or unlisted({new}, listed, left_out) == {new}, f"a new module of {kind} would not be seen"


@pytest.mark.parametrize(("contract", "place", "code"), PLANTS)
def test_a_planted_violation_is_seen(contract: str, place: str, code: str, plantable: Path) -> None:
    path = plantable / place
    path.parent.mkdir(exist_ok=True)
    before = path.read_text("utf-8") if path.exists() else ""
    path.write_text(f"{before}\n{code}\n", "utf-8")
    done = lint(plantable, contract)
    assert done.returncode == 1 and "BROKEN" in done.stdout, f"{contract} does not see it:\n{done.stdout}{done.stderr}"
