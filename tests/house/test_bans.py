"""Past mistakes, here or in programs like this one, that nobody makes twice: each ban says what to do instead."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for room in ("engine", "desktop") for path in (ROOT / room).rglob("*.py"))
_SQL = re.compile(
    r"\s*(SELECT\s.+\sFROM\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|PRAGMA\s"
    r"|CREATE\s+(VIRTUAL\s+)?(TABLE|INDEX|TRIGGER)\s|BEGIN\s+(IMMEDIATE|EXCLUSIVE))",
    re.S,
)
_MODELS = {
    section["name"]: section["format"]
    for path in (ROOT / "models").glob("*.toml")
    for section in [tomllib.loads(path.read_text("utf-8"))["model"]]
}
# Where a ban does not hold, and why.
_EXCEPT = {
    ("sql", "engine/cache.py"): "the cache's own SQLite file, which diskcache made",
    ("sql", "engine/doctor/storage.py"): "a trial table in memory, to see sqlite-vec at work",
    ("model names", "engine/schemas/settings.py"): "the default of a setting",
    ("model names", "engine/registry/building.py"): "builders, each of which a manifest asks for by its name",
    ("file access in widgets", "desktop/ui/icons.py"): "the program's own drawings, each read once",
}


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield every imported module, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call with its dotted name; a call on the result of another starts with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def dotted(node: ast.AST) -> str:
    """Write an expression as a dotted name, as far as it is one."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


def texts(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield every text in the program but the docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value, node.lineno


def keyword(call: ast.Call, name: str) -> object:
    """Return a keyword's constant value; None where it is not given."""
    return next((k.value.value for k in call.keywords if k.arg == name and isinstance(k.value, ast.Constant)), None)


def called(*names: str) -> Callable[[ast.AST], Iterator[int]]:
    """Find calls of these functions; a name that starts with a dot stands for the method of anything."""

    def find(tree: ast.AST) -> Iterator[int]:
        for name, call in calls(tree):
            if any(name == one or (one.startswith(".") and f".{name}".endswith(one)) for one in names):
                yield call.lineno

    return find


def imported(*modules: str) -> Callable[[ast.AST], Iterator[int]]:
    """Find imports of these modules and of what is in them."""

    def find(tree: ast.AST) -> Iterator[int]:
        for name, line in imports(tree):
            if any(name == module or name.startswith(f"{module}.") for module in modules):
                yield line

    return find


def attribute(*names: str) -> Callable[[ast.AST], Iterator[int]]:
    """Find any use of an attribute by its name."""

    def find(tree: ast.AST) -> Iterator[int]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in names:
                yield node.lineno

    return find


def _torch_load(tree: ast.AST) -> Iterator[int]:
    return (
        call.lineno for name, call in calls(tree) if name == "torch.load" and keyword(call, "weights_only") is not True
    )


def _numpy_pickles(tree: ast.AST) -> Iterator[int]:
    return (call.lineno for name, call in calls(tree) if keyword(call, "allow_pickle") is True)


def _shell(tree: ast.AST) -> Iterator[int]:
    return (call.lineno for name, call in calls(tree) if keyword(call, "shell") is True)


def _naive_time(tree: ast.AST) -> Iterator[int]:
    for name, call in calls(tree):
        no_zone = name.endswith("datetime.now") and not call.args and not call.keywords
        if no_zone or name.endswith(("datetime.utcnow", "datetime.utcfromtimestamp")):
            yield call.lineno


def _text_without_encoding(tree: ast.AST) -> Iterator[int]:
    for name, call in calls(tree):
        method = name.rpartition(".")[2]
        given = keyword(call, "encoding") is not None
        if (method == "read_text" and not call.args and not given) or (
            method == "write_text" and len(call.args) < 2 and not given
        ):
            yield call.lineno
        if name == "open" and not given:
            mode = call.args[1] if len(call.args) > 1 else None
            written = mode.value if isinstance(mode, ast.Constant) else keyword(call, "mode") or "r"
            if "b" not in str(written):
                yield call.lineno


def _sql(tree: ast.AST) -> Iterator[int]:
    return (line for text, line in texts(tree) if _SQL.match(text))


def _providers(tree: ast.AST) -> Iterator[int]:
    return (line for text, line in texts(tree) if re.search(r"\w+ExecutionProvider\b", text))


def _model_names(tree: ast.AST) -> Iterator[int]:
    """Find texts that are a model's name, with or without version; where that is a format's name too, branches on it."""
    about_formats = {
        id(side)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(dotted(other).rpartition(".")[2] in ("format", "fmt") for other in (node.left, *node.comparators))
        for side in (node.left, *node.comparators)
    }
    branches = {
        id(text)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare | ast.MatchValue)
        or (isinstance(node, ast.Call) and "startswith" in dotted(node.func))
        for text in ast.walk(node)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        name = node.value.partition("@")[0]
        also_a_format = name in _MODELS.values() and name == node.value
        if name in _MODELS and not (also_a_format and (id(node) in about_formats or id(node) not in branches)):
            yield node.lineno


# Name, where it holds (a path's beginning), what finds it, what to do instead, and code that must be found.
BANS: list[tuple[str, tuple[str, ...], Callable[[ast.AST], Iterator[int]], str, str]] = [
    (
        "imread",
        ("",),
        called("cv2.imread", "cv2.imwrite"),
        "cv2 opens no path with non-ASCII characters on Windows: read the bytes (engine.ingest.reading), then decode",
        "cv2.imread(path)",
    ),
    (
        "torch.load",
        ("",),
        _torch_load,
        "torch.load runs what the file says: pass weights_only=True, or read it with engine.registry.weights",
        "torch.load(path)",
    ),
    (
        "pickle",
        ("",),
        imported("pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"),
        "unpickling runs what the data says: use a fixed layout (struct, JSON, a table)",
        "def f():\n    from pickle import loads",
    ),
    (
        "numpy pickle",
        ("",),
        _numpy_pickles,
        "allow_pickle runs what the file says: save plain arrays",
        "np.load(p, allow_pickle=True)",
    ),
    (
        "code from text",
        ("",),
        called("eval", "exec", "os.system", "os.popen"),
        "text must not become code or a shell line: parse it, or pass a list of arguments to subprocess",
        "eval(text)",
    ),
    (
        "shell",
        ("",),
        _shell,
        "file names are not shell text: pass a list of arguments",
        "subprocess.run(line, shell=True)",
    ),
    (
        "processEvents",
        ("",),
        attribute("processEvents"),
        "it re-enters the program in the middle of itself: use a signal, a timer or another thread",
        "app.processEvents()",
    ),
    (
        "terminate",
        ("desktop/",),
        called("thread.terminate", "self.terminate", "QThread.terminate"),
        "a thread killed while it holds a lock stops the program: ask it to end, and wait",
        "self.terminate()",
    ),
    (
        "waiting",
        ("desktop/ui/",),
        called("time.sleep", ".waitForDone", ".result"),
        "the GUI thread never waits: take the answer as a signal or a callback",
        "future.result()",
    ),
    (
        "icons in item widgets",
        ("desktop/",),
        attribute("IconMode", "setItemWidget", "setIndexWidget"),
        "item widgets hold and lay out every picture: a hundred thousand need the virtual grid (desktop/ui/grid.py)",
        "view.setViewMode(QListView.ViewMode.IconMode)",
    ),
    (
        "file access in widgets",
        ("desktop/ui/",),
        called("open", ".read_bytes", ".write_bytes", "os.listdir", "os.scandir", "os.walk", ".rglob"),
        "widgets do no file access: a folder on a sleeping drive freezes the window; ask through a port",
        "path.read_bytes()",
    ),
    (
        "sqlite",
        ("engine/", "desktop/"),
        imported("apsw", "sqlite_vec"),
        "SQLite is known in engine/library only: give that room a function with a name",
        "import apsw",
    ),
    (
        "sql",
        ("engine/", "desktop/"),
        _sql,
        "SQL stands in engine/library only: give that room a function with a name",
        'x = "DELETE FROM files"',
    ),
    (
        "provider names",
        ("engine/", "desktop/"),
        _providers,
        "names of execution providers stand in engine/backends only: ask the session's device report",
        'x = ["CUDAExecutionProvider"]',
    ),
    (
        "model names",
        ("engine/", "desktop/"),
        _model_names,
        "a model is a manifest, never a branch: give the manifest a field that says what differs",
        'x = "efficientnet-lite0"',
    ),
    (
        "available providers",
        ("",),
        called("onnxruntime.get_available_providers", "ort.get_available_providers"),
        "it says what was compiled, not what runs: ask session.get_providers() after creation",
        "ort.get_available_providers()",
    ),
    (
        "naive time",
        ("",),
        _naive_time,
        "a time without a zone is wrong for someone: datetime.now(UTC)",
        "datetime.now()",
    ),
    (
        "encoding",
        ("",),
        _text_without_encoding,
        'without encoding="utf-8" Windows reads and writes another one',
        "path.read_text()",
    ),
]
# Rooms in which a ban is lifted as a whole: it is their business.
_HOME = {
    "sqlite": ("engine/library/", "engine/doctor/"),
    "sql": ("engine/library/",),
    "provider names": ("engine/backends/",),
    "available providers": ("engine/backends/", "engine/doctor/"),
}


def _holds(ban: str, places: tuple[str, ...], name: str) -> bool:
    return name.startswith(places) and not name.startswith(_HOME.get(ban, ("\0",))) and (ban, name) not in _EXCEPT


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    """Every module of the program, parsed."""
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_bytes()) for path in SOURCES}


@pytest.mark.parametrize(("ban", "places", "find", "advice", "_example"), BANS, ids=[ban[0] for ban in BANS])
def test_nobody_does_it(
    ban: str,
    places: tuple[str, ...],
    find: Callable[[ast.AST], Iterator[int]],
    advice: str,
    _example: str,
    trees: dict[str, ast.Module],
) -> None:
    found = [f"{name}:{line}" for name, tree in trees.items() if _holds(ban, places, name) for line in find(tree)]
    assert not found, f"{', '.join(found)}: {advice}"


@pytest.mark.parametrize(("_ban", "_places", "find", "_advice", "example"), BANS, ids=[ban[0] for ban in BANS])
def test_the_ban_can_see(
    _ban: str, _places: tuple[str, ...], find: Callable[[ast.AST], Iterator[int]], _advice: str, example: str
) -> None:
    assert list(find(ast.parse(example)))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('if manifest.name == "efficientnet-lite0": pass', True),
        ('if ref in ("efficientnet-lite0@1", other): pass', True),
        ('sizes = {"efficientnet-lite0": 224}', True),
        ('match name:\n  case "fake": pass', True),
        ('if ref.startswith("fake"): pass', True),
        ('if manifest.name == "fake": pass', True),
        ('if ref == "fake@1": pass', True),
        ('if manifest.format == "fake": pass', False),
        ('report = DeviceReport("fake", title)', False),
        ('"""efficientnet-lite0 is the default."""', False),
    ],
)
def test_branches_on_a_model_are_told_from_formats(code: str, found: bool) -> None:
    assert {"efficientnet-lite0", "fake"} <= set(_MODELS)
    assert bool(list(_model_names(ast.parse(code)))) == found


def test_exceptions_are_needed(trees: dict[str, ast.Module]) -> None:
    finders = {ban[0]: ban[2] for ban in BANS}
    for ban, name in _EXCEPT:
        assert name in trees and list(finders[ban](trees[name])), f"{name} no longer needs its exception from {ban!r}"
