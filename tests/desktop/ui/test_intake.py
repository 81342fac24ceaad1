"""What a drop or the clipboard brings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QImage

from desktop.ui.intake import image_in, local_path, paths_in, takes, url_of

NAMES = st.binary(min_size=1, max_size=40).filter(lambda name: not set(name) & {0, ord("/")})


def mime(*urls: str, text: str | None = None) -> QMimeData:
    data = QMimeData()
    if urls:
        data.setUrls([QUrl(url) for url in urls])
    if text is not None:
        data.setText(text)
    return data


@pytest.mark.skipif(os.name == "nt", reason="names of bytes are POSIX's")
@given(NAMES)
def test_any_name_of_a_file_survives_the_way_through_a_url(name: bytes) -> None:
    path = os.fsdecode(b"/photos/" + name)
    assert local_path(url_of(path)) == path
    data = QMimeData()
    data.setUrls([url_of(path)])
    assert paths_in(data) == [path]


@pytest.mark.parametrize(
    ("data", "paths"),
    [
        (mime("file:///a/b.jpg", "file:///a", "file:///a/b.jpg"), ["/a/b.jpg", "/a"]),
        (mime("file://localhost/a%20b%FF.jpg"), ["/a b\udcff.jpg"]),
        (mime("https://example.org/cat.jpg"), []),
        (mime("https://example.org/cat.jpg", "file:///c.jpg"), ["/c.jpg"]),
        (mime(text="/a/b.jpg\n  '/c d.jpg'  \n\nfile:///e%20f.jpg\nrelative.jpg\nhello"), ["/a/b.jpg", "/c d.jpg", "/e f.jpg"]),
        (mime(text="just some words"), []),
        (mime(), []),
    ],
)  # fmt: skip
def test_paths(data: QMimeData, paths: list[str]) -> None:
    assert paths_in(data) == paths


def test_home_is_understood_in_pasted_text() -> None:
    assert paths_in(mime(text="~/photos")) == [str(Path.home() / "photos")]


def test_pictures_and_what_is_taken(qtbot) -> None:
    data = QMimeData()
    assert not takes(data) and image_in(data) is None
    image = QImage(8, 6, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    data.setImageData(image)
    assert takes(data) and image_in(data).size() == image.size()
    empty = QMimeData()
    empty.setImageData(QImage())
    assert image_in(empty) is None
    assert takes(mime("file:///a"))
