"""Runs pytest; where Qt lacks libraries of the system it runs all but the window's tests and says which are missing.

pytest-qt imports Qt as it starts, and a Qt without its libraries would take every other test down with it.

Without paths, the tests of the window and all others run side by side: most of them wait more than they work. With
``--one-by-one`` they do not, for what is slow because it measures or loads the machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from desktop.platform_check import why_no_window

os.environ["QT_QPA_PLATFORM"] = "offscreen"
_WINDOW_TESTS = ("tests/desktop", "tests/house/test_qt.py")
_ONE_BY_ONE = "--one-by-one"
_NOTHING_TO_RUN = 5  # pytest's code where no test was chosen


def main(arguments: list[str]) -> int:
    """Return pytest's exit code, the worse of two."""
    reason = why_no_window()
    if reason is None:
        if _ONE_BY_ONE not in arguments and not any(argument.startswith("tests") for argument in arguments):
            return _side_by_side(arguments)
        return subprocess.run(_command([a for a in arguments if a != _ONE_BY_ONE]), check=False).returncode
    without = ["-p", "no:pytest-qt", *(f"--ignore={path}" for path in _WINDOW_TESTS)]
    # pytest-qt's settings are unknown without it
    without += ["-o", "addopts=-ra --strict-markers", "-W", "ignore::pytest.PytestConfigWarning"]
    advice = f"The tests of the window are left out: Qt lacks system libraries here.\n{reason.splitlines()[-1]}"
    print(f"{advice}\n", file=sys.stderr, flush=True)
    os.environ["LIGHTDESK_TESTS_WITHOUT_QT"] = "1"
    code = subprocess.run(_command([a for a in arguments if a != _ONE_BY_ONE]) + without, check=False).returncode
    print(f"\n{advice}", file=sys.stderr)
    return code


def _side_by_side(arguments: list[str]) -> int:
    """Run the window's tests behind the others; what they printed comes after them."""
    with tempfile.TemporaryFile() as printed:
        # A cache of what failed belongs to one run.
        window = subprocess.Popen(
            [*_command(arguments), "-p", "no:cacheprovider", *_WINDOW_TESTS], stdout=printed, stderr=subprocess.STDOUT
        )
        try:
            others = subprocess.run(
                [*_command(arguments), *(f"--ignore={path}" for path in _WINDOW_TESTS)], check=False
            ).returncode
            code = window.wait()
        finally:
            window.kill()
            window.wait()
        printed.seek(0)
        sys.stdout.flush()
        sys.stdout.buffer.write(printed.read())
        sys.stdout.flush()
    codes = [0 if each == _NOTHING_TO_RUN else each for each in (others, code)]
    return _NOTHING_TO_RUN if others == code == _NOTHING_TO_RUN else max(codes)


def _command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", *arguments]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
