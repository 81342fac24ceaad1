"""Set-up: what `packaging/bootstrap.py` says and does, and that the locks lock."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, with a project of its own in an empty folder, and pip only noted down in `calls`."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "packaging/bootstrap.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("requirements.lock", "requirements-test.lock", "pyproject.toml"):
        (tmp_path / name).write_text("click==8.5.1\n", "utf-8")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.delenv("PYTHON", raising=False)
    monkeypatch.setattr(module.signal, "signal", lambda *_: None)
    module.calls = []

    def make(_python: str, _held: tuple[int, ...]) -> None:
        module.calls.append("venv")
        python = module._venv_python()
        python.parent.mkdir(parents=True)
        python.write_text("", "utf-8")

    monkeypatch.setattr(module, "_make_venv", make)
    monkeypatch.setattr(module, "_venv_works", lambda: module._venv_python().exists())
    monkeypatch.setattr(module, "_pip", lambda arguments, *_, **__: module.calls.append(arguments[1]))
    return module


def pythons(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, there: dict[str, tuple[tuple[int, int], bool]]
) -> None:
    """Let the machine have these Pythons: version, and whether they can make environments."""
    monkeypatch.setattr(module.shutil, "which", lambda name: name if name in there or name == "apt-get" else None)
    monkeypatch.setattr(module, "_probe", lambda name: there[name])
    monkeypatch.setattr(module.os, "geteuid", lambda: 1000, raising=False)


def test_second_run_does_nothing(bootstrap: ModuleType, tmp_path: Path) -> None:
    assert bootstrap.main("run") == 0
    assert bootstrap.calls == ["venv", "--require-hashes", "--no-deps"]
    bootstrap.calls.clear()
    assert bootstrap.main("run") == 0
    assert bootstrap.calls == []
    (tmp_path / "requirements.lock").write_text("click==8.5.2\n", "utf-8")
    assert bootstrap.main("run") == 0
    assert bootstrap.calls == ["--require-hashes", "--no-deps"]


def test_what_tests_need_includes_what_running_needs(bootstrap: ModuleType) -> None:
    assert bootstrap.main("test") == 0
    bootstrap.calls.clear()
    assert bootstrap.main("run") == 0
    assert bootstrap.calls == []


def test_an_interrupted_or_failed_set_up_is_done_again(bootstrap: ModuleType, monkeypatch, capsys) -> None:
    def fail(arguments: list[str], *_: object, **__: object) -> None:
        raise bootstrap.SetUpError(bootstrap._explained(["Collecting click", "ERROR: NewConnectionError: no"]))

    monkeypatch.setattr(bootstrap, "_pip", fail)
    assert bootstrap.main("run") == 1
    said = capsys.readouterr().err
    assert "index cannot be reached" in said and "Collecting" not in said
    assert not bootstrap.is_ready("run")


def test_the_newest_python_that_can_is_taken(bootstrap: ModuleType, monkeypatch) -> None:
    pythons(
        bootstrap,
        monkeypatch,
        {"python3": ((3, 10), True), "python3.12": ((3, 12), True), "python3.13": ((3, 13), False)},
    )
    assert bootstrap.choose_python() == "python3.12"
    monkeypatch.setenv("PYTHON", "python3.13")
    with pytest.raises(bootstrap.SetUpError, match=r"(?m)^  sudo apt-get install -y python3\.13-venv$"):
        bootstrap.choose_python()


def test_a_missing_venv_module_is_named(bootstrap: ModuleType, monkeypatch) -> None:
    pythons(bootstrap, monkeypatch, {"python3": ((3, 11), False)})
    with pytest.raises(bootstrap.SetUpError, match=r"(?m)^  sudo apt-get install -y python3\.11-venv$"):
        bootstrap.choose_python()


def test_an_old_python_is_told(bootstrap: ModuleType, monkeypatch) -> None:
    pythons(bootstrap, monkeypatch, {"python3": ((3, 10), True)})
    with pytest.raises(bootstrap.SetUpError, match=r"3\.11 or newer; the newest here is 3\.10"):
        bootstrap.choose_python()


def test_a_full_disk_is_told_before(bootstrap: ModuleType, monkeypatch, capsys) -> None:
    monkeypatch.setattr(bootstrap, "NEEDED_BYTES", 10**18)
    assert bootstrap.main("run") == 1
    assert "Not enough space" in capsys.readouterr().err
    assert bootstrap.calls == []


def test_an_old_python_can_read_it() -> None:
    ast.parse((ROOT / "packaging/bootstrap.py").read_bytes(), feature_version=(3, 7))


def test_it_needs_nothing_installed() -> None:
    code = "import sys; sys.path.insert(0, 'packaging'); import bootstrap; print(bootstrap._probe(sys.executable))"
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.startswith(f"(({sys.version_info[0]}, {sys.version_info[1]})")


# The locks


def locked(name: str) -> dict[str, set[str]]:
    """Packages of a lock with their versions (more than one where markers divide them)."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"(?m)^([a-z0-9._-]+)==([^ ;\\]+)", (ROOT / name).read_text("utf-8")):
        found.setdefault(package, set()).add(version)
    return found


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_every_package_has_its_hashes_and_no_place(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    for block in re.split(r"(?m)^(?=[a-z])", text):
        if block.strip() and not block.startswith("#"):
            assert "--hash=sha256:" in block, block.splitlines()[0]
    # Where packages come from is the business of each machine.
    assert not re.search(r"://|--index|--find-links|--extra-index", text)
    assert "torch" not in locked(name)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_every_python_gets_the_same_versions(name: str) -> None:
    """Two versions of numpy have two sets of types: `make test` was red on Python 3.12 and green on 3.11."""
    assert {package: versions for package, versions in locked(name).items() if len(versions) > 1} == {}


def test_the_locks_agree() -> None:
    tests = locked("requirements-test.lock")
    for package, versions in locked("requirements.lock").items():
        assert tests[package] == versions, package


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    for name, requirements in (
        ("requirements.lock", project["dependencies"]),
        ("requirements-test.lock", [*project["dependencies"], *extras["test"], *extras["heif"]]),
    ):
        have = locked(name)
        for requirement in requirements:
            found = re.match(r"[A-Za-z0-9._-]+", requirement)
            assert found is not None and found[0].lower() in have, requirement


def test_windows_and_macos_are_locked_too() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert re.search(r"(?m)^onnxruntime==[^ ]+ ;.*(darwin|platform_machine)", text)
    assert re.search(r"(?m)^onnxruntime-gpu==[^ ]+ ;.*platform_machine", text)
    for system in ("win_amd64", "macosx"):
        assert system not in text  # universal: markers choose, not one machine's wheels
