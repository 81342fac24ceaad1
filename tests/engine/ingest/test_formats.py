"""Every kind of every format gives the right pixels, the right way up, at the scale asked for."""

from __future__ import annotations

import io
import sys

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from engine.errors import ErrorCode, FileError
from engine.ingest import colour
from engine.ingest.decode import decode, preview
from engine.ingest.formats import SNIFF_BYTES, looks_like_image_name, sniff
from engine.schemas.files import ImageLimits
from tests import picture_kinds as kinds

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")
LIMITS = ImageLimits(200_000_000, 100_000_000)
# The largest mean difference that the kind's own loss explains.
ALLOWED = {"bmp-8": 5, "png-palette": 9, "png-palette-alpha": 20, "gif-still": 5, "gif-animated": 5, "webp-animated": 3}


def frame_of(data: bytes, short_side: int = 0):
    return decode(data, short_side=short_side, limits=LIMITS, name="a file")


def difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def expected(kind: str) -> NDArray[np.uint8]:
    """What the picture shows, made without any decoder of ours."""
    rgb = np.array(kinds.scene())
    if kind in kinds.GRAYS or kind == "png-gray-alpha":
        rgb = np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)
    if kind in kinds.TRANSPARENT or kind == "png-gray-alpha":
        alpha = np.linspace(0, 255, kinds.WIDTH, dtype=np.uint8).astype(float)[None, :, None] / 255
        rgb = np.round(rgb * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return rgb


@pytest.mark.parametrize("kind", sorted(kinds.KINDS))
def test_every_kind(kind: str) -> None:
    if kind == "heic":
        pytest.importorskip("pillow_heif", reason="the extra [heif] is not installed")
    frame = frame_of(kinds.made(kind))
    assert (frame.width, frame.height) == (kinds.WIDTH, kinds.HEIGHT)
    assert frame.pixels.shape == (kinds.HEIGHT, kinds.WIDTH, 3) and frame.pixels.dtype == np.uint8
    assert frame.content_type == kinds.CONTENT_TYPES[kind.split("-")[0]]
    if kind.endswith(("1bit", "-1", "-g4")):  # dots: right in the large
        dots = cv2.resize(frame.pixels, (6, 4), interpolation=cv2.INTER_AREA)
        gray = cv2.cvtColor(
            cv2.resize(np.array(kinds.scene()), (6, 4), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY
        )
        assert np.abs(dots[:, :, 0].astype(int) - gray).mean() < 8
    elif kind == "png-gray-alpha":
        gray = np.array(Image.fromarray(kinds.scene()).convert("L"))
        alpha = np.linspace(0, 255, kinds.WIDTH, dtype=np.uint8).astype(float)[None, :] / 255
        assert np.abs(frame.pixels[:, :, 0] - (gray * alpha + 255 * (1 - alpha))).mean() < 1
    else:
        assert difference(frame.pixels, expected(kind)) < ALLOWED.get(kind, 2)


@pytest.mark.parametrize("format_name", ["JPEG", "JPEG-XMP", "PNG", "PNG-LATE", "WEBP", "TIFF", "TIFF-LZW", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(format_name: str, orientation: int) -> None:
    data = kinds.with_orientation(format_name, orientation)
    with Image.open(io.BytesIO(data)) as image:
        turned = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    frame = frame_of(data)
    assert (frame.height, frame.width) == turned.shape[:2]
    assert difference(frame.pixels, turned) < 2
    # A second opinion that shares nothing with Pillow's: where the yellow corner went.
    corner = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}[
        orientation
    ]
    assert frame.pixels[corner][2] < 90 < 200 < frame.pixels[corner][0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_is_turned_once(orientation: int) -> None:
    pytest.importorskip("pillow_heif", reason="the extra [heif] is not installed")
    with Image.open(io.BytesIO(kinds.with_orientation("PNG", orientation))) as image:
        turned = np.asarray(ImageOps.exif_transpose(image))
    assert difference(frame_of(kinds.heic(orientation)).pixels, turned) < 3


def test_heic_without_its_decoder_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    data = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64)
    with pytest.raises(FileError) as caught:
        frame_of(data)
    assert caught.value.code is ErrorCode.CODEC_MISSING
    assert 'pip install "lightdesk[heif]"' in caught.value.way_out


def test_a_type_is_told_by_content() -> None:
    for kind, data in ((k, kinds.made(k)) for k in sorted(kinds.KINDS) if k != "heic"):
        assert sniff(data[:SNIFF_BYTES]) == kinds.CONTENT_TYPES[kind.split("-")[0]]
    brand = b"\x00\x00\x00\x1cftyp%s\x00\x00\x00\x00%s%s"
    for major, other, content_type in (
        (b"heic", b"mif1", "image/heic"),
        (b"mif1", b"heic", "image/heic"),
        (b"mif1", b"avif", "image/avif"),
        (b"avis", b"msf1", "image/avif"),
        (b"isom", b"mp41", "video/mp4"),
        (b"qt  ", b"qt  ", "video/quicktime"),
    ):
        assert sniff(brand % (major, other, b"abcd")) == content_type
    for head, content_type in (
        (b"\x1a\x45\xdf\xa3" + b"....B\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3" + b"....B\x82\x88matroska", "video/x-matroska"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "video/x-msvideo"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
        (b"\xff\x0a\xfa\x1f", "image/jxl"),
        (b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
        (b"BMW is a car, and this is text", None),
        (b"", None),
        (b"\xff\xd8", None),
    ):
        assert sniff(head) == content_type
    assert looks_like_image_name("/a/B.JPG") and not looks_like_image_name("/a.jpg/notes.txt")


@pytest.mark.parametrize("side", [256, 257, 300, 375, 500])
def test_jpeg_is_never_smaller_than_asked(side: int) -> None:
    data = kinds.save(kinds.photo(1000, 750), "JPEG", quality=90)
    frame = frame_of(data, side)
    assert side <= min(frame.pixels.shape[:2]) <= side * 1.5
    assert (frame.width, frame.height) == (1000, 750)
    whole = cv2.resize(kinds.photo(1000, 750), frame.pixels.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert difference(frame.pixels, whole) < 8


@pytest.mark.parametrize("format_name", ["PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF"])
def test_others_are_reduced_at_once(format_name: str) -> None:
    picture = kinds.photo(1201, 803)
    frame = frame_of(kinds.save(picture, format_name), 256)
    assert (frame.width, frame.height) == (1201, 803)
    assert 256 <= min(frame.pixels.shape[:2]) < 512
    whole = cv2.resize(picture, frame.pixels.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert difference(frame.pixels, whole) < (9 if format_name == "GIF" else 4)


def test_bands_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    image = Image.fromarray(kinds.photo(642, 516)).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    whole = colour.to_reduced_rgb(image, "image/png", 3)
    monkeypatch.setattr(colour, "_BANDS_BEYOND_PIXELS", 1000)
    monkeypatch.setattr(colour, "_BAND_PIXELS", 10_000)
    banded = colour.to_reduced_rgb(image, "image/png", 3)
    assert difference(whole, banded) < 0.1
    odd = image.resize((643, 517))  # the rest at the edges is left out
    assert colour.to_reduced_rgb(odd, "image/png", 3).shape == (172, 214, 3)
    palette = image.convert("P")
    palette.info["transparency"] = 3
    assert colour.to_reduced_rgb(palette, "image/gif", 2).shape == (258, 321, 3)


def test_ycck_and_unmarked_cmyk_agree_with_pillow() -> None:
    for data in (kinds.ycck(), kinds.made("jpeg-cmyk")):
        with Image.open(io.BytesIO(data)) as image:
            reference = np.asarray(image.convert("RGB"))
        frame = frame_of(data, 20)
        assert (frame.width, frame.height) == (kinds.WIDTH, kinds.HEIGHT)
        assert min(frame.pixels.shape[:2]) < kinds.HEIGHT
        assert difference(frame_of(data).pixels, reference) < 2


@pytest.mark.parametrize(
    ("marker", "bits", "says"),
    [
        (0xC1, 12, "a 12-bit JPEG"),
        (0xC9, 8, "an arithmetic-coded JPEG"),
        (0xC3, 8, "a lossless JPEG"),
        (0xC3, 16, "a 16-bit lossless"),
    ],
)
def test_rare_jpegs_are_refused_by_name(marker: int, bits: int, says: str) -> None:
    with pytest.raises(FileError, match=says) as caught:
        frame_of(kinds.patched_jpeg(marker, bits))
    assert caught.value.code is ErrorCode.UNSUPPORTED_FORMAT


def test_what_a_jpeg_may_lack() -> None:
    data = kinds.made("jpeg-420")
    whole = frame_of(data).pixels
    for harmless in (data[:-1], data[:-2], data + b"junk" * 50, data[:-2] + b"\0" * 9 + data[-2:]):
        assert (frame_of(harmless).pixels == whole).all()
    at = data.index(b"\xff\xc0")
    assert (frame_of(data[:at] + b"\x00\x17" + data[at:]).pixels == whole).all()
    for n in (8, 60, len(data) // 2):
        with pytest.raises(FileError, match="cut short") as caught:
            frame_of(data[:-n])
        assert caught.value.code is ErrorCode.UNREADABLE_IMAGE
    # A progressive file cut between two scans looks whole to a decoder that is lenient, only blurred.
    progressive = kinds.made("jpeg-progressive")
    for part in (progressive[: progressive.rindex(b"\xff\xda")], progressive[:-2]):
        with pytest.raises(FileError):
            frame_of(part)


@pytest.mark.parametrize("kind", sorted(set(kinds.KINDS) - {"tiff-pages", "gif-animated"}))
def test_half_a_file_is_refused(kind: str) -> None:
    if kind == "heic":
        pytest.importorskip("pillow_heif", reason="the extra [heif] is not installed")
    data = kinds.made(kind)
    with pytest.raises(FileError) as caught:
        frame_of(data[: len(data) // 2])
    assert caught.value.code is ErrorCode.UNREADABLE_IMAGE
    assert "a file" in caught.value.message and caught.value.way_out


@pytest.mark.parametrize(("top", "bits"), [(255, 8), (1023, 10), (4095, 12), (16383, 14), (65535, 16)])
def test_tiffs_of_10_to_14_bits_are_not_black(top: int, bits: int) -> None:
    ramp = np.linspace(0, top, 64 * 64).reshape(64, 64).astype(np.uint16)
    for data in (kinds.save(ramp, "TIFF"), kinds.save(np.ascontiguousarray(ramp.astype(">u2")), "TIFF")):
        pixels = frame_of(data).pixels[:, :, 0]
        assert pixels[0, 0] == 0 and pixels[-1, -1] == 255, bits
        assert abs(int(pixels[32, 0]) - 128) <= 3


def test_a_dark_16_bit_png_stays_dark() -> None:
    dark = np.full((16, 16), 0x1000, np.uint16)
    assert frame_of(kinds.png(dark, bits=16)).pixels.max() == 15


def test_floats_without_a_range_and_not_numbers() -> None:
    heights = np.linspace(-200, 3000, 32 * 32, dtype=np.float32).reshape(32, 32)
    heights[0, 0], heights[1, 1], heights[2, 2] = np.nan, np.inf, -np.inf
    pixels = frame_of(kinds.save(heights, "TIFF")).pixels
    assert pixels.min() == 0 and pixels.max() == 255
    flat = frame_of(kinds.save(np.full((8, 8), np.nan, np.float32), "TIFF")).pixels
    assert (flat == flat[0, 0]).all()


def test_camera_raw_files_are_named_not_shown_as_their_thumbnail() -> None:
    base = {256: 160, 257: 120, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 120, 279: 100}
    for tags in (base | {0xC612: 0x01040000}, base | {254: 1, 330: 8}):
        with pytest.raises(FileError, match="camera raw") as caught:
            frame_of(kinds.tiff(tags))
        assert caught.value.code is ErrorCode.UNSUPPORTED_FORMAT


def test_preview_is_whole_up_to_its_size() -> None:
    picture = kinds.photo(900, 300)
    for data in (kinds.save(picture, "PNG"), kinds.save(picture, "JPEG", quality=95, exif=kinds.exif(6))):
        for side in (2000, 900, 450, 200):
            frame = preview(data, max_side=side, limits=LIMITS, name="x")
            assert max(frame.pixels.shape) == min(side, 900)
        assert {frame.width, frame.height} == {900, 300}
    assert (
        preview(kinds.save(picture, "JPEG", exif=kinds.exif(6)), max_side=300, limits=LIMITS, name="x").pixels.shape[0]
        == 300
    )


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (7, 5000), (2, 2)])
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
def test_odd_shapes(size: tuple[int, int], format_name: str) -> None:
    frame = frame_of(kinds.save(Image.new("RGB", size, (10, 200, 30)), format_name), 256)
    assert (frame.width, frame.height) == size
    assert min(frame.pixels.shape[:2]) == min(size)
