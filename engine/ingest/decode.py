"""Bytes to pixels: the size is checked first, orientation applied, and no more decoded than is needed.

JPEG goes through libjpeg-turbo at n/8 scale; everything else through Pillow. Colour profiles are not
applied: the networks were trained on pictures read the same way.
"""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from engine.errors import ErrorCode, FileError
from engine.ingest import jpeg
from engine.ingest.formats import SNIFF_BYTES, sniff
from engine.schemas.files import ImageLimits
from engine.schemas.frame import Frame

Pixels = NDArray[np.uint8]

# Our own limit is checked before any pixel is decoded; Pillow's would warn at a number nobody chose.
Image.MAX_IMAGE_PIXELS = None
# Pictures are decoded in parallel; threads of OpenCV's own inside each would only get in the way.
cv2.setNumThreads(1)
_RETRY = "Open it in an image viewer to see whether it is whole; copy it again or save it anew."
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PILLOW_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/tiff": "TIFF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/avif": "AVIF",
    "image/heic": "HEIF",
}


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
    content_type = sniff(data[:SNIFF_BYTES])
    if content_type not in _PILLOW_FORMATS:
        raise _unsupported(name, content_type)
    try:
        if content_type == "image/jpeg":
            frame = _decode_jpeg(data, short_side, limits, name)
            if frame is not None:
                return frame
        return _decode_pillow(data, content_type, short_side, limits, name)
    except FileError:
        raise
    except Exception as error:  # the one door: decoders raise almost anything on hostile bytes
        raise _translated(error, name, content_type) from error


def _decode_jpeg(data: bytes, short_side: int, limits: ImageLimits, name: str) -> Frame | None:
    """Decode the common kinds at reduced scale; None leaves the rare ones to Pillow."""
    header = jpeg.read_header(data)
    if header is None:
        raise _unreadable(name, "its JPEG header is damaged")
    if header.bits != 8 or header.lossless or header.arithmetic:
        what = f"{header.bits}-bit " if header.bits != 8 else ""
        kind = "lossless " if header.lossless else "arithmetic-coded " if header.arithmetic else ""
        raise FileError(
            ErrorCode.UNSUPPORTED_FORMAT,
            f"{name} is a {what}{kind}JPEG, which Lightdesk does not read.",
            way_out="Save it as an ordinary 8-bit JPEG or as PNG.",
            format="image/jpeg",
            bits=header.bits,
        )
    check_pixels(header.width, header.height, limits, name)
    if header.n_components not in (1, 3):
        return None
    # Both sides at least `short_side`; libjpeg-turbo then picks the smallest n/8 that fits.
    wanted = short_side if min(header.width, header.height) > short_side else 0
    try:
        pixels = simplejpeg.decode_jpeg(data, "RGB", min_height=wanted, min_width=wanted, strict=True)
    except ValueError as error:
        # Strict mode refuses warnings as well as errors. What Pillow reads whole (odd markers before
        # the end, bytes after it) is still a good picture; a truncated one it refuses too.
        if "remature end" in str(error):
            raise
        return None
    pixels = _orient(pixels, header.orientation)
    width, height = header.width, header.height
    if header.orientation >= 5:
        width, height = height, width
    return Frame(pixels, width, height, "image/jpeg")


def _decode_pillow(data: bytes, content_type: str, short_side: int, limits: ImageLimits, name: str) -> Frame:
    if content_type == "image/heic":
        _register_heif(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged metadata is not a damaged picture
        with Image.open(io.BytesIO(data), formats=[_PILLOW_FORMATS[content_type]]) as image:
            check_pixels(image.width, image.height, limits, name)
            # The HEIF decoder has already turned the picture; turning it again would be wrong.
            orientation = 1 if content_type == "image/heic" else _orientation(image)
            if content_type == "image/jpeg" and short_side:
                image.draft(None, (short_side, short_side))
            image.load()
            pixels = _to_rgb(image)
    width, height = image.size
    pixels = _reduce(pixels, short_side)
    pixels = _orient(pixels, orientation)
    if orientation >= 5:
        width, height = height, width
    return Frame(pixels, width, height, content_type)


def check_pixels(width: int, height: int, limits: ImageLimits, name: str) -> None:
    """Refuse a picture whose header announces more pixels than the limit, or none."""
    if width < 1 or height < 1:
        raise _unreadable(name, f"it says that it has {width} x {height} pixels")
    if width * height > limits.max_pixels:
        raise FileError(
            ErrorCode.TOO_MANY_PIXELS,
            f"{name} has {width} x {height} pixels ({width * height / 1e6:.0f} megapixels); "
            f"the limit is {limits.max_pixels / 1e6:.0f} megapixels.",
            way_out="Raise the limit max_megapixels in the settings, or make the picture smaller.",
            width=width,
            height=height,
            max_pixels=limits.max_pixels,
        )


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(0x0112, 1)
    except Exception:  # a broken EXIF block says nothing about orientation; the picture itself may be fine
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _to_rgb(image: Image.Image) -> Pixels:
    """Return uint8 RGB; transparency over white, 16 bits and floats scaled to 8."""
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        return _scaled_gray(image)
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def _scaled_gray(image: Image.Image) -> Pixels:
    values = np.asarray(image).astype(np.float32)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    if image.mode.startswith("I;16") or (image.mode == "I" and values.min() >= 0 and values.max() <= 65535):
        top = 65535.0 if values.max() > 255 else 255.0
        low = 0.0
    elif image.mode == "F" and values.min() >= 0 and values.max() <= 1:
        low, top = 0.0, 1.0
    else:  # no agreed range (elevations, counts): from the lowest to the highest value
        low, top = float(values.min()), float(values.max())
    gray = np.clip((values - low) * (255.0 / max(top - low, 1e-12)), 0, 255).astype(np.uint8)
    return np.repeat(gray[:, :, None], 3, axis=2)


def _reduce(pixels: Pixels, short_side: int) -> Pixels:
    """Shrink by area towards `short_side`, so that a large picture is not kept while it waits."""
    height, width = pixels.shape[:2]
    if not short_side or min(height, width) <= short_side * 2:
        return pixels
    scale = short_side * 1.25 / min(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return _as_pixels(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _orient(pixels: Pixels, orientation: int) -> Pixels:
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


def _as_pixels(array: Any) -> Pixels:
    return np.asarray(array, dtype=np.uint8)


def _register_heif(name: str) -> None:
    try:
        import pillow_heif
    except ImportError as error:
        raise FileError(
            ErrorCode.CODEC_MISSING,
            f"{name} is a HEIC picture, and its decoder is not installed.",
            way_out='Install it with: pip install "lightdesk[heif]"',
            format="image/heic",
        ) from error
    pillow_heif.register_heif_opener()


def _unsupported(name: str, content_type: str | None) -> FileError:
    if content_type is not None and content_type.startswith("video/"):
        return FileError(
            ErrorCode.UNSUPPORTED_FORMAT,
            f"{name} is a video; this version reads images only.",
            way_out="Export the frames you need as images.",
            format=content_type,
        )
    what = f"has the format {content_type}" if content_type else "is not an image in a format that Lightdesk knows"
    return FileError(
        ErrorCode.UNSUPPORTED_FORMAT,
        f"{name} {what}.",
        way_out="Save it as JPEG, PNG, WebP, BMP, TIFF, GIF or AVIF.",
        format=content_type,
    )


def _unreadable(name: str, reason: str) -> FileError:
    return FileError(ErrorCode.UNREADABLE_IMAGE, f"{name} cannot be read: {reason}.", way_out=_RETRY)


def _translated(error: Exception, name: str, content_type: str) -> FileError:
    """Map what decoders raise to a refusal with a reason."""
    if isinstance(error, MemoryError):
        return FileError(
            ErrorCode.TOO_MANY_PIXELS,
            f"{name} needs more memory than there is.",
            way_out="Close other programs or make the picture smaller, then retry.",
        )
    if isinstance(error, UnidentifiedImageError):
        return _unreadable(name, f"it begins like {content_type} but its header is damaged")
    if isinstance(error, EOFError | struct.error) or "runcat" in str(error) or "remature" in str(error):
        return _unreadable(name, "the file is cut short")
    reason = str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__
    return _unreadable(name, f"the decoder says: {reason.rstrip('.')}")
