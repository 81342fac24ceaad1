"""Every format but ordinary JPEG, through Pillow: size first, then pixels, then small."""

from __future__ import annotations

import importlib
import io
import threading
import warnings

from PIL import Image

from engine.ingest import headers
from engine.ingest.colour import Pixels, to_reduced_rgb
from engine.ingest.refusals import codec_missing, unreadable, unsupported
from engine.ingest.sizes import check_pixels, factor_towards
from engine.schemas.files import ImageLimits

# Pillow's own limit is one number for the whole process; ours is checked before any pixel is decoded.
Image.MAX_IMAGE_PIXELS = None
# Pillow warns about damaged metadata, which is no matter for the annotator. `warnings.catch_warnings`
# around each decode would not do: it swaps state of the whole process, and decoding is threaded.
warnings.filterwarnings("ignore", module=r"PIL\.")

# MIME type -> Pillow's name and the module that brings it, so that one format does not load all forty.
_PLUGINS = {
    "image/jpeg": ("JPEG", "PIL.JpegImagePlugin"),
    "image/png": ("PNG", "PIL.PngImagePlugin"),
    "image/gif": ("GIF", "PIL.GifImagePlugin"),
    "image/tiff": ("TIFF", "PIL.TiffImagePlugin"),
    "image/webp": ("WEBP", "PIL.WebPImagePlugin"),
    "image/bmp": ("BMP", "PIL.BmpImagePlugin"),
    "image/avif": ("AVIF", "PIL.AvifImagePlugin"),
    "image/heic": ("HEIF", "pillow_heif"),
}
READABLE = frozenset(_PLUGINS)
# A strip has at least one row and the tallest picture 65,535 of them in up to 4 planes; Pillow needs
# seconds for each million strips, so a file that claims more is up to no good.
_MAX_TIFF_CHUNKS = 500_000
_heif_lock = threading.Lock()


def load(
    data: bytes, content_type: str, short_side: int, long_side: int, limits: ImageLimits, name: str
) -> tuple[Pixels, int, int, int]:
    """Return the first picture of a file as RGB, its width and height, and the orientation still to be applied.

    The pixels may be fewer than width x height, as `engine.ingest.sizes.factor_towards` allows.

    Raises
    ------
    FileError
        Refused before decoding.
    Exception
        Whatever Pillow raises; `engine.ingest.refusals.translated` knows what to make of it.
    """
    _check_before_opening(data, content_type, limits, name)
    with open_image(data, content_type, name) as image:
        check_pixels(image.width, image.height, limits, name)
        image.load()
        width, height = image.size
        pixels = to_reduced_rgb(image, content_type, factor_towards(width, height, short_side, long_side))
        # Only now: Pillow turns a TIFF while it loads it, and finds a PNG's EXIF behind the pixels.
        return pixels, width, height, orientation_of(image, content_type)


def open_image(data: bytes, content_type: str, name: str) -> Image.Image:
    """Open without decoding. Raises FileError where the decoder is missing, or what Pillow raises."""
    format_name, module = _PLUGINS[content_type]
    if content_type == "image/heic":
        _register_heif(name)
    else:
        importlib.import_module(module)
    return Image.open(io.BytesIO(data), formats=[format_name])


def orientation_of(image: Image.Image, content_type: str) -> int:
    """Return the EXIF orientation still to be applied to a loaded picture, 1 to 8."""
    # The HEIF decoder turns the picture itself. Pillow passes AVIF's own turns on as EXIF, which is right.
    if content_type == "image/heic":
        return 1
    try:
        value = image.getexif().get(0x0112, 1)
    except Exception:  # a broken EXIF block says nothing about orientation; the picture itself may be fine
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _check_before_opening(data: bytes, content_type: str, limits: ImageLimits, name: str) -> None:
    if content_type == "image/webp":
        size = headers.webp_size(data)
        if size is None:
            raise unreadable(name, "its WebP header is damaged")
        if int.from_bytes(data[4:8], "little") + 8 > len(data):
            raise unreadable(name, "the file is cut short")
        check_pixels(*size, limits, name)
    elif content_type == "image/tiff":
        header = headers.tiff_header(data)
        if header is None:
            raise unreadable(name, "its TIFF directory is damaged or cut off")
        if header.is_raw:
            raise unsupported(name, "image/x-raw")
        check_pixels(header.width, header.height, limits, name)
        if header.n_chunks > _MAX_TIFF_CHUNKS:
            raise unreadable(name, f"it says that its pixels lie in {header.n_chunks} pieces")


def _register_heif(name: str) -> None:
    try:
        import pillow_heif
    except ImportError as error:
        raise codec_missing(name) from error
    with _heif_lock:
        if "HEIF" not in Image.OPEN:
            # One thread a picture: pictures are decoded in parallel already.
            pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False)
