"""Files made to hurt are refused quickly, with little memory, and by the right name."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

from engine.errors import ErrorCode, FileError
from engine.ingest.decode import decode
from engine.ingest.exif import read_exif
from engine.schemas.files import ImageLimits
from tests import bombs
from tests import picture_kinds as kinds
from tests.mutations import MUTATIONS

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")
LIMITS = ImageLimits(200_000_000, 100_000_000)
LIES = sorted(bombs.dimension_lies())


def refusal(data: bytes, limits: ImageLimits = LIMITS) -> FileError:
    began_s = time.monotonic()
    with pytest.raises(FileError) as caught:
        decode(data, short_side=256, limits=limits, name="bomb.bin")
    assert time.monotonic() - began_s < 5
    error = caught.value
    assert "bomb.bin" in error.message and error.way_out
    return error


@pytest.mark.parametrize("kind", LIES)
def test_sides_of_65535_are_refused_before_decoding(kind: str) -> None:
    error = refusal(bombs.dimension_lies()[kind])
    assert error.code is ErrorCode.TOO_MANY_PIXELS
    assert "the limit is 100 megapixels" in error.message
    assert error.details["max_pixels"] == 100_000_000 < error.details["width"] * error.details["height"]


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_text_bombs(kind: bytes) -> None:
    assert refusal(bombs.text_bomb(kind)).code is ErrorCode.UNREADABLE_IMAGE
    assert read_exif(bombs.text_bomb(kind)) == {}


def test_thousands_of_harmless_texts_are_no_reason_to_refuse() -> None:
    assert decode(bombs.many_texts(), short_side=0, limits=LIMITS, name="x").width == kinds.WIDTH


def test_strip_bombs() -> None:
    assert "5000000 pieces" in refusal(bombs.strip_bomb(5_000_000)).message
    assert decode(bombs.strip_bomb(2000), short_side=0, limits=LIMITS, name="x").width == 64


def test_zero_sides() -> None:
    for data in (
        kinds.png(kinds.scene(), size=(0, 64)),
        kinds.tiff({256: 0, 257: 5}),
        b"\xff\xd8\xff\xc0\0\x11\x08" + bytes(30),
    ):
        assert refusal(data).code is ErrorCode.UNREADABLE_IMAGE


_MEMORY = """
import resource, sys
from engine.ingest.decode import decode
from engine.errors import FileError
from engine.schemas.files import ImageLimits
from tests import bombs
data = {maker}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode(data, short_side=256, limits=ImageLimits(10**9, 300_000_000), name="x")
except FileError as error:
    print(error)
print("MB", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has another unit elsewhere")
@pytest.mark.parametrize(
    ("maker", "most_mb"),
    [
        # 268 megapixels allowed by the limit: the decoder's own frame, and not much beside it
        pytest.param("bombs.dimension_lies(16384)['gif']", 400, marks=pytest.mark.slow),
        ("bombs.dimension_lies(16384)['webp']", 100),
        ("bombs.dimension_lies(16384)['tiff']", 400),
        pytest.param("bombs.text_bomb(b'zTXt', 500_000_000)", 100, marks=pytest.mark.slow),
        pytest.param("bombs.strip_bomb(450_000)", 500, marks=pytest.mark.slow),
    ],
)
def test_memory_is_bounded(maker: str, most_mb: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _MEMORY.format(maker=maker)], capture_output=True, text=True, timeout=60, check=True
    )
    assert int(ended.stdout.rsplit("MB", 1)[1]) < most_mb, ended.stdout


def test_hostile_exif_neither_refuses_the_picture_nor_hangs() -> None:
    began_s = time.monotonic()
    for seed in range(300):
        data = MUTATIONS["hostile EXIF"](b"", random.Random(seed))
        assert decode(data, short_side=0, limits=LIMITS, name="x").content_type == "image/jpeg"
        for name, text in read_exif(data).items():
            assert name.isascii() and len(text) <= 200 and text.isprintable()
    assert time.monotonic() - began_s < 5


def test_many_threads_decode_at_once() -> None:
    datas = [kinds.made(kind) for kind in sorted(kinds.KINDS) if kind != "heic"]
    alone = [decode(data, short_side=32, limits=LIMITS, name="x").pixels for data in datas]
    wrong: list[int] = []

    def work(first: int) -> None:
        for i in [*range(first, len(datas)), *range(first)]:
            if not np.array_equal(decode(datas[i], short_side=32, limits=LIMITS, name="x").pixels, alone[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(n * 5,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_pillows_own_limit_is_out_of_the_way() -> None:
    # 200 megapixels, twice what Pillow would refuse by itself; ours is the one limit.
    data = kinds.save(Image.new("1", (20_000, 10_000)), "PNG")
    frame = decode(data, short_side=64, limits=ImageLimits(10**9, 10**9), name="x")
    assert (frame.width, frame.height) == (20_000, 10_000)
