"""What a file is, told by its first bytes; suffixes only decide how loudly a failure is reported."""

from __future__ import annotations

import os

SNIFF_BYTES = 64

_IMAGE_SUFFIXES = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".apng",
        ".webp",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
        ".gif",
        ".avif",
        ".avifs",
        ".heic",
        ".heif",
        ".hif",
        ".jp2",
        ".j2k",
    ]
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
    if (
        head.startswith(b"BM")
        and len(head) >= 18
        and int.from_bytes(head[14:18], "little") in (12, 40, 52, 56, 64, 108, 124)
    ):
        return "image/bmp"
    if head.startswith((b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")):
        return "image/jp2"
    if head.startswith((b"\x00\x00\x00\x0cJXL \r\n\x87\n", b"\xff\x0a")):
        return "image/jxl"
    if head.startswith((b"IIRO", b"IIRS", b"MMOR", b"IIU\x00", b"FUJIFILMCCD-RAW")):
        return "image/x-raw"
    if head.startswith(b"8BPS\x00"):
        return "image/vnd.adobe.photoshop"
    if head.startswith(b"\x00\x00\x01\x00") and head[5:6] == b"\x00" and head[4:5] != b"\x00":
        return "image/x-icon"
    if head.lstrip()[:5].lower() in (b"<svg ", b"<svg>"):
        return "image/svg+xml"
    if head.startswith(_MATROSKA):
        return "video/webm" if b"webm" in head else "video/x-matroska"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free"):
        return "video/quicktime"
    if head.startswith(b"\x00\x00\x01\xba"):
        return "video/mpeg"
    if head.startswith(b"0&\xb2u\x8ef\xcf\x11"):
        return "video/x-ms-wmv"
    if head.startswith(b"FLV\x01"):
        return "video/x-flv"
    return None


def _iso_media(head: bytes) -> str:
    """Name an ISO base media file by its brands (ISO/IEC 14496-12, section 4.3)."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, size - 3, 4))]
    # A general brand in front ("an image") leaves it to the others to say which codec.
    if brands[0] in _AVIF_BRANDS or (brands[0] in (b"mif1", b"msf1", b"miaf") and _AVIF_BRANDS & set(brands)):
        return "image/avif"
    if _HEIF_BRANDS & set(brands):
        return "image/heic"
    return "video/quicktime" if brands[0] == b"qt  " else "video/mp4"
