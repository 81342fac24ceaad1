"""Every command that README shows is run.

In quick runs (`make test`): the commands of the program itself on sample photos; of `make` what it would do.
In slow ones (`make test-all`): `make run` for real, without a display, as README's first reader would see it in a
terminal, and `pip install .` into an environment of its own. `make test` is not started from inside itself: that it
passes is what the run around this test shows.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = [
    line
    for block in re.findall(r"(?ms)^```sh\n(.*?)^```", README)
    for line in block.splitlines()
    if line.strip() and not line.startswith("#")
]


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
    assert COMMANDS[:2] == ["make run", "make test"]


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("make ")])
def test_make_knows_it(command: str, home: Path) -> None:
    done = run(f"{command} --dry-run", ROOT, home)
    assert done.returncode == 0, done.stderr
    assert "packaging/bootstrap.py" in done.stdout


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("lightdesk")])
def test_lightdesk_knows_it(command: str, photos: Path, home: Path) -> None:
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


@pytest.mark.slow
@pytest.mark.skipif("pip install ." not in README, reason="README does not show it")
def test_pip_install_gives_the_command(photos: Path, home: Path, tmp_path: Path) -> None:
    """Into an environment that has the dependencies (those of this run) but not this checkout."""
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


def test_pictures_and_links_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target
