"""Sets up ``.venv`` beside the project: ``python3 packaging/bootstrap.py run`` (or ``test``).

Standard library only, since this runs before anything is installed, and in words that Python 3.7 understands,
since whoever has only an old Python must be told so in a sentence and not by a syntax error.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = {"run": "requirements.lock", "test": "requirements-test.lock"}
# Newest first; `python3` last, so that a Python installed beside an old system Python is found.
NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3", "python")
OLDEST = (3, 11)
NEEDED_BYTES = 2_000_000_000
# What a person's shell may set for other Pythons, and what would lead this one astray.
_ASTRAY = re.compile("PYTHON(PATH|HOME|STARTUP)|PIP_(TARGET|PREFIX|ROOT|REQUIRE_VIRTUALENV)")
_PROBE = "import sys; print('%d.%d' % sys.version_info[:2]); import ensurepip, venv; print('venv')"
_ENDS_WITHIN_S = 20.0


class SetUpError(Exception):
    """What stands in the way, in words for the person at the terminal."""


class Stopped(BaseException):
    """Someone ends the set-up by a signal; not an Exception, so that nothing takes it for a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def main(purpose: str) -> int:
    """Make ``.venv`` fit for `purpose`, at once where it already is; returns the exit code."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # Whoever started it with nohup wants it to go on.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        set_up(purpose)
    except (SetUpError, OSError) as error:  # a full disk, no folder for temporary files: these name themselves
        print(f"\n{error}", file=sys.stderr)
        return 1
    except Stopped as stopped:
        print("\nStopped. Run the same command again to go on.", file=sys.stderr)
        return stopped.exit_code
    return 0


def _stop(number: int, _frame: object) -> None:
    raise Stopped(number)


def set_up(purpose: str) -> None:
    """Make ``.venv`` fit for `purpose`. Raises SetUpError."""
    if is_ready(purpose):
        return
    _check_path()
    with _one_at_a_time() as held:
        if is_ready(purpose):  # by the one that was waited for
            return
        _make_ready(purpose, held)


def _make_ready(purpose: str, held: tuple[int, ...]) -> None:
    if not _venv_works():
        python = choose_python()
        _check_space()
        _make_venv(python, held)
        _made().write_text(f"{ROOT}\n", "utf-8")
    print("Setting up Lightdesk: some hundred megabytes are fetched, this once.", file=sys.stderr, flush=True)
    lock = ROOT / LOCKS[purpose]
    n_packages = len(re.findall("^[a-z]", lock.read_text("utf-8"), re.M))
    _pip(["install", "--require-hashes", "-r", str(lock)], held, n_packages=n_packages)
    _pip(["install", "--no-deps", "--no-build-isolation", "-e", str(ROOT)], held, n_packages=1)
    _stamp(purpose).write_text(_state(purpose), "utf-8")


def is_ready(purpose: str) -> bool:
    """Tell whether what the lock names is installed; what the tests need includes what running needs."""
    if not _venv_python().exists() or _unfinished().exists() or _python_was_replaced():
        return False
    for done in {purpose, "test"}:
        stamp = _stamp(done)
        if stamp.exists() and stamp.read_text("utf-8") == _state(done):
            return True
    return False


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[tuple[int, ...]]:
    """Let a second set-up of this folder wait for the first.

    Yields the descriptors that a child has to keep open: were this process killed, its pip would go on for a while,
    and nobody should begin beside it.
    """
    try:
        import fcntl
    except ImportError:  # Windows cannot lock a folder
        yield ()
        return
    folder = os.open(str(ROOT), os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up of this folder is at work; waiting for its end.", file=sys.stderr, flush=True)
            fcntl.flock(folder, fcntl.LOCK_EX)
        except OSError:
            pass  # a network drive without locks: set up all the same, as without this courtesy
        yield (folder,)
    finally:
        os.close(folder)


def _check_path() -> None:
    """Refuse a folder that Python's own tools would misread, and to clear what `.venv` leads to where that is another project's."""
    other = Path(_made().read_text("utf-8").strip()) if VENV.is_symlink() and _made().exists() else ROOT
    if other != ROOT and other.is_dir():
        raise SetUpError(
            f"{VENV} leads to the environment of {other}.\nRemove the link, then run the same command again."
        )
    for sign, name in {"$": "$", "{": "{", os.pathsep: os.pathsep, "\n": "a line break"}.items():
        if sign in str(ROOT):
            raise SetUpError(
                f"Python's tools cannot work in a folder with {name} in its path: {ROOT}\n"
                "Rename or move it, then run the same command again."
            )


def _check_space() -> None:
    # What is to be replaced gives its room back.
    there = sum(file.lstat().st_size for file in VENV.rglob("*") if not file.is_dir()) if VENV.exists() else 0
    free = shutil.disk_usage(str(VENV if VENV.exists() else ROOT)).free + there
    if free < NEEDED_BYTES:
        raise SetUpError(
            f"Not enough space: Lightdesk's packages need {NEEDED_BYTES / 1e9:.0f} GB beside the project, and "
            f"{free / 1e9:.1f} GB are free. Free some, then run the same command again."
        )


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
    try:
        done = subprocess.run(
            [python, "-c", _PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
        )
    except OSError:
        return None
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


def _make_venv(python: str, held: tuple[int, ...]) -> None:
    said: list[str] = []
    if _run([python, "-m", "venv", "--clear", str(VENV)], held, said.append) != 0:
        raise SetUpError("\n".join([f"{python} could not make {VENV}:", *(f"  {line}" for line in said[-10:])]))


def _venv_python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _venv_works() -> bool:
    """Tell whether the environment can be used: made here and to the end, its Python still there, with pip."""
    python = _venv_python()
    if not python.exists() or _unfinished().exists() or _python_was_replaced():
        return False
    # The first line is the folder: an environment's scripts carry its path and do not survive a move.
    firsts = [
        file.read_text("utf-8").splitlines()[:1]
        for file in (_made(), *(_stamp(purpose) for purpose in LOCKS))
        if file.exists()
    ]
    if not firsts or any(first != [str(ROOT)] for first in firsts):
        return False
    try:
        done = subprocess.run(
            [str(python), "-m", "pip", "--version"], capture_output=True, env=_environment(), timeout=120, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _python_was_replaced() -> bool:
    """Tell whether ``.venv`` leads to another Python than it was made by, as after an upgrade of the system."""
    name = re.fullmatch(r"python(\d+\.\d+)", _venv_python().resolve().name)
    try:
        made_by = re.search(r"(?m)^version\s*=\s*(\d+\.\d+)", (VENV / "pyvenv.cfg").read_text("utf-8"))
    except OSError:
        return False
    return bool(name and made_by and name.group(1) != made_by.group(1))


def _made() -> Path:
    return VENV / ".made"


def _unfinished() -> Path:
    """There while packages are unpacked: whatever stops that, the environment is made anew and never half trusted."""
    return VENV / ".unfinished"


def _stamp(purpose: str) -> Path:
    return VENV / f".installed-{purpose}"


def _state(purpose: str) -> str:
    digest = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in (LOCKS[purpose], "pyproject.toml")))
    return f"{ROOT}\n{digest.hexdigest()}\n"


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not _ASTRAY.fullmatch(name)}
    return {**kept, "PIP_USER": "0", "PIP_PROGRESS_BAR": "off", "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}


def _run(command: list[str], held: tuple[int, ...], on_line: Callable[[str], object]) -> int:
    """Run a child to its end, give each line that it says to `on_line`, and return its exit code. Raises SetUpError.

    It has a session of its own: Ctrl+C reaches only this process, which then ends the child once and in order, so
    that pip takes its temporary files away.
    """
    posix = os.name == "posix"
    with _temporary_folder() as temporary:
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                env={**_environment(), "TMPDIR": temporary},
                start_new_session=posix,
                pass_fds=held if posix else (),
            )
        except OSError as error:
            raise SetUpError(
                f"{command[0]} cannot be started: {error.strerror}.\n"
                "Mend that Python, or name another (PYTHON=... before the command), then run the same command again."
            ) from error
        with child:
            assert child.stdout is not None
            try:
                for line in child.stdout:
                    on_line(line.rstrip())
                return child.wait()
            except BaseException:
                # In the background of a shell Ctrl+C is ignored, and so it is by the child.
                deaf = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
                child.send_signal(signal.SIGTERM if deaf or not posix else signal.SIGINT)
                try:
                    child.communicate(timeout=_ENDS_WITHIN_S)
                except subprocess.TimeoutExpired:
                    child.kill()
                raise


@contextlib.contextmanager
def _temporary_folder() -> Iterator[str]:
    """Lend a folder that goes away: pip leaves hundreds of megabytes behind where it is ended without mercy."""
    folder = tempfile.mkdtemp(prefix="lightdesk-set-up-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pip(arguments: list[str], held: tuple[int, ...], *, n_packages: int) -> None:
    """Run pip quietly, with one line that says how far it is. Raises SetUpError with what pip said was wrong."""
    said: list[str] = []
    names: set[str] = set()

    def look(line: str) -> None:
        said.append(line)
        found = re.match(r"(?:Collecting|Requirement already satisfied:|Obtaining) ([\w.-]+)", line)
        if found:
            names.add(found.group(1))
            _show(f"{len(names)} of {n_packages}: {found.group(1)}")
        elif line.startswith("Installing collected"):
            _unfinished().touch()
            _show("unpacking")

    code = _run([str(_venv_python()), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments], held, look)
    _show("")
    if code != 0:
        raise SetUpError(_explained(said))
    if _unfinished().exists():
        _unfinished().unlink()


def _show(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _explained(said: list[str]) -> str:
    """Return pip's errors and what to do about them."""
    everything = "\n".join(said)
    errors = [line for line in said if line.lower().startswith("error")] or said[-10:]
    # Where pip or a package's build failed on an exception, that is the reason: the last one of all.
    reasons = [line.strip() for line in said if re.match(r"\s*\w*(Error|Exception): ", line)]
    advice = "Run the same command again once the cause is gone."
    if "CERTIFICATE_VERIFY_FAILED" in everything:
        advice = (
            "The package index's certificate is not trusted here. Behind a company's proxy, name its certificate to pip "
            "(pip config set global.cert FILE), then run the same command again."
        )
    elif re.search(
        r"(NewConnection|NameResolution)Error|name resolution|ConnectTimeout|unreachable|Could not fetch URL",
        everything,
    ):
        advice = "The package index cannot be reached: check the connection (or pip's settings), then run the same command again."
    elif "No space left on device" in everything or "Disk quota exceeded" in everything:
        temporary = tempfile.gettempdir()
        advice = "The disk is full: free some space, then run the same command again."
        if shutil.disk_usage(temporary).free < shutil.disk_usage(str(ROOT)).free:
            advice = (
                f"The folder for temporary files, {temporary}, became full: free some space, or name another "
                "(TMPDIR=/var/tmp before the command), then run the same command again."
            )
    elif "No matching distribution found" in everything:
        advice = (
            f"There is no such package for this machine ({_machine()}), or the package index does not have it. "
            "Lightdesk needs Python 3.11 to 3.14 on Linux (x86-64 with glibc 2.34, ARM with glibc 2.39, or newer), "
            "Windows, or macOS 14 on Apple silicon."
        )
    return "\n".join(
        ["The packages could not be installed:", *(f"  {line}" for line in (*errors, *reasons[-1:])), advice]
    )


def _machine() -> str:
    libc, found = " ".join(platform.libc_ver()), _probe(str(_venv_python()))
    version = "Python {}.{}".format(*found[0]) if found else "Python unknown"
    return ", ".join(filter(None, [f"{platform.system()} {platform.machine()}", libc, version]))


if __name__ == "__main__":
    if sys.argv[1:] not in ([name] for name in LOCKS):
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(LOCKS)}")
    sys.exit(main(sys.argv[1]))
