"""The environment that searches are compared in: this one, and beside it the packages of the extra ``bench``."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_MAKING_S = 1800


class NotInstalled(Exception):
    """pip could not, with the reason."""


def pins() -> list[str]:
    """Return the requirements of the extra ``bench``."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return list(project["optional-dependencies"]["bench"])


def python() -> Path:
    """Return the Python of that environment, made at first need and kept in the system's temporary folder.

    It sees the packages of this environment, so that numpy and FAISS are the same for everybody, and nothing is installed
    into it. Raises NotInstalled.
    """
    wanted = pins()
    ours = sysconfig.get_path("purelib")
    digest = hashlib.sha256(repr((wanted, sys.version, ours)).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir(), f"lightdesk-similar-{digest}")
    executable = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    done = folder / "complete"
    if done.exists():
        return executable
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    command = [str(executable), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    (packages / "lightdesk.pth").write_text(ours + "\n", "utf-8")
    command = [str(executable), "-m", "pip", "install", "-q", "--disable-pip-version-check", *wanted]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=_MAKING_S, check=False)
    if ran.returncode:
        raise NotInstalled(f"pip could not install {', '.join(wanted)}: {ran.stderr.strip()[-400:]}")
    done.touch()
    return executable
