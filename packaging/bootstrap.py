"""Sets up ``.venv`` beside the project: ``python3 packaging/bootstrap.py run`` (or ``test``).

Standard library only, since this runs before anything is installed, and in words that Python 3.7 understands,
since whoever has only an old Python must be told so in a sentence and not by a syntax error.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = {"run": "requirements.lock", "test": "requirements-test.lock"}
# Newest first; `python3` last, so that a Python installed beside an old system Python is found.
NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3", "python")
OLDEST = (3, 11)
NEEDED_BYTES = 2_000_000_000
_PROBE = "import sys; print('%d.%d' % sys.version_info[:2]); import ensurepip, venv; print('venv')"


class SetUpError(Exception):
    """What stands in the way, in words for the person at the terminal."""


def main(purpose: str) -> int:
    """Make ``.venv`` fit for `purpose`, at once where it already is; returns the exit code."""
    try:
        set_up(purpose)
    except SetUpError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on.", file=sys.stderr)
        return 130
    return 0


def set_up(purpose: str) -> None:
    """Make ``.venv`` fit for `purpose`. Raises SetUpError."""
    if is_ready(purpose):
        return
    if not _venv_works():
        _make_venv()
    free = shutil.disk_usage(str(ROOT)).free
    if free < NEEDED_BYTES:
        raise SetUpError(
            f"Not enough space: Lightdesk's packages need {NEEDED_BYTES / 1e9:.0f} GB beside the project, and "
            f"{free / 1e9:.1f} GB are free. Free some, then run the same command again."
        )
    print("Setting up Lightdesk: some hundred megabytes are fetched, this once.", file=sys.stderr, flush=True)
    lock = ROOT / LOCKS[purpose]
    _pip(["install", "--require-hashes", "-r", str(lock)], n_packages=len(re.findall("^[a-z]", lock.read_text(), re.M)))
    _pip(["install", "--no-deps", "--no-build-isolation", "-e", str(ROOT)], n_packages=1)
    _stamp(purpose).write_text(_state(purpose), "utf-8")


def is_ready(purpose: str) -> bool:
    """Tell whether what the lock names is installed; what the tests need includes what running needs."""
    if not _venv_python().exists():
        return False
    for done in {purpose, "test"}:
        stamp = _stamp(done)
        if stamp.exists() and stamp.read_text("utf-8") == _state(done):
            return True
    return False


def choose_python() -> str:
    """Return the newest Python that can make an environment. Raises SetUpError, naming what to install."""
    wanted = os.environ.get("PYTHON")
    without_venv, too_old = [], []
    for name in (wanted,) if wanted else (*NAMES, sys.executable):
        path = shutil.which(name)
        if path is None:
            continue
        found = _probe(path)
        if found is None:
            continue
        version, has_venv = found
        if version < OLDEST:
            too_old.append(version)
        elif has_venv:
            return path
        else:
            without_venv.append(version)
    if without_venv:
        package = "python{}.{}-venv".format(*without_venv[0])
        raise SetUpError(
            "Python's venv module is missing. Install it, then run the same command again:\n  " + _apt(package)
        )
    have = "there is none here" if not too_old else "the newest here is {}.{}".format(*max(too_old))
    raise SetUpError(
        f"Lightdesk needs Python 3.11 or newer; {have}. Install one, then run the same command again:\n  "
        + _apt("python3.11", "python3.11-venv")
    )


def _probe(python: str) -> tuple[tuple[int, int], bool] | None:
    """Return the version and whether environments can be made; None where it does not run (a shim without a Python)."""
    done = subprocess.run(
        [python, "-c", _PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
    )
    lines = done.stdout.split()
    if not lines:
        return None
    major, minor = lines[0].split(".")
    return (int(major), int(minor)), "venv" in lines


def _apt(*packages: str) -> str:
    if shutil.which("apt-get") is None:
        return f"(with your system's package manager) {' '.join(packages)}"
    sudo = "" if not hasattr(os, "geteuid") or os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install -y {' '.join(packages)}"


def _make_venv() -> None:
    python = choose_python()
    done = subprocess.run([python, "-m", "venv", "--clear", str(VENV)], check=False)
    if done.returncode != 0:
        raise SetUpError(f"{python} could not make {VENV}; the reason stands above.")


def _venv_python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _venv_works() -> bool:
    """Tell whether the environment can be used: its Python is still there, it has pip, the project was not moved."""
    python = _venv_python()
    if not python.exists():
        return False
    for purpose in LOCKS:
        stamp = _stamp(purpose)
        # The first line is the folder: an environment's scripts carry its path and do not survive a move.
        if stamp.exists() and stamp.read_text("utf-8").splitlines()[:1] != [str(ROOT)]:
            return False
    done = subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True, check=False)
    return done.returncode == 0


def _stamp(purpose: str) -> Path:
    return VENV / f".installed-{purpose}"


def _state(purpose: str) -> str:
    digest = hashlib.sha256()
    for name in (LOCKS[purpose], "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return f"{ROOT}\n{digest.hexdigest()}\n"


def _pip(arguments: list[str], *, n_packages: int) -> None:
    """Run pip quietly, with one line that says how far it is. Raises SetUpError with what pip said was wrong."""
    command = [str(_venv_python()), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    environment = {**os.environ, "PIP_USER": "0", "PIP_PROGRESS_BAR": "off", "PYTHONUNBUFFERED": "1"}
    said = []
    names = set()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            said.append(line.rstrip())
            found = re.match(r"(?:Collecting|Requirement already satisfied:|Obtaining) ([\w.-]+)", line)
            if found:
                names.add(found.group(1))
                _show(f"{len(names)} of {n_packages}: {found.group(1)}")
            elif line.startswith("Installing collected"):
                _show("unpacking")
    _show("")
    if pip.returncode != 0:
        raise SetUpError(_explained(said))


def _show(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _explained(said: list[str]) -> str:
    """Return pip's errors and what to do about them."""
    everything = "\n".join(said)
    errors = [line for line in said if line.lower().startswith("error")] or said[-10:]
    advice = "Run the same command again once the cause is gone."
    if "CERTIFICATE_VERIFY_FAILED" in everything:
        advice = (
            "The package index's certificate is not trusted here. Behind a company's proxy, name its certificate to pip "
            "(pip config set global.cert FILE), then run the same command again."
        )
    elif re.search(
        r"NewConnectionError|NameResolutionError|name resolution|ConnectTimeout|unreachable|Could not fetch URL",
        everything,
    ):
        advice = "The package index cannot be reached: check the connection (or pip's settings), then run the same command again."
    elif "No space left on device" in everything:
        advice = "The disk is full: free some space, then run the same command again."
    return "\n".join(["The packages could not be installed:", *(f"  {line}" for line in errors), advice])


if __name__ == "__main__":
    if sys.argv[1:] not in ([name] for name in LOCKS):
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(LOCKS)}")
    sys.exit(main(sys.argv[1]))
