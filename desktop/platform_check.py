"""Finds what Qt would abort over before Qt is asked, and names it in one line."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

# What Qt's own plugins link against, with the Debian and Ubuntu package of each.
_ANY = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libX11.so.6": "libx11-6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
}
_XCB = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
_WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
_PLUGINS = {
    "xcb": "libqxcb.so",
    "wayland": "libqwayland.so",
    "offscreen": "libqoffscreen.so",
    "minimal": "libqminimal.so",
}
_OF_PLATFORM = {"xcb": _XCB, "wayland": _WAYLAND}
# With these a person leads Qt to plugins that nobody here knows.
_PLUGIN_PATHS = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_PLUGIN_PATH")
_ANSWERS_WITHIN_S = 20.0


def why_no_window() -> str | None:
    """Return why no window can be opened here, or None.

    The first line is the reason; a second one, if there is one, says what to do. Where there are two ways to a
    display and only one works, Qt is pointed to that one (QT_QPA_PLATFORM).
    """
    if not sys.platform.startswith("linux"):
        return None
    asked = os.environ.get("QT_QPA_PLATFORM", "")
    if asked:
        return _why_not_as_asked(asked)
    ways = [way for way, name in (("wayland", "WAYLAND_DISPLAY"), ("xcb", "DISPLAY")) if os.environ.get(name)]
    if not ways:
        reason = "There is no display, so the predictions are printed here."
        packages = _missing("xcb")
        return f"{reason}\nA window would also need: {_install(packages)}" if packages else reason
    if _plugins_are_elsewhere():
        return _why_trial_fails()
    reasons = {way: _why_not(way) for way in ways}
    usable = [way for way, reason in reasons.items() if reason is None]
    if not usable:
        return reasons[ways[-1]]
    if len(usable) < len(ways) or (usable == ["xcb"] and os.environ.get("XDG_SESSION_TYPE") == "wayland"):
        os.environ["QT_QPA_PLATFORM"] = usable[0]
    return None


def _why_not_as_asked(asked: str) -> str | None:
    """Follow QT_QPA_PLATFORM as Qt does: platforms to try one after the other, each perhaps with options."""
    platforms = [part.partition(":")[0].removesuffix("-egl") for part in asked.split(";") if part]
    if platforms and set(platforms) <= set(_PLUGINS) and not _plugins_are_elsewhere():
        reasons = [_why_not(platform) for platform in platforms]
        return None if None in reasons else reasons[0]
    return _why_trial_fails()


def _plugins_are_elsewhere() -> bool:
    return any(os.environ.get(name) for name in _PLUGIN_PATHS)


def _why_not(platform: str) -> str | None:
    if packages := _missing(platform):
        return _needs(packages)
    for way, answers, variable in (("xcb", _x11_answers, "DISPLAY"), ("wayland", _wayland_answers, "WAYLAND_DISPLAY")):
        if platform == way and not _in_time(answers):
            name = os.environ.get(variable) or f"({variable} is not set)"
            return f"The display {name} does not answer or lets nobody in, so the predictions are printed here."
    if error := _plugin_error(platform):
        return f"Qt cannot use this display, so the predictions are printed here: {error}."
    return None


def _missing(platform: str) -> list[tuple[str, str]]:
    """Return the libraries that cannot be loaded, and their packages, by package."""
    needed = _ANY | _OF_PLATFORM.get(platform, {})
    return sorted((package, library) for library, package in needed.items() if not _loads(library))


def _needs(packages: list[tuple[str, str]]) -> str:
    return (
        "The window needs system libraries that are not installed; the predictions are printed here meanwhile.\n"
        f"Install them with: {_install(packages)}"
    )


def _install(packages: list[tuple[str, str]]) -> str:
    if shutil.which("apt-get") is None:
        # Packages are called otherwise on every other system; the libraries are not.
        return f"(with your system's package manager) what brings {' '.join(library for _, library in packages)}"
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install -y {' '.join(package for package, _ in packages)}"


def _why_trial_fails() -> str | None:
    """Let a child start Qt with what the person has set: only Qt knows what comes of it, and may abort."""
    if packages := _missing(""):
        return _needs(packages)
    # An abort that is expected leaves no core file and wakes no crash reporter.
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); "
        "from PySide6.QtGui import QGuiApplication; QGuiApplication([])"
    )
    set_ = [f"{name}={os.environ[name]}" for name in ("QT_QPA_PLATFORM", *_PLUGIN_PATHS) if os.environ.get(name)]
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_ANSWERS_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        said = f"it does not start within {_ANSWERS_WITHIN_S:.0f} s"
    else:
        if done.returncode == 0:
            return None
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        said = lines[0] if lines else f"it ended with {done.returncode}"
    return (
        f"Qt cannot start with {' '.join(set_)}, so the predictions are printed here: {said}\n"
        f"Take it away with: unset {' '.join(part.partition('=')[0] for part in set_)}"
    )


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


def _in_time(answers: Callable[[], bool]) -> bool:
    """Ask on a thread that may be left behind: a display on another machine can keep silent for minutes."""
    heard: list[bool] = []
    thread = threading.Thread(target=lambda: heard.append(answers()), name="display", daemon=True)
    thread.start()
    thread.join(_ANSWERS_WITHIN_S)
    return heard == [True]


def _x11_answers() -> bool:
    """Try the connection that Qt would abort over."""
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    broken = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not broken


def _wayland_answers() -> bool:
    """Try the connection that Qt would abort over."""
    wayland = ctypes.CDLL("libwayland-client.so.0")
    wayland.wl_display_connect.restype = ctypes.c_void_p
    wayland.wl_display_disconnect.argtypes = [ctypes.c_void_p]
    display = wayland.wl_display_connect(None)
    if not display:
        return False
    wayland.wl_display_disconnect(display)
    return True


def probe() -> dict[str, object]:
    """Open Qt as the window would and say what came of it; for the doctor, in a process of its own.

    Where no window can open, Qt is started without a screen: its fonts are still worth knowing. Where it cannot even
    be loaded, there is no `platform`, and `n_font_families` is not known.
    """
    from PySide6 import __version__

    reason = why_no_window()
    display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if sys.platform.startswith("linux") and _missing(""):
        known = {"qt": __version__, "why_no_window": reason, "display": display}
        return {**known, "platform": None, "screens": [], "n_font_families": None}
    if reason is not None:
        for name in _PLUGIN_PATHS:
            os.environ.pop(name, None)
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtGui import QFontDatabase, QGuiApplication

    application = QGuiApplication([])
    screens = [f"{s.size().width()} x {s.size().height()} at {s.devicePixelRatio():g}x" for s in application.screens()]
    return {
        "qt": __version__,
        "why_no_window": reason,
        "display": display,
        "platform": application.platformName(),
        "screens": screens,
        "n_font_families": len(QFontDatabase.families()),
    }


if __name__ == "__main__":
    import json

    print(json.dumps(probe()), flush=True)
    os._exit(0)  # nothing is drawn: Qt need not be taken down in order
