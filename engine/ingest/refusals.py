"""The one door through which decoders' errors leave: as a FileError with a reason and a way out."""

from __future__ import annotations

import struct

from PIL import UnidentifiedImageError

from engine.errors import ErrorCode, FileError

_RETRY = "Open it in an image viewer to see whether it is whole; copy it again or save it anew."
_READ = "JPEG, PNG, WebP, BMP, TIFF, GIF or AVIF"
_REASON_MAX_CHARS = 160
_TITLES = {
    "image/jp2": "a JPEG 2000 picture",
    "image/jxl": "a JPEG XL picture",
    "image/vnd.adobe.photoshop": "a Photoshop document",
    "image/x-icon": "an icon",
    "image/x-raw": "a camera raw file",
    "image/svg+xml": "an SVG drawing",
    "application/pdf": "a PDF document",
}
# What the decoders say of a file that ends too soon: libjpeg, Pillow, zlib, libtiff, libwebp, libheif.
_CUT_SHORT = ("truncat", "premature", "end of file", "unexpected end", "not enough data", "incomplete", "too short")


def unsupported(name: str, content_type: str | None) -> FileError:
    """Return the refusal of something that is not a picture we read."""
    if content_type is not None and content_type.startswith("video/"):
        message = f"{name} is a video; this version reads images only."
        way_out = "Export the frames you need as images."
    elif content_type in _TITLES:
        message = f"{name} is {_TITLES[content_type]}, a format that Lightdesk does not read."
        way_out = f"Save it as {_READ}."
    else:
        what = f"has the format {content_type}" if content_type else "is not an image in a format that Lightdesk knows"
        message = f"{name} {what}."
        way_out = f"Save it as {_READ}."
    return FileError(ErrorCode.UNSUPPORTED_FORMAT, message, way_out=way_out, format=content_type)


def unreadable(name: str, reason: str) -> FileError:
    """Return the refusal of a damaged picture."""
    return FileError(ErrorCode.UNREADABLE_IMAGE, f"{name} cannot be read: {reason}.", way_out=_RETRY, reason=reason)


def codec_missing(name: str) -> FileError:
    """Return the refusal of a HEIC picture where its decoder is not installed."""
    return FileError(
        ErrorCode.CODEC_MISSING,
        f"{name} is a HEIC picture, and its decoder is not installed.",
        way_out='Install it with: pip install "lightdesk[heif]"',
        format="image/heic",
    )


def translated(error: Exception, name: str, content_type: str) -> FileError:
    """Map whatever a decoder raised (Pillow, OpenCV, libjpeg-turbo, numpy, libheif) to a refusal.

    A picture is data from strangers: an error of any type while it is decoded is about the picture, so
    no type is left to pass. Our own bugs in here would look like damaged pictures, which is why the
    decoders are tested on whole ones of every kind.
    """
    if isinstance(error, FileError):
        return error
    text = next(iter(str(error).strip().splitlines()), "").strip()
    said = text.lower()
    if isinstance(error, MemoryError) or "insufficient memory" in said or "failed to allocate" in said:
        return FileError(
            ErrorCode.TOO_MANY_PIXELS,
            f"{name} needs more memory than there is.",
            way_out="Close other programs or make the picture smaller, then retry.",
        )
    if isinstance(error, UnidentifiedImageError):
        return unreadable(name, f"it begins like {content_type} but the rest of its header is damaged or missing")
    if isinstance(error, EOFError | struct.error) or any(sign in said for sign in _CUT_SHORT):
        return unreadable(name, "the file is cut short")
    return unreadable(name, f"the decoder says: {(text or type(error).__name__)[:_REASON_MAX_CHARS].rstrip('.')}")
