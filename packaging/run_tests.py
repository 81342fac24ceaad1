"""Runs pytest; where Qt lacks libraries of the system it runs all but the window's tests and says which are missing.

pytest-qt imports Qt as it starts, and a Qt without its libraries would take every other test down with it.
"""

from __future__ import annotations

import os
import subprocess
import sys

from desktop.platform_check import why_no_window

os.environ["QT_QPA_PLATFORM"] = "offscreen"
_WINDOW_TESTS = ("tests/desktop", "tests/house/test_qt.py")


def main(arguments: list[str]) -> int:
    """Return pytest's exit code."""
    command = [sys.executable, "-m", "pytest", *arguments]
    reason = why_no_window()
    if reason is None:
        return subprocess.run(command, check=False).returncode
    without = ["-p", "no:pytest-qt", *(f"--ignore={path}" for path in _WINDOW_TESTS)]
    # pytest-qt's settings are unknown without it
    without += ["-o", "addopts=-ra --strict-markers", "-W", "ignore::pytest.PytestConfigWarning"]
    advice = f"The tests of the window are left out: Qt lacks system libraries here.\n{reason.splitlines()[-1]}"
    print(f"{advice}\n", file=sys.stderr, flush=True)
    os.environ["LIGHTDESK_TESTS_WITHOUT_QT"] = "1"
    code = subprocess.run([*command, *without], check=False).returncode
    print(f"\n{advice}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
