"""What a JPEG's markers say, read without decoding (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_SOF = frozenset((0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))
_ARITHMETIC = frozenset((0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))
_LOSSLESS = frozenset((0xC3, 0xC7, 0xCB, 0xCF))
_PROGRESSIVE = frozenset((0xC2, 0xC6, 0xCA, 0xCE))
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
# As Pillow finds it, so that every format answers alike.
_XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')
_INTEGERS = {1: "B", 3: "H", 4: "I"}


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """Frame header and EXIF orientation (1 when there is none; XMP counts where EXIF is silent)."""

    width: int
    height: int
    bits: int
    n_components: int
    arithmetic: bool
    lossless: bool
    progressive: bool
    orientation: int


def read_header(data: bytes) -> JpegHeader | None:
    """Walk the markers up to the start of scan; None when they make no sense."""
    end = len(data)
    exif_says, xmp_says = 0, 0
    for marker, at, length in _segments(data):
        if marker == 0xE1 and not exif_says and data[at : at + 6] == b"Exif\0\0":
            exif_says = exif_orientation(data[at + 6 : at + length])
        elif marker == 0xE1 and not xmp_says and data.startswith(_XMP, at):
            match = _XMP_ORIENTATION.search(data, at, min(at + length, end))
            xmp_says = int(match[1]) if match else 0
        elif marker in _SOF:
            if at + 6 > end:
                return None
            bits, height, width, n = struct.unpack_from(">BHHB", data, at)
            return JpegHeader(
                width,
                height,
                bits,
                n,
                arithmetic=marker in _ARITHMETIC,
                lossless=marker in _LOSSLESS,
                progressive=marker in _PROGRESSIVE,
                orientation=exif_says or xmp_says or 1,
            )
    return None


def exif_block(data: bytes) -> bytes | None:
    """Return the EXIF block (a small TIFF), or None."""
    for marker, at, length in _segments(data):
        if marker == 0xE1 and data[at : at + 6] == b"Exif\0\0":
            return data[at + 6 : at + length]
    return None


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start of the content and its length, up to the first scan."""
    pos, end = 2, len(data)
    while pos + 4 <= end:
        if data[pos] != 0xFF:  # stray bytes: decoders skip them, so we do
            pos = data.find(b"\xff", pos)
            if pos < 0:
                return
            continue
        marker = data[pos + 1]
        if marker in (0x00, 0xFF):
            pos += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            pos += 2
        elif marker in (0xD9, 0xDA):
            return
        else:
            length = int.from_bytes(data[pos + 2 : pos + 4], "big")
            if length < 2:
                return
            yield marker, pos + 4, length - 2
            pos += 2 + length


def exif_orientation(tiff: bytes) -> int:
    """Return tag 0x0112 of the first directory of an EXIF block, or 0 where it has none that makes sense."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 0
    (offset,) = struct.unpack_from(order + "I", tiff, 4)
    if offset + 2 > len(tiff):
        return 0
    (n_entries,) = struct.unpack_from(order + "H", tiff, offset)
    for at in range(offset + 2, min(offset + 2 + 12 * n_entries, len(tiff) - 11), 12):
        tag, kind = struct.unpack_from(order + "HH", tiff, at)
        if tag == 0x0112 and kind in _INTEGERS:
            (value,) = struct.unpack_from(order + _INTEGERS[kind], tiff, at + 8)
            return value if 1 <= value <= 8 else 0
    return 0
