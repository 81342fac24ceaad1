"""Showing a file in the file manager."""

from __future__ import annotations

import os
import sys
from urllib.parse import quote_from_bytes

import pytest
from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices

from desktop.ui import reveal


class Opener(QObject):
    """Takes the place of the system's file manager."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[QUrl] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(url)


@pytest.fixture
def opener(qtbot, monkeypatch):
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    opener = Opener()
    QDesktopServices.setUrlHandler("file", opener, "open")
    yield opener
    QDesktopServices.unsetUrlHandler("file")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the way of Linux desktops")
@pytest.mark.parametrize("folder", ["/photos", "/a b%20c#d?e", os.fsdecode(b"/caf\xe9")])
def test_without_a_bus_the_folder_is_opened(opener: Opener, folder: str) -> None:
    assert reveal.reveal(f"{folder}/IMG_1.jpg")
    encoded = bytes(opener.opened[0].toEncoded().data())
    assert encoded == b"file://" + quote_from_bytes(os.fsencode(folder)).encode()


def test_a_bus_that_does_not_answer_is_no_way(opener: Opener, monkeypatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    assert reveal.reveal("/photos/IMG_1.jpg")
    assert len(opener.opened) == 1


@pytest.mark.parametrize(
    ("platform", "program", "arguments"),
    [("win32", "explorer.exe", "/select,"), ("darwin", "open", "-R")],
)
def test_windows_and_macos_mark_the_file(monkeypatch, platform: str, program: str, arguments: str) -> None:
    started: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(reveal.sys, "platform", platform)
    monkeypatch.setattr(reveal.QProcess, "startDetached", lambda name, given: started.append((name, given)) or (True, 1))
    assert reveal.reveal("/photos/IMG_1.jpg") is True
    assert started[0][0] == program and started[0][1][0] == arguments
    monkeypatch.setattr(reveal.QProcess, "startDetached", lambda name, given: (False, 0))
    assert reveal.reveal("/photos/IMG_1.jpg") is False
