"""Chooses versions anew and writes the lock files; needs ``uv``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# One version of each package for all Pythons (`fewest`): a check that passes on one does not fail on another.
_OPTIONS = (
    "--universal --fork-strategy fewest --python-version 3.11 "
    "--no-header --no-annotate --no-emit-index-url --no-emit-find-links --generate-hashes -q"
)
_BUILD = "setuptools==80.9.0\n"  # the build backend, since the project itself is installed without isolation


def main() -> None:
    """Write both lock files."""
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "uv"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder, "build.in")
        build.write_text(_BUILD)
        compile_ = [sys.executable, "-m", "uv", "pip", "compile", *_OPTIONS.split()]
        run = [*compile_, "pyproject.toml", str(build), "-o", "requirements.lock"]
        subprocess.run(run, cwd=ROOT, check=True)
        test = [
            *compile_,
            "--extra",
            "test",
            "--extra",
            "heif",
            "-c",
            "requirements.lock",
            "pyproject.toml",
            str(build),
        ]
        subprocess.run([*test, "-o", "requirements-test.lock"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
