"""Decodes suspects in a child process, so that a picture which crashes a decoder takes only the child down.

Run as ``python -m engine.pipeline.trial``: it says "ready", and then a path (JSON, one a line) on standard
input is answered by a line on standard output once it has been decoded or refused.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence

from engine.errors import LightdeskError
from engine.schemas.files import ImageLimits

log = logging.getLogger(__name__)
_EACH_S = 60.0
_READY, _SURVIVED = "ready\n", "survived\n"


class Trial:
    """Tries paths one after another; `stop` ends it at once, from any thread."""

    def __init__(self, limits: ImageLimits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._stopped = False

    def stop(self) -> None:
        """Take the child down; what it was at is not judged."""
        with self._lock:
            self._stopped = True
            if self._child is not None:
                self._child.kill()

    def survivors(self, paths: Sequence[str]) -> list[bool | None]:
        """Tell for each path whether a process that decodes it lives. Takes a fresh child after each death.

        Returns
        -------
        list
            True or False in the order of `paths`; None where no child could be started. Shorter after `stop`.
        """
        verdicts: list[bool | None] = []
        while len(verdicts) < len(paths) and not self._stopped:
            judged = self._one_child(paths[len(verdicts) :])
            if judged is None:
                verdicts += [None] * (len(paths) - len(verdicts))
            else:
                verdicts += judged
        return verdicts

    def _one_child(self, paths: Sequence[str]) -> list[bool] | None:
        """Judge paths until one takes the child down; None where there was no child to take down."""
        try:
            child = self._start()
        except OSError as error:
            log.error("No process could be started to try pictures in: %s", error)
            return None
        verdicts: list[bool] = []
        with child:
            assert child.stdin is not None and child.stdout is not None
            # A picture must not be blamed for a child that never came to life.
            ready = self._answer(child, None) == _READY
            for path in paths if ready else ():
                lives = self._answer(child, path) == _SURVIVED
                if self._stopped:
                    break
                verdicts.append(lives)
                if not lives:
                    break
            child.kill()
        with self._lock:
            self._child = None
        if not ready and not self._stopped:
            log.error("The process to try pictures in did not start")
            return None
        return verdicts

    def _start(self) -> subprocess.Popen[str]:
        with self._lock:
            self._child = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "engine.pipeline.trial",
                    str(self._limits.max_file_bytes),
                    str(self._limits.max_pixels),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="ascii",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            if self._stopped:
                self._child.kill()
            return self._child

    def _answer(self, child: subprocess.Popen[str], path: str | None) -> str:
        """Return the child's next line, after it has been asked for a path; nothing when it died."""
        assert child.stdin is not None and child.stdout is not None
        # A decoder that never ends is as bad as one that crashes.
        guard = threading.Timer(_EACH_S, child.kill)
        guard.start()
        try:
            if path is not None:
                # Past the buffer: what a dead child did not take would come up again when the pipe is closed.
                os.write(child.stdin.fileno(), f"{json.dumps(path)}\n".encode("ascii"))
            return child.stdout.readline()
        except OSError:
            return ""
        finally:
            guard.cancel()
            guard.join()


def _main() -> None:
    from engine.ingest.decode import decode
    from engine.ingest.derive import small, thumbnail
    from engine.ingest.reading import read_file

    limits = ImageLimits(int(sys.argv[1]), int(sys.argv[2]))
    print(_READY, end="", flush=True)
    for line in sys.stdin:
        path = json.loads(line)
        try:
            thumbnail(small(decode(read_file(path, limits).data, short_side=256, limits=limits, name=path)))
        except LightdeskError:
            pass  # refused by name: that is survival
        print(_SURVIVED, end="", flush=True)


if __name__ == "__main__":
    _main()
