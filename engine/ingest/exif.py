"""What the camera wrote, as short text for a person; hostile blocks give less text, never an error."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from PIL import ExifTags, Image

from engine.ingest import jpeg, pillow
from engine.ingest.formats import SNIFF_BYTES, sniff

_MAX_CHARS = 200
# A block with more than this is not from a camera; Pillow would take seconds over some of them.
_MAX_BLOCK_BYTES = 1 << 22
_PROGRAMS = {
    1: "manual",
    2: "normal",
    3: "aperture priority",
    4: "shutter priority",
    5: "creative",
    6: "action",
    7: "portrait",
    8: "landscape",
}


def read_exif(data: bytes) -> dict[str, str]:
    """Return the EXIF fields worth showing, in the order to show them; empty where there are none.

    Keys are EXIF's own names (``Model``, ``ExposureTime``, ``FNumber`` ...), with ``GPSPosition`` and
    ``GPSAltitude`` made from several fields. Values have at most 200 printable characters. Never raises.
    """
    try:
        exif = _exif_of(data)
        if exif is None:
            return {}
        base: Mapping[int, Any] = exif
        shot: Mapping[int, Any] = exif.get_ifd(ExifTags.IFD.Exif)
        gps: Mapping[int, Any] = exif.get_ifd(ExifTags.IFD.GPSInfo) if ExifTags.IFD.GPSInfo in exif else {}
    except Exception:  # EXIF is decoration: whatever is wrong with it, the picture stands
        return {}
    found: dict[str, str] = {}
    for name, tag, write in _SHOWN:
        value = shot.get(tag, base.get(tag))
        text = _tried(write, value) if value is not None else ""
        if text:
            found[name] = text
    for name, text in (("GPSPosition", _tried(_position, gps)), ("GPSAltitude", _tried(_altitude, gps))):
        if text:
            found[name] = text
    return found


def _exif_of(data: bytes) -> Image.Exif | None:
    """Find the EXIF block without decoding pixels (Pillow would decode a whole PNG for it)."""
    content_type = sniff(data[:SNIFF_BYTES])
    block: bytes | None = None
    if content_type == "image/jpeg":
        block = jpeg.exif_block(data)
    elif content_type == "image/png":
        block = _png_block(data)
    elif content_type == "image/webp":
        block = _riff_block(data)
    elif content_type == "image/tiff":
        block = data[: _MAX_BLOCK_BYTES * 64]
    elif content_type in ("image/avif", "image/heic"):
        with pillow.open_image(data, content_type, "") as image:
            block = image.info.get("exif")
    if not block or (content_type != "image/tiff" and len(block) > _MAX_BLOCK_BYTES):
        return None
    exif = Image.Exif()
    exif.load(block)
    return exif


def _png_block(data: bytes) -> bytes | None:
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        if kind == b"eXIf":
            return data[at + 8 : at + 8 + length]
        if kind == b"zTXt" and data.startswith(b"Raw profile type exif\0\0", at + 8):
            return _raw_profile(data[at + 31 : at + 8 + length])
        at += 12 + length
    return None


def _raw_profile(packed: bytes) -> bytes:
    """Undo ImageMagick's way to keep EXIF in a PNG: hexadecimal text after three lines, compressed."""
    text = zlib.decompressobj().decompress(packed, _MAX_BLOCK_BYTES)
    return bytes.fromhex("".join(text.decode("latin-1").split("\n")[3:]))


def _riff_block(data: bytes) -> bytes | None:
    at = 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        if data[at : at + 4] == b"EXIF":
            return data[at + 8 : at + 8 + length]
        at += 8 + length + (length & 1)
    return None


def _tried(write: Callable[[Any], str], value: Any) -> str:
    try:
        return write(value)[:_MAX_CHARS]
    except (TypeError, ValueError, ArithmeticError, LookupError, struct.error):
        return ""


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    # Cut first: a hostile field may have megabytes.
    return "".join(c for c in str(value)[: _MAX_CHARS * 4] if c.isprintable()).strip(" \0")


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number


def _exposure(value: Any) -> str:
    seconds = _finite(value)
    if seconds <= 0:
        return ""
    return f"1/{round(1 / seconds)} s" if 1e-6 <= seconds < 0.5 else f"{seconds:g} s"


def _iso(value: Any) -> str:
    number = value[0] if isinstance(value, tuple) else value
    return f"ISO {int(number)}"


def _flash(value: Any) -> str:
    return "fired" if int(value) & 1 else "off"


def _degrees(parts: Iterable[Any], reference: Any, directions: str) -> str:
    degrees, minutes, seconds = (_finite(part) for part in parts)
    total = degrees + minutes / 60 + seconds / 3600
    direction = str(reference).strip("\0 ").upper()[:1]
    if direction not in directions or not direction or not 0 <= total <= 180:
        raise ValueError("no such place")
    return f"{total:.5f}° {direction}"


def _position(gps: Mapping[int, Any]) -> str:
    latitude = _degrees(gps[2], gps[1], "NS")
    return f"{latitude}, {_degrees(gps[4], gps[3], 'EW')}"


def _altitude(gps: Mapping[int, Any]) -> str:
    below = gps.get(5, 0) in (1, b"\x01")
    return f"{'-' if below else ''}{_finite(gps[6]):.0f} m"


_SHOWN: tuple[tuple[str, int, Callable[[Any], str]], ...] = (
    ("Make", 0x010F, _text),
    ("Model", 0x0110, _text),
    ("LensModel", 0xA434, _text),
    ("DateTimeOriginal", 0x9003, _text),
    ("DateTime", 0x0132, _text),
    ("ExposureTime", 0x829A, _exposure),
    ("FNumber", 0x829D, lambda value: f"f/{_finite(value):g}"),
    ("ISOSpeedRatings", 0x8827, _iso),
    ("FocalLength", 0x920A, lambda value: f"{_finite(value):g} mm"),
    ("FocalLengthIn35mmFilm", 0xA405, lambda value: f"{int(value)} mm"),
    ("ExposureBiasValue", 0x9204, lambda value: f"{_finite(value):+.1f} EV"),
    ("ExposureProgram", 0x8822, lambda value: _PROGRAMS.get(int(value), "")),
    ("Flash", 0x9209, _flash),
    ("PixelXDimension", 0xA002, lambda value: str(int(value))),
    ("PixelYDimension", 0xA003, lambda value: str(int(value))),
    ("Software", 0x0131, _text),
    ("Artist", 0x013B, _text),
    ("Copyright", 0x8298, _text),
    ("ImageDescription", 0x010E, _text),
)
