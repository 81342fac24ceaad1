"""Makes pictures of every kind we read. Nothing here touches the disk."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 96, 64


@cache
def scene(width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """Return a smooth RGB picture that looks different in every orientation."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    red = 40 + 200 * x / width
    green = 220 - 180 * y / height
    blue = 128 + 90 * np.sin(x / width * 5 + y / height * 3)
    picture = np.stack([red, green, blue], axis=2)
    picture[: height // 3, : width // 4] = (250, 240, 20)
    picture[-height // 4 :, -width // 5 :] = (20, 30, 200)
    picture.flags.writeable = False
    frozen = cv2.GaussianBlur(picture, (0, 0), max(width, height) / 80).clip(0, 255).astype(np.uint8)
    frozen.flags.writeable = False
    return frozen


def photo(width: int = 500, height: int = 375, seed: int = 7) -> NDArray[np.uint8]:
    """Return something with the spectrum of a photograph: the scene with fine texture on it."""
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.normal(0, 60, (height, width, 3)).astype(np.float32), (0, 0), 1.2)
    coarse = rng.normal(0, 60, (9, 12, 3)).astype(np.float32)
    return (
        (scene(width, height) + noise + cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
        .clip(0, 255)
        .astype(np.uint8)
    )


def save(image: Image.Image | NDArray[Any], format_name: str, **options: Any) -> bytes:
    """Encode with Pillow."""
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, format_name, **options)
    return file.getvalue()


def exif(orientation: int | None = None, **tags: Any) -> bytes:
    """Return an EXIF block. Keywords are names of `PIL.ExifTags.Base`."""
    from PIL import ExifTags

    block = Image.Exif()
    if orientation is not None:
        block[ExifTags.Base.Orientation] = orientation
    for name, value in tags.items():
        block[ExifTags.Base[name]] = value
    return block.tobytes()


# ----------------------------------------------------------------------------------------- PNG and TIFF by hand


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """Return one chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    rows: NDArray[Any],
    *,
    bits: int = 8,
    interlaced: bool = False,
    extra: bytes = b"",
    size: tuple[int, int] | None = None,
) -> bytes:
    """Write grey (2-D) or colour (3-D) samples as PNG; `size` lies about the size."""
    height, width = rows.shape[:2]
    colour = {2: 0, 3: {2: 4, 3: 2, 4: 6}.get(rows.shape[-1], 0)}[rows.ndim]
    told = size or (width, height)
    head = struct.pack(">IIBBBBB", *told, bits, colour, 0, 0, int(interlaced))
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b"".join(
        b"\0" + (np.packbits(row).tobytes() if bits == 1 else row.astype(">u2" if bits == 16 else np.uint8).tobytes())
        for x, y, dx, dy in passes
        for row in rows[y::dy, x::dx]
        if row.size
    )
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", head)
        + extra
        + png_chunk(b"IDAT", zlib.compress(raw))
        + png_chunk(b"IEND", b"")
    )


def tiff(tags: dict[int, int | tuple[int, int]], tail: bytes = b"") -> bytes:
    """Write a little-endian TIFF directory of LONGs; a tuple is (count, offset)."""
    entries = b"".join(
        struct.pack("<HHII", tag, 4, *(value if isinstance(value, tuple) else (1, value)))
        for tag, value in sorted(tags.items())
    )
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + struct.pack("<I", 0) + tail


# ----------------------------------------------------------------------------------------- every kind


def _rgba() -> NDArray[np.uint8]:
    alpha = np.tile(np.linspace(0, 255, WIDTH, dtype=np.uint8), (HEIGHT, 1))
    return np.dstack([scene(), alpha])


def _gray() -> NDArray[np.uint8]:
    return cv2.cvtColor(scene(), cv2.COLOR_RGB2GRAY)


def _gray16() -> NDArray[np.uint16]:
    return _gray().astype(np.uint16) * 257


def _encoded(suffix: str, array: NDArray[Any]) -> bytes:
    ok, data = cv2.imencode(suffix, array)
    assert ok
    return data.tobytes()


def _rgb16(suffix: str) -> bytes:
    return _encoded(suffix, cv2.cvtColor(scene().astype(np.uint16) * 257, cv2.COLOR_RGB2BGR))


def _animated(format_name: str) -> bytes:
    other = Image.fromarray(255 - scene())
    return save(scene(), format_name, save_all=True, append_images=[other], duration=100)


def _palette_with_transparency() -> bytes:
    image = Image.fromarray(scene()).quantize(32)
    return save(image, "PNG", transparency=bytes([0, 128] + [255] * 30))


def ycck() -> bytes:
    """Return a CMYK JPEG whose Adobe marker says YCCK."""
    data = bytearray(save(Image.fromarray(scene()).convert("CMYK"), "JPEG", quality=92))
    at = data.index(b"Adobe")
    data[at + 11] = 2
    return bytes(data)


def patched_jpeg(marker: int, bits: int = 8) -> bytes:
    """Return a JPEG whose frame header claims another process or depth."""
    data = bytearray(simplejpeg.encode_jpeg(np.array(scene()), 90))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = marker, bits
    return bytes(data)


def heic(orientation: int | None = None) -> bytes:
    """Return a HEIC picture. Needs the extra `heif`."""
    import pillow_heif

    pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False)
    return save(scene(), "HEIF", quality=95, **({"exif": exif(orientation)} if orientation else {}))


KINDS: dict[str, Callable[[], bytes]] = {
    "jpeg-420": lambda: simplejpeg.encode_jpeg(np.array(scene()), 92, colorsubsampling="420"),
    "jpeg-444": lambda: simplejpeg.encode_jpeg(np.array(scene()), 92),
    "jpeg-progressive": lambda: save(scene(), "JPEG", quality=92, progressive=True),
    "jpeg-gray": lambda: save(_gray(), "JPEG", quality=92),
    "jpeg-cmyk": lambda: save(Image.fromarray(scene()).convert("CMYK"), "JPEG", quality=92),
    "jpeg-restarts": lambda: save(scene(), "JPEG", quality=92, restart_marker_blocks=2),
    "png-rgb": lambda: save(scene(), "PNG"),
    "png-rgba": lambda: save(_rgba(), "PNG"),
    "png-gray": lambda: save(_gray(), "PNG"),
    "png-gray-alpha": lambda: save(Image.fromarray(_rgba()).convert("LA"), "PNG"),
    "png-1bit": lambda: save(Image.fromarray(scene()).convert("1"), "PNG"),
    "png-palette": lambda: save(Image.fromarray(scene()).quantize(64), "PNG"),
    "png-palette-alpha": _palette_with_transparency,
    "png-gray16": lambda: png(_gray16(), bits=16),
    "png-rgb16": lambda: _rgb16(".png"),
    "png-interlaced": lambda: png(scene(), interlaced=True),
    "webp-lossy": lambda: save(scene(), "WEBP", quality=92),
    "webp-lossless": lambda: save(scene(), "WEBP", lossless=True),
    "webp-alpha": lambda: save(_rgba(), "WEBP", lossless=True, exact=True),
    "webp-animated": lambda: _animated("WEBP"),
    "bmp-24": lambda: save(scene(), "BMP"),
    "bmp-8": lambda: save(Image.fromarray(scene()).quantize(256), "BMP"),
    "bmp-1": lambda: save(Image.fromarray(scene()).convert("1"), "BMP"),
    "tiff-plain": lambda: save(scene(), "TIFF"),
    "tiff-lzw": lambda: save(scene(), "TIFF", compression="tiff_lzw"),
    "tiff-deflate": lambda: save(scene(), "TIFF", compression="tiff_adobe_deflate"),
    "tiff-jpeg": lambda: save(scene(), "TIFF", compression="jpeg", quality=92),
    "tiff-g4": lambda: save(Image.fromarray(scene()).convert("1"), "TIFF", compression="group4"),
    "tiff-gray16": lambda: save(_gray16(), "TIFF"),
    "tiff-rgb16": lambda: _rgb16(".tiff"),
    "tiff-float": lambda: save(_gray().astype(np.float32) / 255, "TIFF"),
    "tiff-cmyk": lambda: save(Image.fromarray(scene()).convert("CMYK"), "TIFF"),
    "tiff-lab": lambda: save(
        Image.frombytes("LAB", (WIDTH, HEIGHT), cv2.cvtColor(scene(), cv2.COLOR_RGB2LAB).tobytes()), "TIFF"
    ),
    "tiff-rgba": lambda: save(_rgba(), "TIFF"),
    "tiff-pages": lambda: _animated("TIFF"),
    "tiff-big": lambda: save(scene(), "TIFF", big_tiff=True),
    "gif-still": lambda: save(scene(), "GIF"),
    "gif-animated": lambda: _animated("GIF"),
    "avif": lambda: save(scene(), "AVIF", quality=92),
    "avif-alpha": lambda: save(_rgba(), "AVIF", quality=92),
    "heic": heic,
}
GRAYS = frozenset(("jpeg-gray", "png-gray", "png-gray16", "tiff-gray16", "tiff-float"))
TRANSPARENT = frozenset(("png-rgba", "webp-alpha", "avif-alpha", "tiff-rgba"))
# Made of dots or of few colours: compared in the large only.
COARSE = frozenset(("png-1bit", "bmp-1", "tiff-g4", "png-palette-alpha", "gif-still", "gif-animated", "png-gray-alpha"))
CONTENT_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "bmp": "image/bmp"} | {
    "tiff": "image/tiff",
    "gif": "image/gif",
    "avif": "image/avif",
    "heic": "image/heic",
}


@cache
def made(kind: str) -> bytes:
    """Return the picture of a kind, made once."""
    return KINDS[kind]()


def with_orientation(format_name: str, orientation: int) -> bytes:
    """Return the scene with an EXIF orientation, in a format that carries one."""
    block = exif(orientation)
    if format_name == "TIFF":
        return save(scene(), "TIFF", tiffinfo={0x0112: orientation})
    if format_name == "TIFF-LZW":
        return save(scene(), "TIFF", compression="tiff_lzw", tiffinfo={0x0112: orientation})
    if format_name == "PNG-LATE":  # the block behind the pixels, as the format allows
        data = save(scene(), "PNG")
        return data[:-12] + png_chunk(b"eXIf", block.removeprefix(b"Exif\0\0")) + data[-12:]
    if format_name == "JPEG-XMP":
        xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>' % orientation
        return save(scene(), "JPEG", quality=95, xmp=xmp)
    options: dict[str, Any] = {"WEBP": {"lossless": True}, "PNG": {}, "JPEG": {"quality": 95}, "AVIF": {"quality": 95}}[
        format_name
    ]
    return save(scene(), format_name, exif=block, **options)
