"""Shows a file in the system's file manager."""

from __future__ import annotations

import os
import sys

from PySide6.QtCore import QProcess, QUrl
from PySide6.QtGui import QDesktopServices

from desktop.ui.intake import url_of

_FILE_MANAGER = "org.freedesktop.FileManager1"


def reveal(path: str) -> bool:
    """Open the folder of `path` with the file marked where the system can; False where nothing could be started."""
    if sys.platform == "win32":
        # One argument with the comma inside: Explorer parses its own command line.
        return _started("explorer.exe", ["/select,", os.path.normpath(path)])
    if sys.platform == "darwin":
        return _started("open", ["-R", path])
    return _marked_over_dbus(path) or QDesktopServices.openUrl(url_of(os.path.dirname(path)))


def _started(program: str, arguments: list[str]) -> bool:
    answer = QProcess.startDetached(program, arguments)
    return bool(answer[0] if isinstance(answer, tuple) else answer)


def _marked_over_dbus(path: str) -> bool:
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return False
    try:
        from PySide6.QtDBus import QDBusConnection, QDBusMessage
    except ImportError:
        return False
    bus = QDBusConnection.sessionBus()
    listed = bus.interface()
    if not bus.isConnected() or listed is None:
        return False
    # One that does not run yet is started by the message.
    known = (listed.registeredServiceNames().value(), listed.activatableServiceNames().value())
    if not any(_FILE_MANAGER in names for names in known):
        return False
    message = QDBusMessage.createMethodCall(_FILE_MANAGER, "/org/freedesktop/FileManager1", _FILE_MANAGER, "ShowItems")
    message.setArguments([[url_of(path).toString(QUrl.ComponentFormattingOption.FullyEncoded)], ""])
    return bus.send(message)
