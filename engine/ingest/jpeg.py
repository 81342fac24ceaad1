"""What a JPEG's markers say, read without decoding (ITU-T T.81, annex B)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_SOF = frozenset((0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))
_ARITHMETIC = frozenset((0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))
_LOSSLESS = frozenset((0xC3, 0xC7, 0xCB, 0xCF))


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """Frame header and EXIF orientation (1 when there is none)."""

    width: int
    height: int
    bits: int
    n_components: int
    arithmetic: bool
    lossless: bool
    orientation: int


def read_header(data: bytes) -> JpegHeader | None:
    """Walk the markers up to the start of scan; None when they make no sense."""
    pos, end = 2, len(data)
    orientation = 1
    while pos + 4 <= end:
        if data[pos] != 0xFF:
            return None
        marker = data[pos + 1]
        if marker == 0xFF:
            pos += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            pos += 2
            continue
        if marker in (0xD9, 0xDA):
            return None
        length = int.from_bytes(data[pos + 2 : pos + 4], "big")
        if length < 2:
            return None
        if marker == 0xE1 and data[pos + 4 : pos + 10] == b"Exif\0\0":
            orientation = exif_orientation(data[pos + 10 : pos + 2 + length])
        elif marker in _SOF:
            if pos + 10 > end:
                return None
            bits, height, width, n = struct.unpack_from(">BHHB", data, pos + 4)
            return JpegHeader(width, height, bits, n, marker in _ARITHMETIC, marker in _LOSSLESS, orientation)
        pos += 2 + length
    return None


def exif_orientation(tiff: bytes) -> int:
    """Return tag 0x0112 of the first directory of an EXIF block, or 1."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 1
    (offset,) = struct.unpack_from(order + "I", tiff, 4)
    if offset + 2 > len(tiff):
        return 1
    (n_entries,) = struct.unpack_from(order + "H", tiff, offset)
    for i in range(min(n_entries, 512)):
        at = offset + 2 + 12 * i
        if at + 12 > len(tiff):
            break
        tag, kind = struct.unpack_from(order + "HH", tiff, at)
        if tag == 0x0112 and kind == 3:
            (value,) = struct.unpack_from(order + "H", tiff, at + 8)
            return value if 1 <= value <= 8 else 1
    return 1
