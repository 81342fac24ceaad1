"""What a file is, told by its first bytes; suffixes only decide how loudly a failure is reported."""

from __future__ import annotations

import os

SNIFF_BYTES = 64

_IMAGE_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .apng .webp .bmp .dib .tif .tiff .gif .avif .avifs .heic .heif .hif .jp2 .j2k".split()
)

_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_MATROSKA = b"\x1a\x45\xdf\xa3"


def looks_like_image_name(path: str) -> bool:
    """Tell by the suffix whether a person would call this an image."""
    return os.path.splitext(path)[1].lower() in _IMAGE_SUFFIXES


def sniff(head: bytes) -> str | None:
    """Return the MIME type that the first 64 bytes say, or None.

    Parameters
    ----------
    head
        The file's first `SNIFF_BYTES` bytes, or fewer when it is shorter.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return "image/tiff"
    if head.startswith(b"RIFF") and len(head) >= 12:
        return {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    if head.startswith(b"BM") and len(head) >= 18 and int.from_bytes(head[14:18], "little") in (12, 40, 52, 56, 64, 108, 124):
        return "image/bmp"
    if head.startswith((b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")):
        return "image/jp2"
    if head.startswith(_MATROSKA):
        return "video/webm" if b"webm" in head else "video/x-matroska"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free"):
        return "video/quicktime"
    return None


def _iso_media(head: bytes) -> str:
    """Name an ISO base media file by its brands (ISO/IEC 14496-12, section 4.3)."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, size - 3, 4))]
    if brands[0] in _AVIF_BRANDS or (brands[0] in _HEIF_BRANDS and _AVIF_BRANDS & set(brands)):
        return "image/avif"
    if _HEIF_BRANDS & set(brands):
        return "image/heic"
    return "video/quicktime" if brands[0] == b"qt  " else "video/mp4"
