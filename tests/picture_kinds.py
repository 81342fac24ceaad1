"""Makes pictures of every kind we read, and spoils them. Nothing here touches the disk."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

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


# ----------------------------------------------------------------------------------------- PNG by hand


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


# ----------------------------------------------------------------------------------------- bombs


def text_bomb(kind: bytes = b"zTXt", n_bytes: int = 80_000_000) -> bytes:
    """Return a small PNG with a text chunk that unpacks to `n_bytes`."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(n_bytes >> 20)) + packer.flush()
    head = {b"zTXt": b"Comment\0\0", b"iTXt": b"Comment\0\1\0\0\0", b"iCCP": b"profile\0\0"}[kind]
    return png(scene(), extra=png_chunk(kind, head + packed))


def many_texts(n: int = 3000) -> bytes:
    """Return a PNG with thousands of text chunks."""
    info = PngImagePlugin.PngInfo()
    for i in range(n):
        info.add_text(f"k{i}", "v" * 50)
    return save(scene(), "PNG", pnginfo=info)


def dimension_lies(side: int = 65_535) -> dict[str, bytes]:
    """Return files of a few hundred bytes that claim `side` x `side` pixels."""
    jpeg = bytearray(made("jpeg-420"))
    struct.pack_into(">HH", jpeg, jpeg.index(b"\xff\xc0") + 5, side, side)
    gif = bytearray(made("gif-still"))
    struct.pack_into("<HH", gif, 6, side, side)
    bmp = bytearray(made("bmp-24"))
    struct.pack_into("<ii", bmp, 18, side, side)
    canvas = (min(side, 1 << 24) - 1).to_bytes(3, "little")
    webp = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + canvas * 2
    lossless = bytearray(made("webp-lossless"))
    at = lossless.index(b"VP8L") + 9
    struct.pack_into("<I", lossless, at, 0x3FFF | 0x3FFF << 14)
    return {
        "jpeg": bytes(jpeg),
        "png": png(scene(), size=(side, side)),
        "png-billions": png(scene(), size=(0x7FFFFFFF, 0x7FFFFFFF)),
        "gif": bytes(gif),
        "bmp": bytes(bmp),
        "webp": webp,
        "webp-lossless": bytes(lossless),
        "tiff": tiff({256: side, 257: side, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: side, 279: 100}),
    }


def tiff(tags: dict[int, int | tuple[int, int]], tail: bytes = b"") -> bytes:
    """Write a little-endian TIFF directory of LONGs; a tuple is (count, offset)."""
    entries = b"".join(
        struct.pack("<HHII", tag, 4, *(value if isinstance(value, tuple) else (1, value)))
        for tag, value in sorted(tags.items())
    )
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + struct.pack("<I", 0) + tail


def strip_bomb(n_strips: int) -> bytes:
    """Return a TIFF that says that its few pixels lie in `n_strips` strips, each of them real."""
    tags = {256: 64, 257: 64, 258: 8, 259: 1, 262: 1, 277: 1, 278: 1}
    at = 8 + 2 + 12 * (len(tags) + 2) + 4
    offsets = struct.pack(f"<{n_strips}I", *([8] * n_strips))
    sizes = struct.pack(f"<{n_strips}I", *([64] * n_strips))
    return tiff(tags | {273: (n_strips, at), 279: (n_strips, at + len(offsets))}, offsets + sizes)


# ----------------------------------------------------------------------------------------- mutations

Mutation = Callable[[bytes, random.Random], bytes]


def _flip_bits(data: bytes, rng: random.Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
    return bytes(spoilt)


def _flip_in_header(data: bytes, rng: random.Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(rng.choice((1, 2, 4))):
        spoilt[rng.randrange(min(len(spoilt), 256))] = rng.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, rng.randrange(256)))
    return bytes(spoilt)


def _truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _cut_out(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.randrange(1, 200) :]


def _duplicate(data: bytes, rng: random.Random) -> bytes:
    at, length = rng.randrange(len(data)), rng.randrange(1, 400)
    piece = data[at : at + length]
    to = rng.randrange(len(data))
    return data[:to] + piece * rng.choice((1, 1, 3, 50)) + data[to:]


def _swap(data: bytes, rng: random.Random) -> bytes:
    a, b = sorted(rng.randrange(len(data)) for _ in range(2))
    length = rng.randrange(1, 64)
    if b - a < length:
        return data[::-1]
    return data[:a] + data[b : b + length] + data[a + length : b] + data[a : a + length] + data[b + length :]


def _edit_length(data: bytes, rng: random.Random) -> bytes:
    """Overwrite an aligned or unaligned integer with a length that invites an overflow."""
    spoilt = bytearray(data)
    value = rng.choice(
        (0, 1, 2, 0x7F, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0, len(data), len(data) * 2)
    )
    form = rng.choice(("<I", ">I", "<H", ">H"))
    size = struct.calcsize(form)
    at = rng.randrange(max(1, min(len(spoilt), 2048) - size))
    struct.pack_into(form, spoilt, at, value & (0xFFFF if size == 2 else 0xFFFFFFFF))
    return bytes(spoilt[: len(data)])


def _lie_about_size(data: bytes, rng: random.Random) -> bytes:
    """Replace the picture's true width or height, wherever it is written, by another number."""
    spoilt = data
    for form in ("<H", ">H", "<I", ">I"):
        for side in (WIDTH, HEIGHT):
            if rng.random() < 0.6:
                other = rng.choice((0, 1, side - 1, side + 1, 1000, 16383, 65535, 0x7FFFFFFF, 0xFFFFFFFF))
                limit = 0xFFFF if form.endswith("H") else 0xFFFFFFFF
                spoilt = spoilt.replace(struct.pack(form, side), struct.pack(form, min(other, limit)), 1)
    return spoilt


def _foreign_header(data: bytes, rng: random.Random) -> bytes:
    other = made(rng.choice(sorted(KINDS)))
    n = rng.choice((8, 16, 64, 300))
    return other[:n] + data[n:]


def _splice(data: bytes, rng: random.Random) -> bytes:
    other = made(rng.choice(sorted(KINDS)))
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def _zero_run(data: bytes, rng: random.Random) -> bytes:
    at, length = rng.randrange(len(data)), rng.choice((1, 16, 512, 5000))
    return data[:at] + bytes([rng.choice((0, 0xFF))]) * min(length, len(data) - at) + data[at + length :]


def _shuffle_chunks(data: bytes, rng: random.Random) -> bytes:
    """Cut at what looks like the borders of chunks or segments and put the pieces in another order."""
    marks = (b"\xff", b"IDAT", b"IHDR", b"PLTE", b"VP8", b"EXIF", b"\x21\xf9", b"\x2c", b"meta", b"iloc", b"mdat")
    borders = sorted({at for mark in marks if (at := data.find(mark, rng.randrange(len(data)))) > 0})
    pieces = [data[a:b] for a, b in zip([0, *borders], [*borders, len(data)], strict=True)]
    rng.shuffle(pieces)
    return pieces[0] + b"".join(pieces[1:]) if rng.random() < 0.3 else data[:12] + b"".join(pieces)


def _trailing_junk(data: bytes, rng: random.Random) -> bytes:
    return data + rng.randbytes(rng.choice((1, 7, 4096)))


def _hostile_exif(data: bytes, rng: random.Random) -> bytes:
    """Put a spoilt EXIF block into a JPEG."""
    block = bytearray(exif(rng.randrange(10), Make="x" * rng.randrange(2000), Software="y"))
    for _ in range(rng.randrange(1, 30)):
        block[rng.randrange(6, len(block))] = rng.randrange(256)
    base = data if data.startswith(b"\xff\xd8") else made("jpeg-420")
    return base[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + bytes(block) + base[2:]


MUTATIONS: dict[str, Mutation] = {
    "flip bits": _flip_bits,
    "flip in header": _flip_in_header,
    "truncate": _truncate,
    "cut out": _cut_out,
    "duplicate": _duplicate,
    "swap": _swap,
    "edit length": _edit_length,
    "lie about size": _lie_about_size,
    "foreign header": _foreign_header,
    "splice": _splice,
    "run of one byte": _zero_run,
    "shuffle chunks": _shuffle_chunks,
    "trailing junk": _trailing_junk,
    "hostile EXIF": _hostile_exif,
}


def mutated(seed: int) -> tuple[str, bytes]:
    """Return what was done and the outcome; the same seed always gives the same bytes."""
    rng = random.Random(seed)
    # Kinds go round, so that a short run meets all of them.
    kind = sorted(KINDS)[seed % len(KINDS)]
    data, steps = made(kind), [kind]
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        name = rng.choice(sorted(MUTATIONS))
        if data:
            data = MUTATIONS[name](data, rng)
        steps.append(name)
    return ", ".join(steps), data
