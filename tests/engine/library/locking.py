"""Another process that holds a library's lock."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_CHILD = """
import sys
import apsw
conn = apsw.Connection(sys.argv[1])
conn.set_busy_timeout(30_000)
conn.execute("BEGIN IMMEDIATE")
conn.execute("UPDATE meta SET value = value")
print("locked", flush=True)
sys.stdin.readline()
conn.execute("ROLLBACK")
conn.close()
print("free", flush=True)
"""


@contextlib.contextmanager
def locked(path: Path) -> Iterator[Callable[[], None]]:
    """Lend a library locked by a process of its own; calling what is given unlocks it."""
    command = [sys.executable, "-c", _CHILD, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None and child.stdout is not None
        assert child.stdout.readline() == "locked\n"

        def unlock() -> None:
            assert child.stdin is not None and child.stdout is not None
            child.stdin.write("\n")
            child.stdin.flush()
            assert child.stdout.readline() == "free\n"

        try:
            yield unlock
        finally:
            child.kill()
