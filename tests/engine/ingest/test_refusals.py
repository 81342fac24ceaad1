"""Whatever a decoder raises leaves as a FileError."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from engine.errors import ErrorCode, FileError
from engine.ingest import decode as decoding
from engine.ingest import pillow
from engine.ingest.refusals import codec_missing, translated, unreadable, unsupported
from engine.schemas.files import ImageLimits
from tests import picture_kinds as kinds

CUT = "the file is cut short"
FOREIGN = [
    (OSError("image file is truncated (3 bytes not processed)"), ErrorCode.UNREADABLE_IMAGE, CUT),
    (OSError("unrecognized data stream contents when reading image file"), ErrorCode.UNREADABLE_IMAGE, "unrecognized"),
    (ValueError("Premature end of JPEG file"), ErrorCode.UNREADABLE_IMAGE, CUT),
    (ValueError(""), ErrorCode.UNREADABLE_IMAGE, "ValueError"),
    (SyntaxError("broken PNG file (chunk b'IDAT')"), ErrorCode.UNREADABLE_IMAGE, "broken PNG file"),
    (EOFError("no more images in file"), ErrorCode.UNREADABLE_IMAGE, CUT),
    (struct.error("unpack requires a buffer of 4 bytes"), ErrorCode.UNREADABLE_IMAGE, CUT),
    (zlib.error("Error -3 while decompressing data"), ErrorCode.UNREADABLE_IMAGE, "Error -3"),
    (UnidentifiedImageError("cannot identify"), ErrorCode.UNREADABLE_IMAGE, "begins like image/png"),
    (Image.DecompressionBombError("too big"), ErrorCode.UNREADABLE_IMAGE, "too big"),
    (cv2.error("OpenCV(5) resize: (-215:Assertion failed)"), ErrorCode.UNREADABLE_IMAGE, "Assertion failed"),
    (cv2.error("Insufficient memory"), ErrorCode.TOO_MANY_PIXELS, "more memory"),
    (MemoryError(), ErrorCode.TOO_MANY_PIXELS, "more memory"),
    (np.exceptions.AxisError("bad axis"), ErrorCode.UNREADABLE_IMAGE, "bad axis"),
    (RecursionError("maximum recursion depth exceeded"), ErrorCode.UNREADABLE_IMAGE, "recursion"),
    (KeyError("mode"), ErrorCode.UNREADABLE_IMAGE, "mode"),
    (IndexError("x" * 5000 + "\nsecond line"), ErrorCode.UNREADABLE_IMAGE, "x" * 100),
    (RuntimeError("Bitstream not supported by this decoder"), ErrorCode.UNREADABLE_IMAGE, "Bitstream"),
]


@pytest.mark.parametrize(("error", "code", "says"), FOREIGN, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("where", ["pillow", "jpeg"])
def test_every_error_is_translated(
    error: Exception, code: ErrorCode, says: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    if where == "pillow":
        monkeypatch.setattr(pillow, "open_image", fail)
    else:
        monkeypatch.setattr(decoding, "_load_jpeg", fail)
    data = kinds.made("png-rgb" if where == "pillow" else "jpeg-420")
    if where == "jpeg":
        says = says.replace("image/png", "image/jpeg")
    with pytest.raises(FileError) as caught:
        decoding.decode(data, short_side=0, limits=ImageLimits(10**8, 10**8), name="my file.bin")
    refused = caught.value
    assert refused.code is code
    assert "my file.bin" in refused.message and says in refused.message
    assert refused.way_out and len(refused.message) < 400 and "\n" not in refused.message
    assert refused.__cause__ is error


def test_our_own_refusals_pass_unchanged() -> None:
    mine = codec_missing("x")
    assert translated(mine, "x", "image/heic") is mine


@pytest.mark.parametrize(
    ("content_type", "says"),
    [
        ("video/mp4", "is a video"),
        ("image/jp2", "JPEG 2000"),
        ("image/jxl", "JPEG XL"),
        ("image/x-raw", "camera raw"),
        (None, "not an image"),
        ("image/x-unknown", "image/x-unknown"),
    ],
)
def test_formats_are_refused_by_name(content_type: str | None, says: str) -> None:
    error = unsupported("a.bin", content_type)
    assert error.code is ErrorCode.UNSUPPORTED_FORMAT and says in error.message and error.way_out


def test_damage_says_what_to_do() -> None:
    assert "Open it in an image viewer" in unreadable("a.jpg", "it is damaged").way_out


def test_what_is_not_an_exception_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(decoding, "_load_jpeg", interrupt)
    with pytest.raises(KeyboardInterrupt):
        decoding.decode(kinds.made("jpeg-420"), short_side=0, limits=ImageLimits(10**8, 10**8), name="x")
