"""What comes in from outside: drops, the clipboard. Only names are looked at here; the engine looks at the files."""

from __future__ import annotations

import os
import sys
from urllib.parse import quote_from_bytes, unquote_to_bytes

from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage


def takes(mime: QMimeData) -> bool:
    """Tell whether a drag brings something that could be taken in."""
    return mime.hasUrls() or mime.hasImage()


def paths_in(mime: QMimeData) -> list[str]:
    """Return the local files and folders named by a drop or by the clipboard, each once, in order."""
    paths = [path for url in mime.urls() if (path := local_path(url))]
    if not paths and mime.hasText() and not mime.hasUrls():
        paths = [path for line in mime.text().splitlines() if (path := _typed_path(line))]
    return list(dict.fromkeys(paths))


def image_in(mime: QMimeData) -> QImage | None:
    """Return the picture itself, where a drop or the clipboard brings one."""
    if not mime.hasImage():
        return None
    image = mime.imageData()
    return image if isinstance(image, QImage) and not image.isNull() else None


def name_of(path: str) -> str:
    """Return the file's name alone."""
    return os.path.basename(path)


def local_path(url: QUrl) -> str:
    """Return the path of a local URL, with bytes that are no text kept as `os.fsdecode` keeps them."""
    if not url.isLocalFile():
        return ""
    if sys.platform == "win32":
        return os.path.normpath(url.toLocalFile())
    encoded = bytes(url.toEncoded(QUrl.ComponentFormattingOption.FullyEncoded).data())
    # file:///a%FF and file://localhost/a both name /a...; what stands between is the host.
    return os.fsdecode(unquote_to_bytes(b"/" + encoded.partition(b"://")[2].partition(b"/")[2]))


def url_of(path: str) -> QUrl:
    """Return the address of a file, the way back of `local_path`; bytes that are no text stay what they are."""
    if sys.platform == "win32":
        return QUrl.fromLocalFile(path)
    return QUrl.fromEncoded(f"file://{quote_from_bytes(os.fsencode(path))}".encode("ascii"))


def _typed_path(line: str) -> str:
    text = line.strip().strip("\"'")
    if text.startswith("file:"):
        return local_path(QUrl(text))
    text = os.path.expanduser(text) if text.startswith("~") else text
    return text if os.path.isabs(text) else ""
