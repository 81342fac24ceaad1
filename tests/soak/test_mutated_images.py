"""Damaged pictures of all formats are read or refused with a code, in good time, and take nothing down.

The pictures are read in a child process, by several threads at once as in the program, so that a decoder
that crashes or hangs is reported with the seed of its picture. To look at one again::

    python -m tests.soak.test_mutated_images SEED 1
"""

from __future__ import annotations

import collections
import faulthandler
import os
import subprocess
import sys
import threading
import time
import traceback

import pytest

from engine.errors import ErrorCode, FileError
from engine.ingest.decode import decode
from engine.ingest.derive import perceptual_hash, preview, read_exif, small, thumbnail
from engine.schemas.files import ImageLimits
from tests.mutations import mutated

N = int(os.environ.get("LIGHTDESK_SOAK_IMAGES", "200"))
N_THREADS = 3
LONGEST_S = 5.0
LIMITS = ImageLimits(10_000_000, 100_000_000)
EXPECTED = frozenset(
    (
        ErrorCode.UNREADABLE_IMAGE,
        ErrorCode.UNSUPPORTED_FORMAT,
        ErrorCode.TOO_MANY_PIXELS,
        ErrorCode.CODEC_MISSING,
    )
)


@pytest.mark.slow
def test_mutated_images() -> None:
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.soak.test_mutated_images", "0", str(N)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    said, complained = child.communicate(timeout=60 + N * 0.5)
    begun: dict[str, str] = {}
    outcomes: collections.Counter[str] = collections.Counter()
    for line in said.splitlines():
        word, seed, rest = line.split(" ", 2)
        if word == "begin":
            begun[seed] = rest
        elif word == "end":
            del begun[seed]
            outcomes[rest.split(" ")[0]] += 1
        else:
            pytest.fail(f"{line}\n{complained[-4000:]}")
    assert child.returncode == 0, (
        f"the process died (code {child.returncode}) over one of {begun}\n{complained[-4000:]}"
    )
    assert sum(outcomes.values()) == N and not begun
    assert set(outcomes) <= EXPECTED | {"read"}
    # Were nearly all refused or nearly all read, the mutations would not test much.
    assert N < 50 or (outcomes["read"] > N * 0.1 and outcomes[ErrorCode.UNREADABLE_IMAGE] > N * 0.1), outcomes


def _read(seed: int, data: bytes) -> str:
    name = f"seed {seed}"
    read_exif(data)
    try:
        frame = decode(data, short_side=64, limits=LIMITS, name=name)
        assert frame.pixels.ndim == 3 and frame.pixels.shape[2] == 3 and frame.pixels.dtype == "uint8"
        assert min(frame.pixels.shape[:2]) >= min(64, frame.width, frame.height) and frame.pixels.flags.c_contiguous
        perceptual_hash(frame)
        assert thumbnail(small(frame)).startswith(b"\xff\xd8")
        preview(data, max_side=300, limits=LIMITS, name=name)
    except FileError as error:
        assert name in error.message and error.way_out, error
        return error.code
    return "read"


def _main(first: int, n: int) -> None:
    faulthandler.enable()
    seeds = iter(range(first, first + n))
    lock = threading.Lock()
    since_s: dict[int, float] = {}

    def tell(line: str) -> None:
        with lock:
            print(line, flush=True)

    def work() -> None:
        while True:
            with lock:
                seed = next(seeds, None)
            if seed is None:
                return
            steps, data = mutated(seed)
            tell(f"begin {seed} {steps}")
            since_s[seed] = time.monotonic()
            try:
                outcome = _read(seed, data)
            except BaseException:
                traceback.print_exc()
                tell(f"wrong {seed} {steps}: {traceback.format_exc().splitlines()[-1]}")
                os._exit(2)
            took_s = time.monotonic() - since_s.pop(seed)
            tell(f"end {seed} {outcome} {took_s:.3f}")

    threads = [threading.Thread(target=work, daemon=True) for _ in range(N_THREADS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.05)
        now_s = time.monotonic()
        for seed, began_s in list(since_s.items()):
            if now_s - began_s > LONGEST_S:
                tell(f"hung {seed} for more than {LONGEST_S} s")
                os._exit(3)


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]))
