"""Every format, every orientation, every refusal."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from engine.errors import ErrorCode, FileError
from engine.ingest.decode import decode
from engine.ingest.derive import perceptual_hash, preview, read_exif, small, thumbnail
from engine.schemas.files import ImageLimits
from tests.images import FORMATS, encoded, picture

LIMITS = ImageLimits(50_000_000, 50_000_000)


def read(data: bytes, short_side: int = 0, limits: ImageLimits = LIMITS):
    return decode(data, short_side=short_side, limits=limits, name="a file")


@pytest.mark.parametrize("format", FORMATS)
def test_reads(format: str) -> None:
    frame = read(encoded(picture(1), format))
    assert (frame.width, frame.height) == (96, 72)
    difference = np.abs(frame.pixels.astype(int) - np.asarray(picture(1)).astype(int)).mean()
    assert difference < (25 if format == "GIF" else 8)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(format: str, orientation: int) -> None:
    image = picture(2)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(image, format, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")).astype(int)
    frame = read(data)
    assert frame.pixels.shape == expected.shape
    assert (frame.height, frame.width) == expected.shape[:2]
    assert np.abs(frame.pixels.astype(int) - expected).mean() < 6


def test_jpeg_kinds() -> None:
    for image in (picture(3).convert("CMYK"), picture(3).convert("L")):
        frame = read(encoded(image, "JPEG"))
        assert np.abs(frame.pixels.astype(int) - np.asarray(image.convert("RGB")).astype(int)).mean() < 8
    assert read(encoded(picture(3), "JPEG", progressive=True)).width == 96
    assert read(encoded(picture(3), "JPEG") + b"bytes after the end").width == 96


def test_jpeg_is_decoded_at_reduced_scale() -> None:
    frame = read(encoded(picture(4, (2000, 1500)), "JPEG"), short_side=256)
    assert (frame.width, frame.height) == (2000, 1500)
    assert 256 <= min(frame.pixels.shape[:2]) < 600


def test_png_depths_and_transparency() -> None:
    gray16 = Image.fromarray(np.full((8, 8), 0x8000, np.uint16))
    assert abs(int(read(encoded(gray16, "PNG")).pixels[0, 0, 0]) - 128) <= 1
    assert read(encoded(picture(5).convert("1"), "PNG")).width == 96
    assert read(encoded(picture(5).convert("P"), "PNG")).width == 96
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert (read(encoded(clear, "PNG")).pixels == 255).all()


def test_float_tiff() -> None:
    data = encoded(Image.fromarray(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)), "TIFF")
    pixels = read(data).pixels
    assert pixels.min() == 0 and pixels.max() == 255


@pytest.mark.parametrize("format", FORMATS)
def test_half_a_file_is_refused(format: str) -> None:
    data = encoded(picture(6, (400, 300)), format)
    with pytest.raises(FileError) as caught:
        read(data[: len(data) // 2])
    assert caught.value.code is ErrorCode.UNREADABLE_IMAGE
    assert caught.value.way_out


def test_refusals() -> None:
    for data, code in (
        (b"hello, this is text", ErrorCode.UNSUPPORTED_FORMAT),
        (b"\x00\x00\x00\x18ftypisom" + bytes(40), ErrorCode.UNSUPPORTED_FORMAT),
        (b"\xff\xd8\xff\xe0", ErrorCode.UNREADABLE_IMAGE),
        (b"\x89PNG\r\n\x1a\n", ErrorCode.UNREADABLE_IMAGE),
    ):
        with pytest.raises(FileError) as caught:
            read(data)
        assert caught.value.code is code


def test_12_bit_jpeg_is_refused_by_name() -> None:
    data = bytearray(encoded(picture(7), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 4] = 12
    with pytest.raises(FileError, match="12-bit") as caught:
        read(bytes(data))
    assert caught.value.code is ErrorCode.UNSUPPORTED_FORMAT


def test_too_many_pixels_is_refused_before_decoding() -> None:
    with pytest.raises(FileError, match="96 x 72") as caught:
        read(encoded(picture(8), "PNG"), limits=ImageLimits(10**9, 1000))
    assert caught.value.code is ErrorCode.TOO_MANY_PIXELS


def test_heic() -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="the extra [heif] is not installed")
    pillow_heif.register_heif_opener()
    assert read(encoded(picture(9, (128, 96)), "HEIF")).content_type == "image/heic"


def test_what_is_derived() -> None:
    frame = read(encoded(picture(10, (800, 600)), "JPEG"))
    reduced = small(frame)
    assert max(Image.open(io.BytesIO(thumbnail(reduced))).size) == 256
    again = read(encoded(picture(10, (400, 300)), "JPEG", quality=60))
    other = read(encoded(picture(11, (800, 600)), "JPEG"))

    def distance(a: int, b: int) -> int:
        return ((a ^ b) & (2**64 - 1)).bit_count()

    assert distance(perceptual_hash(reduced), perceptual_hash(small(again))) <= 6
    assert distance(perceptual_hash(reduced), perceptual_hash(small(other))) > 12
    assert max(preview(encoded(picture(1, (900, 300)), "PNG"), max_side=300, limits=LIMITS, name="x").pixels.shape) == 300


def test_exif_is_text_and_bounded() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker" * 100
    assert len(read_exif(encoded(picture(1), "JPEG", exif=exif))["Make"]) <= 200
    assert read_exif(b"\xff\xd8\xff nonsense") == {}


@pytest.mark.parametrize(
    ("size", "decoded"),
    [
        ((500, 375), (500, 375)),  # in full: quicker than six eighths, which have no vector code
        ((640, 480), (400, 300)),  # five eighths: in full there would be nearly twice too much
        ((1024, 768), (512, 384)),
        ((4000, 3000), (500, 375)),
        ((3000, 200), (3000, 200)),
        ((257, 2050), (257, 2050)),
    ],
)
def test_jpeg_is_decoded_at_the_scale_that_costs_least(size: tuple[int, int], decoded: tuple[int, int]) -> None:
    frame = read(encoded(picture(4, size), "JPEG"), short_side=256)
    assert (frame.width, frame.height) == size
    assert frame.pixels.shape[:2] == decoded[::-1]
