"""Sizes told by the file itself, read before a decoder sees it.

Most headers are read well by Pillow before any pixel is touched. These two are not: Pillow's WebP reader
allocates two canvases while it opens a file, and its TIFF reader builds a Python object for each strip.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_RAW_TAGS = frozenset((0xC612, 0xC617, 0x828D))  # DNGVersion, CFALayout, CFARepeatPatternDim
_TIFF_WIDTHS = {1: "B", 3: "H", 4: "I", 16: "Q"}


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height of the canvas, or None where the header makes no sense (RFC 9649, section 2)."""
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L" and len(data) >= 25 and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(data) >= 30 and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


@dataclass(frozen=True, slots=True)
class TiffHeader:
    """First directory of a TIFF file.

    Attributes
    ----------
    n_chunks
        Strips or tiles that the file says it has.
    is_raw
        True for what a camera's raw format shows there: sensor data, or a reduced picture in front of them.
    """

    width: int
    height: int
    n_chunks: int
    is_raw: bool


def tiff_header(data: bytes) -> TiffHeader | None:
    """Return what the first directory says, or None where it makes no sense (TIFF 6.0, section 2; BigTIFF)."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return None
    try:
        (magic,) = struct.unpack_from(order + "H", data, 2)
        big = magic == 43
        (at,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        (n_entries,) = struct.unpack_from(order + ("Q" if big else "H"), data, at)
        at += 8 if big else 2
        values: dict[int, int] = {}
        counts: dict[int, int] = {}
        for _ in range(min(n_entries, 4096)):
            tag, kind, count = struct.unpack_from(order + ("HHQ" if big else "HHI"), data, at)
            width = _TIFF_WIDTHS.get(kind)
            counts.setdefault(tag, count)
            if count == 1 and width is not None:
                values.setdefault(tag, struct.unpack_from(order + width, data, at + (12 if big else 8))[0])
            at += 20 if big else 12
    except struct.error:
        return None
    n_chunks = max(counts.get(273, 0), counts.get(324, 0))
    reduced = bool(values.get(254, 0) & 1) and 330 in counts
    is_raw = data[8:10] == b"CR" or reduced or bool(_RAW_TAGS & counts.keys())
    return TiffHeader(values.get(256, 0), values.get(257, 0), n_chunks, is_raw)
