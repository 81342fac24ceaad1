"""Spoils pictures of every kind, by the number of a seed. Nothing here touches the disk."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from tests.picture_kinds import HEIGHT, KINDS, WIDTH, exif, made

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
