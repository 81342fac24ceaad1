"""Finds what Qt would abort over before Qt is asked, and names it in one line."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from pathlib import Path

# What Qt's own plugins link against, with the Debian and Ubuntu package of each.
_ANY = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
}
_XCB = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}


_WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
_PLUGINS = {"xcb": "libqxcb.so", "wayland": "libqwayland.so", "offscreen": "libqoffscreen.so"}
_OF_PLATFORM = {"xcb": _XCB, "wayland": _WAYLAND}


def why_no_window() -> str | None:
    """Return why no window can be opened here, or None.

    Where there are two ways to a display and only one works, Qt is pointed to that one (QT_QPA_PLATFORM).
    """
    if not sys.platform.startswith("linux"):
        return None
    asked = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]
    if asked:
        return _why_not(asked.removesuffix("-egl"))
    ways = [way for way, name in (("wayland", "WAYLAND_DISPLAY"), ("xcb", "DISPLAY")) if os.environ.get(name)]
    if not ways:
        return "There is no display, so the predictions are printed here."
    reasons = {way: _why_not(way) for way in ways}
    usable = [way for way, reason in reasons.items() if reason is None]
    if not usable:
        return reasons[ways[-1]]
    if len(usable) < len(ways):
        os.environ["QT_QPA_PLATFORM"] = usable[0]
    return None


def _why_not(platform: str) -> str | None:
    needed = _ANY | _OF_PLATFORM.get(platform, {})
    missing = sorted({package for library, package in needed.items() if not _loads(library)})
    if missing:
        return (
            "The window needs system libraries that are not installed; the predictions are printed here meanwhile.\n"
            f"Install them with: sudo apt-get install -y {' '.join(missing)}"
        )
    if platform == "xcb" and not _x11_answers():
        return f"The display {os.environ.get('DISPLAY', '')} does not answer, so the predictions are printed here."
    if error := _plugin_error(platform):
        return f"Qt cannot use this display, so the predictions are printed here: {error}."
    return None


def _plugin_error(platform: str) -> str | None:
    """Load Qt's plugin as Qt will: the loader names what no list of ours foresaw, where Qt would abort."""
    package = importlib.util.find_spec("PySide6")
    if package is None or not package.submodule_search_locations or platform not in _PLUGINS:
        return None
    plugin = Path(package.submodule_search_locations[0], "Qt", "plugins", "platforms", _PLUGINS[platform])
    if not plugin.exists():
        return None
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        return str(error)
    return None


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _x11_answers() -> bool:
    """Try the connection that Qt would abort over."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # the list of missing packages says it better
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    broken = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not broken


def probe() -> dict[str, object]:
    """Open Qt as the window would and say what came of it; for the doctor, in a process of its own.

    Where no window can open, Qt is started without a screen: its fonts are still worth knowing.
    """
    reason = why_no_window()
    if reason is not None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6 import __version__
    from PySide6.QtGui import QFontDatabase, QGuiApplication

    application = QGuiApplication([])
    screens = [f"{s.size().width()} x {s.size().height()} at {s.devicePixelRatio():g}x" for s in application.screens()]
    return {
        "qt": __version__,
        "why_no_window": reason,
        "display": bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")),
        "platform": application.platformName(),
        "screens": screens,
        "n_font_families": len(QFontDatabase.families()),
    }


if __name__ == "__main__":
    import json

    print(json.dumps(probe()), flush=True)
    os._exit(0)  # nothing is drawn: Qt need not be taken down in order
