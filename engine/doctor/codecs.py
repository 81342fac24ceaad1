"""Every format made and read back by the very decoder that jobs use."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterator
from importlib import metadata

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.doctor.report import Finding
from engine.errors import LightdeskError
from engine.ingest.decode import decode
from engine.schemas.files import ImageLimits
from engine.schemas.settings import Settings

_SECTION = "Formats"
_FORMATS = ("JPEG", "PNG", "WebP", "BMP", "TIFF", "GIF", "AVIF")
_SIZE = (64, 48)
_LIMITS = ImageLimits(max_file_bytes=10**7, max_pixels=10**7)
_MAY_DIFFER = 24  # of 255, on average: lossy formats at their default quality
_AGAIN = "Install Lightdesk again with the versions in its lock file."


def examine(settings: Settings) -> Iterator[Finding]:
    """Encode and decode a small picture in each format."""
    names = ("pillow", "opencv-python-headless", "simplejpeg")
    versions = {name: metadata.version(name) for name in names}
    text = ", ".join(f"{name} {version}" for name, version in versions.items())
    yield Finding(_SECTION, "decoders", "ok", text, facts=versions)
    for name in _FORMATS:
        reason = why_not(name.upper())
        if reason is None:
            yield Finding(_SECTION, name, "ok", "reads and writes")
        else:
            yield Finding(_SECTION, name, "fail", reason, _AGAIN)
    yield _heic()


def why_not(format_name: str) -> str | None:
    """Return why a format does not work, or None. `format_name` as Pillow calls it."""
    pixels = _picture()
    buffer = io.BytesIO()
    try:
        Image.fromarray(pixels).save(buffer, format_name)
    except (OSError, KeyError, ValueError) as error:
        return f"cannot be written, so reading is not tried: {error}"
    try:
        frame = decode(buffer.getvalue(), short_side=min(_SIZE), limits=_LIMITS, name=f"trial.{format_name.lower()}")
    except LightdeskError as error:
        return f"cannot be read: {error.message}"
    if (frame.width, frame.height) != _SIZE or frame.pixels.shape != pixels.shape:
        return f"is read with the wrong size: {frame.width} x {frame.height}"
    difference = float(np.abs(frame.pixels.astype(np.int16) - pixels).mean())
    return None if difference < _MAY_DIFFER else f"is read with wrong colours (off by {difference:.0f} of 255)"


def _heic() -> Finding:
    if importlib.util.find_spec("pillow_heif") is None:
        way_out = 'Install it with: pip install "lightdesk[heif]"'
        return Finding(_SECTION, "HEIC", "note", "not installed", way_out)
    import pillow_heif

    version = metadata.version("pillow-heif")
    pillow_heif.register_heif_opener()
    reason = why_not("HEIF")
    if reason is None:
        return Finding(_SECTION, "HEIC", "ok", f"reads and writes (pillow-heif {version})", facts={"version": version})
    if reason.startswith("cannot be written"):
        return Finding(_SECTION, "HEIC", "ok", f"installed (pillow-heif {version}, which cannot write)")
    return Finding(_SECTION, "HEIC", "fail", f"pillow-heif {version}: it {reason}", _AGAIN)


def _picture() -> NDArray[np.uint8]:
    """Return soft colours in all three channels: swapped ones are seen, compression is not."""
    x = np.linspace(0, 255, _SIZE[0])
    y = np.linspace(255, 0, _SIZE[1])[:, None]
    return np.stack(np.broadcast_arrays(x, y, 128 * np.ones(1)), axis=2).astype(np.uint8)
