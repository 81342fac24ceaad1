"""Sets up ``.venv`` beside the project. Standard library only: this runs before anything is installed.

    python3 packaging/bootstrap.py run|test
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCKS = {"run": "requirements.lock", "test": "requirements-test.lock"}


def main(purpose: str) -> int:
    """Make the environment fit for `purpose`; quick when it already is."""
    if sys.version_info < (3, 11):  # noqa: UP036  an older Python must be told so
        print(f"Lightdesk needs Python 3.11 or newer; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 1
    stamp, wanted = VENV / f".installed-{purpose}", _fingerprint(purpose)
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return 0
    if not _has_pip() and not _make_venv():
        return 1
    print("Installing what Lightdesk needs (some minutes the first time)...", file=sys.stderr)
    lock = ROOT / LOCKS[purpose]
    installed = _pip("install", "--require-hashes", "-r", str(lock)) and _pip(
        "install", "--no-deps", "--no-build-isolation", "-e", str(ROOT)
    )
    if not installed:
        print("The installation failed; the reason stands above. Run the same command again.", file=sys.stderr)
        return 1
    stamp.write_text(wanted)
    return 0


def _fingerprint(purpose: str) -> str:
    parts = [(ROOT / name).read_bytes() for name in (LOCKS[purpose], "pyproject.toml")]
    return hashlib.sha256(b"\0".join([*parts, sys.version.encode()])).hexdigest()


def _has_pip() -> bool:
    if not PYTHON.exists():
        return False
    return subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def _make_venv() -> bool:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        print(
            "Python's venv module is missing. Install it with:\n"
            f"  sudo apt-get install -y {version}-venv\n"
            "and run the same command again.",
            file=sys.stderr,
        )
        return False
    return subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False).returncode == 0


def _pip(*arguments: str) -> bool:
    command = [PYTHON, "-m", "pip", "--disable-pip-version-check", arguments[0], "-q", *arguments[1:]]
    return subprocess.run(command, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
