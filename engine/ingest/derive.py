"""What is made from the same decode: thumbnail, perceptual hash and sharpness."""

from __future__ import annotations

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

# Also reached from here, since the inspector asks for all of them together.
from engine.ingest.decode import preview
from engine.ingest.exif import read_exif
from engine.schemas.frame import Frame

__all__ = [
    "THUMBNAIL_SIDE",
    "perceptual_hash",
    "preview",
    "read_exif",
    "sharpness",
    "small",
    "thumbnail",
    "thumbnail_pixels",
]

THUMBNAIL_SIDE = 256


def small(frame: Frame, *, side: int = THUMBNAIL_SIDE) -> Frame:
    """Return the frame reduced so that its longer side has at most `side` pixels."""
    height, width = frame.pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return frame
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    pixels = frame.pixels
    # Whole blocks are averaged by vector code, and what is left to do after that is less than a halving, where
    # linear interpolation loses nothing: together a fifth of the time that an average over parts of pixels takes.
    block = int(1 / scale)
    if block > 1 and min(height, width) >= block:
        rows, columns = height // block, width // block
        whole = pixels[: rows * block, : columns * block]
        pixels = np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    return Frame(pixels, frame.width, frame.height, frame.content_type)


def thumbnail(reduced: Frame) -> bytes:
    """Return a frame from `small` as JPEG."""
    pixels = np.ascontiguousarray(reduced.pixels)
    encoded: bytes = simplejpeg.encode_jpeg(pixels, quality=82, colorspace="RGB", colorsubsampling="420")
    return encoded


def thumbnail_pixels(data: bytes) -> NDArray[np.uint8] | None:
    """Return a thumbnail from `thumbnail` as uint8 (h, w, 3) RGB; None where the bytes are damaged."""
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, colorspace="RGB")
    except ValueError:
        return None
    return pixels


def perceptual_hash(frame: Frame) -> int:
    """Return the 64-bit DCT hash of the picture as a signed integer.

    The signs of the 8 x 8 lowest frequencies of a 32 x 32 grey reduction, against their median
    without the constant one (Zauner, "Implementation and benchmarking of perceptual image hash
    functions", 2010, section 3.2.1).
    """
    # Grey first: one channel to reduce instead of three.
    tiny = cv2.resize(cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
    gray = np.asarray(tiny, dtype=np.float32)
    low = np.asarray(cv2.dct(gray))[:8, :8].ravel()
    bits = low > np.partition(low[1:], 31)[31]  # the median of 63
    return int.from_bytes(np.packbits(bits).tobytes(), "big", signed=True)


def sharpness(frame: Frame) -> float:
    """Return the variance of the Laplacian of the grey picture, in squared grey levels.

    A measure of focus (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000). Between pictures of the
    same scene, made by `small` to the same size, more is sharper; it tells nothing between scenes, nor of blur that is finer
    than a pixel of the reduced frame.
    """
    grey = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY)
    _, spread = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))
    return float(spread[0, 0]) ** 2
