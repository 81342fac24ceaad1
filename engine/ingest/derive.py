"""What is made from the same decode: thumbnail, perceptual hash, preview, EXIF text."""

from __future__ import annotations

import io
import warnings

import cv2
import numpy as np
import simplejpeg
from PIL import ExifTags, Image

from engine.ingest.decode import decode
from engine.schemas.files import ImageLimits
from engine.schemas.frame import Frame

THUMBNAIL_SIDE = 256
_EXIF_SHOWN = (
    "Make Model LensModel DateTimeOriginal ExposureTime FNumber ISOSpeedRatings FocalLength Flash "
    "ExposureProgram WhiteBalance Software Artist Copyright ImageDescription"
).split()
_EXIF_MAX_CHARS = 200


def small(frame: Frame, *, side: int = THUMBNAIL_SIDE) -> Frame:
    """Return the frame reduced so that its longer side has at most `side` pixels."""
    height, width = frame.pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return frame
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # Below a halving, linear interpolation loses nothing and is three times quicker.
    how = cv2.INTER_LINEAR if scale > 0.5 else cv2.INTER_AREA
    pixels = np.asarray(cv2.resize(frame.pixels, size, interpolation=how), dtype=np.uint8)
    return Frame(pixels, frame.width, frame.height, frame.content_type)


def thumbnail(reduced: Frame) -> bytes:
    """Return a frame from `small` as JPEG."""
    pixels = np.ascontiguousarray(reduced.pixels)
    encoded: bytes = simplejpeg.encode_jpeg(pixels, quality=82, colorspace="RGB", colorsubsampling="420")
    return encoded


def perceptual_hash(frame: Frame) -> int:
    """Return the 64-bit DCT hash of the picture as a signed integer.

    The signs of the 8 x 8 lowest frequencies of a 32 x 32 grey reduction, against their median
    without the constant one (Zauner, "Implementation and benchmarking of perceptual image hash
    functions", 2010, section 3.2.1).
    """
    small = cv2.resize(frame.pixels, (32, 32), interpolation=cv2.INTER_AREA)
    gray = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.float32)
    low = np.asarray(cv2.dct(gray))[:8, :8].ravel()
    bits = low > np.median(low[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big", signed=True)


def preview(data: bytes, *, max_side: int, limits: ImageLimits, name: str) -> Frame:
    """Decode for looking at: at most `max_side` pixels on the longer side. Raises FileError."""
    full = decode(data, short_side=0, limits=limits, name=name)
    height, width = full.pixels.shape[:2]
    scale = max_side / max(height, width)
    if scale >= 1:
        return full
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    pixels = np.asarray(cv2.resize(full.pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return Frame(pixels, full.width, full.height, full.content_type)


def read_exif(data: bytes) -> dict[str, str]:
    """Return the EXIF fields worth showing, as short text; empty when there are none or they are broken."""
    found: dict[str, str] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                exif = image.getexif()
                values = {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}
    except Exception:  # EXIF is decoration: whatever is wrong with it, the picture stands
        return found
    names = {ExifTags.TAGS.get(tag, ""): value for tag, value in values.items()}
    for name in _EXIF_SHOWN:
        value = names.get(name)
        if value is None or isinstance(value, bytes):
            continue
        text = _exif_text(name, value)
        if text:
            found[name] = text
    return found


def _exif_text(name: str, value: object) -> str:
    try:
        if name == "ExposureTime":
            seconds = float(value)  # type: ignore[arg-type]
            return f"1/{round(1 / seconds)} s" if 0 < seconds < 0.5 else f"{seconds:g} s"
        if name == "FNumber":
            return f"f/{float(value):g}"  # type: ignore[arg-type]
        if name == "FocalLength":
            return f"{float(value):g} mm"  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return ""
    return "".join(c for c in str(value) if c.isprintable()).strip()[:_EXIF_MAX_CHARS]
