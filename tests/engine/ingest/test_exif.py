"""EXIF as text, from every format that carries it, bounded whatever the file says."""

from __future__ import annotations

import zlib

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from engine.ingest.exif import read_exif
from tests import picture_kinds as kinds

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")


def block() -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "Lightmaker", "LM-1", "firmware 2"
    shot = exif.get_ifd(ExifTags.IFD.Exif)
    shot.update(
        {
            0x829A: IFDRational(1, 250),
            0x829D: IFDRational(28, 10),
            0x8827: 400,
            0x920A: IFDRational(35, 1),
            0x9003: "2026:11:24 10:20:30",
            0xA434: "35mm f/2.8",
            0x9209: 1,
            0x8822: 3,
        }
    )
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps.update(
        {
            1: "N",
            2: (IFDRational(52), IFDRational(31), IFDRational(12)),
            3: "W",
            4: (13, 24, IFDRational(36)),
            6: IFDRational(34),
        }
    )
    return exif.tobytes()


EXPECTED = {
    "Make": "Lightmaker",
    "Model": "LM-1",
    "LensModel": "35mm f/2.8",
    "DateTimeOriginal": "2026:11:24 10:20:30",
    "ExposureTime": "1/250 s",
    "FNumber": "f/2.8",
    "ISOSpeedRatings": "ISO 400",
    "FocalLength": "35 mm",
    "ExposureProgram": "aperture priority",
    "Flash": "fired",
    "Software": "firmware 2",
    "GPSPosition": "52.52000° N, 13.41000° W",
    "GPSAltitude": "34 m",
}


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIF"])
def test_every_format(format_name: str) -> None:
    if format_name == "HEIF":
        pytest.importorskip("pillow_heif", reason="the extra [heif] is not installed").register_heif_opener()
    exif = Image.Exif()
    exif.load(block())
    found = read_exif(kinds.save(kinds.scene(), format_name, exif=exif if format_name == "TIFF" else block()))
    assert {k: found.get(k) for k in EXPECTED} == EXPECTED
    assert [k for k in found if k in EXPECTED] == list(EXPECTED)


def test_imagemagicks_way_in_png() -> None:
    text = "\nexif\n" + f"{len(block())}\n" + block().hex()
    chunk = kinds.png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text.encode()))
    assert read_exif(kinds.png(kinds.scene(), extra=chunk))["Model"] == "LM-1"


@pytest.mark.parametrize("kind", ["jpeg-420", "png-rgb", "webp-lossy", "gif-still", "bmp-24", "avif"])
def test_nothing_there(kind: str) -> None:
    assert read_exif(kinds.made(kind)) == {}


def test_numbers_that_make_no_sense_are_left_out() -> None:
    exif = Image.Exif()
    shot = exif.get_ifd(ExifTags.IFD.Exif)
    shot.update({0x829A: IFDRational(0, 0), 0x829D: IFDRational(1, 0), 0x920A: IFDRational(0, 0), 0x8827: 0})
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {1: "N", 2: (IFDRational(1, 0),) * 3, 3: "E", 4: (900, 0, 0), 6: IFDRational(1, 0)}
    )
    exif[0x010F] = "Ma\x00\x1b[31mke\n" + "x" * 10_000
    found = read_exif(kinds.save(kinds.scene(), "JPEG", exif=exif.tobytes()))
    assert set(found) <= {"Make", "ISOSpeedRatings"}
    assert found["Make"].isprintable() and len(found["Make"]) <= 200


def test_pixels_are_not_decoded_for_it() -> None:
    # Pillow would allocate 4 gigabytes to look behind the pixels of this one.
    data = kinds.png(kinds.scene(), size=(65_535, 65_535))
    late = data[:-12] + kinds.png_chunk(b"eXIf", block().removeprefix(b"Exif\0\0")) + data[-12:]
    assert read_exif(late)["Model"] == "LM-1"


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"II*\0\xff\xff\xff\xff", b"MM\0*"]
)
def test_rubbish(data: bytes) -> None:
    assert read_exif(data) == {}
