"""Decodes suspects in a child process, so that a picture which crashes a decoder takes only the child down.

Run as ``python -m engine.pipeline.trial``: a path (JSON, one a line) on standard input is answered by
a line on standard output once it has been decoded or refused.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence

from engine.errors import LightdeskError
from engine.schemas.files import ImageLimits

_EACH_S = 60.0


def survivors(paths: Sequence[str], limits: ImageLimits) -> list[bool]:
    """Tell for each path whether a process that decodes it lives. Takes a fresh child after each death."""
    verdicts: list[bool] = []
    while len(verdicts) < len(paths):
        verdicts += _one_child(paths[len(verdicts) :], limits)
    return verdicts


def _one_child(paths: Sequence[str], limits: ImageLimits) -> list[bool]:
    verdicts: list[bool] = []
    with subprocess.Popen(
        [sys.executable, "-m", "engine.pipeline.trial", str(limits.max_file_bytes), str(limits.max_pixels)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="ascii",
    ) as child:
        assert child.stdin is not None and child.stdout is not None
        for path in paths:
            # A decoder that never ends is as bad as one that crashes.
            guard = threading.Timer(_EACH_S, child.kill)
            guard.start()
            try:
                child.stdin.write(json.dumps(path) + "\n")
                child.stdin.flush()
                lives = child.stdout.readline() == "survived\n"
            except BrokenPipeError:
                lives = False
            finally:
                guard.cancel()
                guard.join()
            verdicts.append(lives)
            if not lives:
                break
        child.kill()
    return verdicts


def _main() -> None:
    from engine.ingest.decode import decode
    from engine.ingest.derive import small, thumbnail
    from engine.ingest.reading import read_file

    limits = ImageLimits(int(sys.argv[1]), int(sys.argv[2]))
    for line in sys.stdin:
        path = json.loads(line)
        try:
            thumbnail(small(decode(read_file(path, limits).data, short_side=256, limits=limits, name=path)))
        except LightdeskError:
            pass  # refused by name: that is survival
        print("survived", flush=True)


if __name__ == "__main__":
    _main()
