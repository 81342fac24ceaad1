"""Makes pictures of all formats, and damages them."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")


def picture(seed: int, size: tuple[int, int] = (96, 72)) -> Image.Image:
    """A picture with structure, different for each seed."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    """The picture as a file of that format."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def folder_of(path: Path, n: int, *, seed: int = 0) -> Path:
    """A folder with n different JPEGs."""
    path.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        (path / f"{i:04}.jpg").write_bytes(encoded(picture(seed + i), "JPEG"))
    return path


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A damaged copy."""
    kind = rng.randrange(6)
    damaged = bytearray(data)
    if kind == 0:
        for _ in range(rng.randrange(1, 20)):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del damaged[rng.randrange(1, len(damaged)) :]
    elif kind == 2:
        at = rng.randrange(len(damaged))
        damaged[at:at] = rng.randbytes(rng.randrange(1, 64))
    elif kind == 3:
        at = rng.randrange(len(damaged))
        damaged[at : at + 4] = b"\xff\xff\xff\xff"
    elif kind == 4:
        at, to = rng.randrange(len(damaged)), rng.randrange(len(damaged))
        damaged[at : at + 50] = damaged[to : to + 50]
    else:
        at = rng.randrange(min(64, len(damaged)))
        damaged[at : at + 2] = rng.randbytes(2)
    return bytes(damaged)
