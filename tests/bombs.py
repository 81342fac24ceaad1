"""Small files that claim or unpack to far too much. Nothing here touches the disk."""

from __future__ import annotations

import struct
import zlib

from PIL import PngImagePlugin

from tests.picture_kinds import made, png, png_chunk, save, scene, tiff


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


def strip_bomb(n_strips: int) -> bytes:
    """Return a TIFF that says that its few pixels lie in `n_strips` strips, each of them real."""
    tags = {256: 64, 257: 64, 258: 8, 259: 1, 262: 1, 277: 1, 278: 1}
    at = 8 + 2 + 12 * (len(tags) + 2) + 4
    offsets = struct.pack(f"<{n_strips}I", *([8] * n_strips))
    sizes = struct.pack(f"<{n_strips}I", *([64] * n_strips))
    return tiff(tags | {273: (n_strips, at), 279: (n_strips, at + len(offsets))}, offsets + sizes)
