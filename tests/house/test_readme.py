"""Every command that README shows is run, in blocks and in sentences; one that no rule knows is red.

In quick runs (`make test`): the commands of the program itself on sample photos; of `make` what it would do.
In slow ones (`make test-all`): `make run` for real, without a display, as README's first reader would see it in a
terminal, and `pip install .` into an environment of its own. `make test` is not started from inside itself: that it
passes is what the run around this test shows. What would be fetched from a package index is compared with pyproject.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
_FENCED = re.compile(r"(?ms)^```(\w*)\n(.*?)^```$")
IN_BLOCKS = [
    line
    for _language, block in _FENCED.findall(README)
    for line in block.splitlines()
    if line.strip() and not line.startswith("#")
]
_PROSE = _FENCED.sub("", README)
_SPANS = {" ".join(span.split()) for span in re.findall(r"`([^`]+)`", _PROSE)}
# What stands like code in sentences and is no command.
NAMES = {
    ".venv",
    "apt-get",
    "--json",
    "~/.local/share/lightdesk/library.lightdesk",
    "~/.cache/lightdesk",
    "LIGHTDESK_HOME",
    "pillow-heif",
}
COMMANDS = list(dict.fromkeys([*IN_BLOCKS, *sorted(_SPANS - NAMES)]))
# A command is checked by the rule whose beginning it has: the tests below.
RULES = {
    "make": r"make( |$)",
    "lightdesk": r"(\.venv/bin/)?lightdesk( |$)",
    "pip": r"(\.venv/bin/)?pip install ",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def under(rule: str) -> list[str]:
    """The commands that a rule is for."""
    return [command for command in COMMANDS if re.match(RULES[rule], command)]


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a terminal without a display has, with data in `home`; `lightdesk` is found on the path."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    }
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return {**kept, "PATH": path, "LIGHTDESK_HOME": str(home), "LC_ALL": "C.UTF-8", **more}


def run(command: str, folder: Path, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a line as a shell does."""
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment(home, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with what README's examples name."""
    folder = tmp_path / "reader"
    samples = sorted((ROOT / "resources/samples").glob("*.jpg"))
    for name in ("a.jpg", "photo.jpg", "my photo.jpg"):
        folder.mkdir(exist_ok=True)
        shutil.copy(samples[0], folder / name)
    for name in ("folder", "holiday"):
        (folder / name).mkdir()
        shutil.copy(samples[1], folder / name / "one.jpg")
    return folder


def test_the_two_commands_come_first() -> None:
    assert IN_BLOCKS[:2] == ["make run", "make test"]


def test_nothing_that_looks_like_a_command_is_passed_over() -> None:
    assert {language for language, _ in _FENCED.findall(README)} == {"sh"}
    assert "```" not in _PROSE and _PROSE.count("`") % 2 == 0 and not re.search(r"(?m)^( {4}|\t|~~~)", _PROSE)
    assert NAMES <= _SPANS, "NAMES holds what README no longer says"
    for command in COMMANDS:
        rules = [name for name, beginning in RULES.items() if re.match(beginning, command)]
        assert len(rules) == 1, f"README shows `{command}`: no rule checks it, and it is not in NAMES"
    assert all(under(rule) for rule in RULES)


@pytest.mark.parametrize("command", under("make"))
def test_make_knows_it(command: str, home: Path) -> None:
    done = run(f"{command} --dry-run", ROOT, home)
    assert done.returncode == 0, done.stderr
    assert "packaging/bootstrap.py" in done.stdout


@pytest.mark.parametrize("command", under("lightdesk"))
def test_lightdesk_knows_it(command: str, photos: Path, home: Path) -> None:
    command = command.removeprefix(".venv/bin/")  # that of this run is found on the path
    if "classify" not in command:  # the rest look at what that one has made
        assert run("lightdesk classify photo.jpg", photos, home, LIGHTDESK_MODEL="fake").returncode == 0
    done = run(command, photos, home, LIGHTDESK_MODEL="fake")
    # doctor's answer depends on the machine
    assert done.returncode in ((0, 1) if "doctor" in command else (0,)), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_make_run_prints_a_table_without_a_display(photos: Path, home: Path) -> None:
    """The real thing on the real model: quotes in FILES carry names with spaces."""
    done = run("make --no-print-directory run", ROOT, home)
    assert done.returncode == 0, done.stderr
    assert "chelsea.jpg" in done.stdout and "cpu" in done.stdout and "cat" in done.stdout
    assert "no display" in done.stderr
    files = " ".join(shlex.quote(str(photos / name)) for name in ("my photo.jpg", "holiday"))
    again = run(f"make --no-print-directory run FILES={shlex.quote(files)}", ROOT, home)
    assert again.returncode == 0, again.stderr
    assert "my photo.jpg" in again.stdout and "one.jpg" in again.stdout
    assert "chelsea.jpg" not in again.stdout
    assert "Building" not in again.stderr


def to_install(command: str) -> list[Requirement]:
    """What a command has pip install; `.` is the project in the folder."""
    words = [word for word in shlex.split(command.partition("pip install ")[2]) if word != "--force-reinstall"]
    return [Requirement(re.sub(r"^\.(?=\[|$)", PROJECT["name"], word)) for word in words]


def told_by_the_program() -> Iterator[str]:
    """What the program's own words tell a person to install."""
    for package in ("engine", "desktop"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Constant) and "pip install " in str(node.value):
                    yield "pip install " + str(node.value).partition("pip install ")[2]


def told_by_the_documents() -> Iterator[str]:
    for path in (ROOT / "docs").glob("*.md"):
        yield from re.findall(r"`(pip install [^`]+)`", path.read_text("utf-8"))


@pytest.mark.parametrize("command", sorted({*under("pip"), *told_by_the_program(), *told_by_the_documents()}))
def test_what_is_to_be_installed_is_what_the_program_needs(command: str) -> None:
    """The same versions and extras as in pyproject, where nothing may be fetched."""
    extras = PROJECT["optional-dependencies"]
    needed = [
        Requirement(text) for text in [*PROJECT["dependencies"], *(text for name in extras for text in extras[name])]
    ]
    asked = to_install(command)
    assert asked
    if command.startswith(".venv/bin/"):
        assert shutil.which("pip", path=str(Path(sys.executable).parent)), "the set-up makes no pip"
    for wanted in asked:
        if wanted.name == PROJECT["name"]:
            assert wanted.extras <= extras.keys() and not wanted.specifier, command
        else:
            assert (wanted.name, wanted.extras, wanted.specifier) in [
                (one.name, one.extras, one.specifier) for one in needed
            ], f"pyproject does not ask for {wanted}"


@pytest.mark.slow
def test_pip_install_gives_the_command(photos: Path, home: Path, tmp_path: Path) -> None:
    """Into an environment that has the dependencies (those of this run) but not this checkout."""
    assert "pip install ." in COMMANDS
    place = tmp_path / "env"
    venv.create(place, with_pip=False)
    bin_, site = place / "bin", next(place.glob("lib/python*/site-packages"))
    here = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    pip = f"{shlex.quote(sys.executable)} -m pip --disable-pip-version-check"
    copy = tmp_path / "checkout"
    for package in ("engine", "desktop", "models", "resources"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    installed = run(
        f"{pip} --python {bin_}/python install -q --no-deps --no-build-isolation .", copy, home, PYTHONPATH=str(here)
    )
    assert installed.returncode == 0, installed.stderr
    # its own copy of the program, then the dependencies of this run, without this checkout's editable finder
    (site / "dependencies.pth").write_text(f"{here}\n", "utf-8")
    done = run(f"{bin_}/lightdesk classify a.jpg", photos, home)
    assert done.returncode == 0, done.stderr
    assert "a.jpg" in done.stdout and "cpu" in done.stdout
    where = run(f"{bin_}/python -c 'import engine, models; print(engine.__file__, models.__file__)'", photos, home)
    assert all(Path(path).is_relative_to(site) for path in where.stdout.split()), where.stdout
    _check_what_is_installed(site, bin_)
    _check_that_nothing_is_written_there(place, photos, tmp_path / "another home")


def _check_what_is_installed(site: Path, bin_: Path) -> None:
    """All data beside the modules, both commands, and nothing of the house."""
    there = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    data = {
        path.relative_to(ROOT).as_posix()
        for place in ("models", "resources", "engine", "desktop")
        for path in (ROOT / place).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert data - there == set()
    assert {"resources/samples/LICENCES.md", "models/efficientnet-lite0.toml", "engine/py.typed"} <= there
    tops = {name.partition("/")[0] for name in there} - {"dependencies.pth"}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"engine", "desktop", "models", "resources"}
    (info,) = site.glob("lightdesk-*.dist-info")
    entries = (info / "entry_points.txt").read_text("utf-8")
    assert "[console_scripts]\nlightdesk = " in entries and "[gui_scripts]\nlightdesk-window = " in entries
    assert (bin_ / "lightdesk-window").exists() and (info / "licenses/LICENSE").exists()


def _check_that_nothing_is_written_there(place: Path, photos: Path, home: Path) -> None:
    """As an administrator installs it for others: the model is built in the person's own folder."""
    files = [place, *(path for path in place.rglob("*") if not path.is_symlink())]
    modes = {path: path.stat().st_mode for path in files}
    before = {path: path.stat().st_mtime_ns for path in files}
    for path in files:
        path.chmod(modes[path] & ~0o222)
    try:
        for command in ("lightdesk", "python -m desktop", "lightdesk-window"):
            done = run(f"{place}/bin/{command}", photos, home, PYTHONDONTWRITEBYTECODE="1")
            assert done.returncode == 0, done.stderr
            assert "chelsea.jpg" in done.stdout and "no display" in done.stderr
        assert "efficientnet-lite0@1" in run(f"{place}/bin/lightdesk models", photos, home).stdout
        assert [*home.glob("**/model.onnx")]
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    after = {path: path.stat().st_mtime_ns for path in place.rglob("*") if "__pycache__" not in path.parts}
    assert {path for path, time_ns in after.items() if before.get(path) != time_ns and path.is_file()} == set()


def test_what_is_said_of_cuda_is_said_everywhere() -> None:
    """Whoever tests it on a real GPU says so in all of these."""
    untested = {
        "README.md": "CUDA is not yet tested on a real GPU",
        "docs/benchmarks.md": "CUDA: no machine with a GPU was at hand",
        "engine/doctor/gpu.py": "has not yet been tested on a real GPU",
    }
    said = {name: words in " ".join((ROOT / name).read_text("utf-8").split()) for name, words in untested.items()}
    assert len({*said.values()}) == 1, said


def test_pictures_and_links_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target
