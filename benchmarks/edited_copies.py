"""What happens to a photo on its way through mail, chats and the web: copies made by one edit or several, and photos that
only look like copies.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]
Edit = Callable[[Pixels, np.random.Generator], Pixels]

_VISIBLE_LEVELS = 15
_WORDS = ("SAMPLE", "© Example Photos", "Draft - do not print", "2024-06-17 18:42", "www.example.org", "Proof")


def resized(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Between a quarter and one and a half of the size, at least 100 pixels on the shorter side."""
    height, width = pixels.shape[:2]
    scale = max(float(np.exp(rng.uniform(np.log(0.25), np.log(1.5)))), min(1.0, 100 / min(height, width)))
    method = rng.choice([Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling(int(method))))


def cropped(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Up to a tenth off each side; each third time a tenth off all of them."""
    height, width = pixels.shape[:2]
    share = np.full(4, 0.1) if rng.random() < 1 / 3 else rng.uniform(0, 0.1, 4)
    left, top, right, bottom = (round(part * side) for part, side in zip(share, (width, height) * 2, strict=True))
    return pixels[top : height - bottom, left : width - right]


def brightened(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Brighter or darker by up to 30 %, with contrast or by a curve."""
    value = pixels.astype(np.float32)
    kind = rng.integers(3)
    if kind == 0:
        value = value * float(rng.uniform(0.7, 1.3))
    elif kind == 1:
        value = (value - 128) * float(rng.uniform(0.75, 1.25)) + 128 + float(rng.uniform(-25, 25))
    else:
        value = 255 * (value / 255) ** float(rng.uniform(0.7, 1.4))
    return value.clip(0, 255).astype(np.uint8)


def watermarked(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Text or a mark: in a corner, across the middle, aslant, all over, or in a bar along an edge."""
    height, width = pixels.shape[:2]
    words = str(rng.choice(_WORDS))
    light = (255, 255, 255, 255)
    dark = (0, 0, 0, 255)
    colour = [light, dark, (255, 220, 40, 255), (220, 30, 30, 255)][int(rng.integers(4))]
    other = light if colour == dark else dark
    kind = str(rng.choice(["line", "middle", "tiled", "bar", "outlined", "aslant", "mark", "lines"]))
    layer = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    canvas = ImageDraw.Draw(layer)

    def font(low: float, high: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        return ImageFont.load_default(size=max(8.0, float(rng.uniform(low, high)) * height))

    at = (float(rng.uniform(0.02, 0.5)) * width, float(rng.choice([0.03, 0.88])) * height)
    if kind == "line":
        canvas.text(at, words, fill=colour, font=font(0.04, 0.08))
    elif kind == "middle":
        canvas.text((width / 2, height / 2), words, fill=colour, font=font(0.08, 0.16), anchor="mm")
    elif kind == "tiled":
        step = float(rng.uniform(0.22, 0.35)) * height
        small = font(0.05, 0.05)
        for row in range(int(height / step) + 1):
            for column in range(int(width / step / 2) + 1):
                canvas.text((column * step * 2, row * step), words[:12], fill=colour, font=small)
    elif kind == "bar":
        bar = float(rng.uniform(0.05, 0.09)) * height
        top = height - bar if rng.random() < 0.7 else 0.0
        canvas.rectangle((0, top, width, top + bar), fill=other)
        canvas.text((0.02 * width, top + bar * 0.1), words, fill=colour, font=font(bar * 0.7 / height, bar * 0.7 / height))
    elif kind == "outlined":
        stroke = max(1, height // 400)
        where = (width * 0.97, height * 0.97)
        canvas.text(where, words, fill=colour, font=font(0.04, 0.07), anchor="rs", stroke_width=stroke, stroke_fill=other)
    elif kind == "aslant":
        canvas.text((width / 2, height / 2), words, fill=colour, font=font(0.1, 0.2), anchor="mm")
        layer = layer.rotate(float(rng.uniform(15, 45)), Image.Resampling.BICUBIC)
    elif kind == "mark":
        r = float(rng.uniform(0.04, 0.08)) * min(width, height)
        x, y = (float(rng.choice([r * 1.5, side - r * 1.5])) for side in (width, height))
        canvas.ellipse((x - r, y - r, x + r, y + r), fill=colour)
        canvas.text((x, y), words[:1], fill=other, font=ImageFont.load_default(size=max(8.0, r * 1.4)), anchor="mm")
    else:
        small = font(0.03, 0.05)
        for line in range(int(rng.integers(2, 5))):
            text = str(rng.choice(_WORDS))
            canvas.text((at[0], height * (0.7 + 0.06 * line)), text, fill=colour, font=small)
    opacity = float(rng.uniform(0.25, 0.6)) if kind in ("middle", "tiled", "aslant") else float(rng.uniform(0.6, 1))
    layer.putalpha(layer.getchannel("A").point(lambda a: round(a * opacity)))
    return np.asarray(Image.alpha_composite(Image.fromarray(pixels).convert("RGBA"), layer).convert("RGB"))


EDITS: dict[str, Edit] = {"resize": resized, "crop": cropped, "brightness": brightened, "watermark": watermarked}


def encoded(pixels: Pixels, rng: np.random.Generator, format_name: str) -> bytes:
    """Return the bytes of a file; the quality is drawn where the format has one."""
    options = {
        "JPEG": lambda: {"quality": int(rng.integers(40, 96))},
        "WEBP": lambda: {"quality": int(rng.integers(40, 91))},
        "AVIF": lambda: {"quality": int(rng.integers(40, 86)), "speed": 9},
        "PNG": lambda: {"compress_level": 1},
    }.get(format_name, dict)()
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, format_name, **options)
    return file.getvalue()


def copies(pixels: Pixels, rng: np.random.Generator, n_combined: int) -> list[tuple[str, bytes]]:
    """Return copies of a photo, each with the names of what was done to it.

    One by each edit and each format alone, then `n_combined` by two to four edits and a format.
    """
    made = [(f"{name}+jpeg", encoded(edit(pixels, rng), rng, "JPEG")) for name, edit in EDITS.items()]
    made += [(name.lower(), encoded(pixels, rng, name)) for name in ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF")]
    for _ in range(n_combined):
        names = [str(n) for n in rng.choice(list(EDITS), size=int(rng.integers(2, 5)), replace=False)]
        edited = pixels
        for name in names:
            edited = EDITS[name](edited, rng)
        format_name = str(rng.choice(["JPEG", "JPEG", "WEBP", "AVIF", "PNG"]))
        made.append(("+".join([*sorted(names), format_name.lower()]), encoded(edited, rng, format_name)))
    return made


def next_shot(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Return a photo as a camera held by hand would take it a moment later.

    Turned and shifted by a little, near things further than far ones, with noise of its own and another exposure.
    """
    height, width = pixels.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = np.radians(float(rng.uniform(0.2, 1.5)) * float(rng.choice([-1, 1])))
    amount = float(rng.uniform(0.004, 0.015)) * max(height, width)
    bumps = rng.normal(0, 1, (2, 6, 8)).astype(np.float32)
    dx, dy = (cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC) * amount for part in bumps)
    shift_x, shift_y = rng.uniform(-0.03, 0.03, 2) * (width, height)
    at_x = (x - width / 2) * np.cos(angle) - (y - height / 2) * np.sin(angle) + width / 2 + shift_x + dx
    at_y = (x - width / 2) * np.sin(angle) + (y - height / 2) * np.cos(angle) + height / 2 + shift_y + dy
    moved = cv2.remap(
        pixels, at_x.astype(np.float32), at_y.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    noisy = moved.astype(np.float32) * float(rng.uniform(0.97, 1.03)) + rng.normal(0, 3, moved.shape)
    return noisy.clip(0, 255).astype(np.uint8)


def with_a_thing_changed(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Return a photo in which one thing, an eighth to a quarter of each side, has gone or has another in its place."""
    height, width = pixels.shape[:2]
    h, w = (max(8, round(side * float(rng.uniform(0.12, 0.25)))) for side in (height, width))
    best: tuple[float, tuple[int, int, int, int]] | None = None
    for _ in range(12):  # the pair of places that differ most: sky in place of sky is no change
        y, x, v, u = (int(rng.integers(0, side)) for side in (height - h, width - w) * 2)
        here, there = pixels[y : y + h, x : x + w].astype(np.int16), pixels[v : v + h, u : u + w].astype(np.int16)
        gap = float(np.abs(here - there).mean()) + float(here.std())
        if best is None or gap > best[0]:
            best = gap, (y, x, v, u)
    assert best is not None
    y, x, v, u = best[1]
    mask = np.zeros((h, w), np.uint8)
    cv2.ellipse(mask, (w // 2, h // 2), (w * 2 // 5, h * 2 // 5), 0, 0, 360, 255, -1)
    changed = pixels.copy()
    patch = pixels[v : v + h, u : u + w]
    if rng.random() < 0.35:  # gone: filled from around
        tall = np.zeros((height, width), np.uint8)
        tall[y : y + h, x : x + w] = mask
        scale = min(1.0, 320 / max(height, width))  # filling is slow on large pictures
        tiny = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        hole = cv2.resize(tall, tiny.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        filled = cv2.resize(cv2.inpaint(tiny, hole, 5, cv2.INPAINT_TELEA), (width, height))
        hidden = filled[y : y + h, x : x + w]
        seen = np.abs(hidden.astype(np.int16) - pixels[y : y + h, x : x + w]).mean(axis=2)[mask > 0]
        if float(seen.mean()) >= _VISIBLE_LEVELS:  # where nothing was, nothing has gone
            patch = hidden
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), max(1.0, min(h, w) / 20))[..., None]
    changed[y : y + h, x : x + w] = (patch * soft + pixels[y : y + h, x : x + w] * (1 - soft)).round().astype(np.uint8)
    return changed
