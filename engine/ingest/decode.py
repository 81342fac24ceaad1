"""Bytes to pixels: the size is checked first, orientation applied, and no more decoded than is needed.

JPEG goes through libjpeg-turbo at n/8 scale; everything else through Pillow.
"""

from __future__ import annotations

import cv2
import numpy as np
import simplejpeg

from engine.errors import ErrorCode, FileError
from engine.ingest import jpeg, pillow
from engine.ingest.colour import Pixels, from_inverted_cmyk
from engine.ingest.formats import SNIFF_BYTES, sniff
from engine.ingest.refusals import translated, unreadable, unsupported
from engine.ingest.sizes import check_pixels, fit_within
from engine.schemas.files import ImageLimits
from engine.schemas.frame import Frame

# Pictures are decoded in parallel; threads of OpenCV's own inside each would only get in the way.
cv2.setNumThreads(1)
_END_OF_IMAGE = b"\xff\xd9"
# How many times too large a picture may be decoded for the sake of a scale with vector code.
_SPARE = 1.7
# libjpeg warns and paints grey or noise over what it could not read; we don't take that for a picture.
_DAMAGE = ("premature end", "bad huffman code", "instead of rst", "arithmetic")


def decode(data: bytes, *, short_side: int, limits: ImageLimits, name: str) -> Frame:
    """Decode a picture so that its shorter side has at least `short_side` pixels, where it has so many.

    Parameters
    ----------
    data
        The whole file.
    short_side
        Pixels needed; 0 for full size.
    limits
        Refused beyond these, before decoding.
    name
        The file as the person knows it, for messages.

    Raises
    ------
    FileError
        UNSUPPORTED_FORMAT, CODEC_MISSING, UNREADABLE_IMAGE or TOO_MANY_PIXELS.

    Notes
    -----
    Any thread; the heavy part runs without the interpreter's lock.
    """
    return _decode(data, short_side, 0, limits, name)


def preview(data: bytes, *, max_side: int, limits: ImageLimits, name: str) -> Frame:
    """Decode for looking at: the longer side has at most `max_side` pixels. Raises as `decode` does."""
    return _decode(data, 0, max_side, limits, name)


def _decode(data: bytes, short_side: int, long_side: int, limits: ImageLimits, name: str) -> Frame:
    content_type = sniff(data[:SNIFF_BYTES])
    if content_type not in pillow.READABLE:
        raise unsupported(name, content_type)
    try:
        found = _load_jpeg(data, short_side, long_side, limits, name) if content_type == "image/jpeg" else None
        if found is None:
            found = pillow.load(data, content_type, short_side, long_side, limits, name)
        pixels, width, height, orientation = found
        pixels = oriented(fit_within(pixels, long_side), orientation)
    except Exception as error:  # the one door: decoders raise almost anything on hostile bytes
        raise translated(error, name, content_type) from error
    if orientation >= 5:
        width, height = height, width
    return Frame(pixels, width, height, content_type)


def _load_jpeg(
    data: bytes, short_side: int, long_side: int, limits: ImageLimits, name: str
) -> tuple[Pixels, int, int, int] | None:
    """Decode at reduced scale: pixels, width, height, orientation. None leaves the rare kinds to Pillow."""
    header = jpeg.read_header(data)
    if header is None:
        raise unreadable(name, "its JPEG header is damaged or cut short")
    if header.bits != 8 or header.lossless or header.arithmetic:
        kind = "lossless " if header.lossless else "arithmetic-coded " if header.arithmetic else ""
        what = f"a {header.bits}-bit {kind}" if header.bits != 8 else f"an {kind}" if header.arithmetic else f"a {kind}"
        raise FileError(
            ErrorCode.UNSUPPORTED_FORMAT,
            f"{name} is {what}JPEG, which Lightdesk does not read.",
            way_out="Save it as an ordinary 8-bit JPEG or as PNG.",
            format="image/jpeg",
            bits=header.bits,
        )
    check_pixels(header.width, header.height, limits, name)
    if header.n_components not in (1, 3, 4):
        return None
    try:
        # What the decoder itself will allocate counts, should a hostile file make it see another header.
        height, width, _, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except ValueError:
        return None
    check_pixels(width, height, limits, name)
    min_width, min_height = _least_size(width, height, short_side, long_side)
    colours = "CMYK" if header.n_components == 4 else "RGB"
    try:
        pixels = _strictly(data, colours, min_width, min_height, header.progressive)
    except ValueError as error:
        if any(sign in str(error).lower() for sign in _DAMAGE):
            raise unreadable(name, _damage(str(error))) from error
        # Odd but harmless (stray bytes between markers, an unknown marker): Pillow reads it leniently,
        # yet refuses a file that ends too soon.
        return None
    if header.n_components == 4:
        pixels = from_inverted_cmyk(pixels)
    return pixels, width, height, header.orientation


def _least_size(width: int, height: int, short_side: int, long_side: int) -> tuple[int, int]:
    """Return the width and height that the decoder must give at least; it takes the next scale of n/8.

    Of these scales only 1, 1/2, 1/4 and 1/8 have vector code. The smallest of them that serves is quicker than the
    nearest eighth for decode, thumbnail and network input together (500 x 375 photos: 1.03 ms of 1.22), but not
    where it leaves nearly twice what is needed (640 x 480: 1.62 ms of 1.53).
    """
    needed, there = (long_side, max(width, height)) if long_side else (short_side, min(width, height))
    if not needed or there <= needed:
        return 0, 0
    scale = next(scale for scale in (8, 4, 2, 1) if -(-there // scale) >= needed)
    if -(-there // scale) <= _SPARE * needed:
        return -(-width // scale), -(-height // scale)
    if long_side:
        return (needed, 0) if width >= height else (0, needed)
    return needed, needed


def _strictly(data: bytes, colours: str, min_width: int, min_height: int, progressive: bool) -> Pixels:
    """Decode, taking libjpeg's warnings for errors."""

    def run(data: bytes) -> Pixels:
        return np.asarray(
            simplejpeg.decode_jpeg(data, colours, min_height=min_height, min_width=min_width, strict=True), np.uint8
        )

    try:
        return run(data)
    except ValueError as error:
        # Some cameras and downloads lose nothing but the end marker. With one put there, the decoder
        # complains of missing data exactly where pixels are missing. Not so in a progressive file,
        # where whole scans may be lacking without a trace.
        if progressive or "premature end of jpeg file" not in str(error).lower():
            raise
        return run(data + _END_OF_IMAGE)


def _damage(said: str) -> str:
    return "the file is cut short" if "end" in said.lower() else f"its picture data are damaged ({said})"


def oriented(pixels: Pixels, orientation: int) -> Pixels:
    """Apply EXIF orientation 2..8 (as `PIL.ImageOps.exif_transpose` does)."""
    if orientation == 1:
        return pixels
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
