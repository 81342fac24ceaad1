"""Pictures for tests of near-duplicates: photos of the samples, edited copies of them and what only looks like one."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from engine.ingest.derive import perceptual_hash, small, thumbnail
from engine.schemas.frame import Frame

Pixels = NDArray[np.uint8]
_SAMPLES = Path(__file__).resolve().parents[3] / "resources" / "samples"
NAMES = ("astronaut", "chelsea", "coffee", "rocket")


@cache
def photo(name: str) -> Pixels:
    with Image.open(_SAMPLES / f"{name}.jpg") as image:
        return np.asarray(image.convert("RGB"))


def saved(pixels: Pixels, format_name: str = "JPEG", **options: int) -> Pixels:
    """Return what a file in a format with losses leaves."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, format_name, **options)
    return np.asarray(Image.open(file).convert("RGB"))


def resized(pixels: Pixels, scale: float) -> Pixels:
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def cropped(pixels: Pixels, left: float, top: float, right: float, bottom: float) -> Pixels:
    height, width = pixels.shape[:2]
    return pixels[round(top * height) : round((1 - bottom) * height), round(left * width) : round((1 - right) * width)]


def brightened(pixels: Pixels, gain: float) -> Pixels:
    return (pixels.astype(np.float32) * gain).clip(0, 255).astype(np.uint8)


def lettered(pixels: Pixels) -> Pixels:
    written = pixels.copy()
    height, width = pixels.shape[:2]
    cv2.putText(
        written,
        "www.example.org",
        (width // 20, height - height // 20),
        cv2.FONT_HERSHEY_SIMPLEX,
        width / 500,
        (255, 255, 255),
        max(1, width // 250),
        cv2.LINE_AA,
    )
    return written


def copies(name: str) -> dict[str, Pixels]:
    original = photo(name)
    return {
        "quality 40": saved(original, quality=40),
        "half the size": saved(resized(original, 0.5), quality=75),
        "webp": saved(original, "WEBP", quality=60),
        "cropped": saved(cropped(original, 0.1, 0.1, 0.1, 0.1), quality=85),
        "cropped on one side": saved(cropped(original, 0.0, 0.08, 0.03, 0.0), quality=85),
        "brighter": saved(brightened(original, 1.2), quality=85),
        "text": saved(lettered(original), quality=85),
        "all of it": saved(resized(lettered(brightened(cropped(original, 0.05, 0, 0, 0.05), 0.85)), 0.7), quality=60),
    }


def moved(pixels: Pixels, degrees: float, shift: float) -> Pixels:
    """Return the next shot by hand: turned, shifted, nearer things further, with noise of its own."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = np.float32(np.radians(degrees))
    near = np.float32(0.012 * width) * np.sin(x / width * 5) * np.cos(y / height * 4)
    at_x = (x - width / 2) * np.cos(angle) - (y - height / 2) * np.sin(angle) + width / 2 + shift * width + near
    at_y = (x - width / 2) * np.sin(angle) + (y - height / 2) * np.cos(angle) + height / 2 + shift * height
    shot = cv2.remap(
        pixels, at_x.astype(np.float32), at_y.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    noise = np.random.default_rng(5).normal(0, 3, shot.shape)
    return (shot.astype(np.float32) + noise).clip(0, 255).astype(np.uint8)


def thing_changed(pixels: Pixels) -> Pixels:
    """Return the picture with its middle turned around."""
    height, width = pixels.shape[:2]
    part = (slice(height * 2 // 5, height * 3 // 5), slice(width * 2 // 5, width * 3 // 5))
    changed = pixels.copy()
    changed[part] = pixels[part][::-1, ::-1]
    return saved(changed, quality=85)


def seen(pixels: Pixels) -> Pixels:
    """Return the thumbnail as the cache holds it."""
    return np.asarray(simplejpeg.decode_jpeg(thumbnail(small(_frame(pixels)))), dtype=np.uint8)


def fingerprint(pixels: Pixels) -> int:
    return perceptual_hash(small(_frame(pixels)))


def _frame(pixels: Pixels) -> Frame:
    return Frame(np.ascontiguousarray(pixels), pixels.shape[1], pixels.shape[0], "image/jpeg")


def resized_to(pixels: Pixels, side: int) -> NDArray[np.float32]:
    """Return the levels of a tiny picture, about their mean, in one row."""
    tiny = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    return np.asarray(tiny - tiny.mean(), dtype=np.float32)
