"""The window's parts: where they stand, and in what order the keys reach them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint

from tests.desktop.conftest import Shown

Show = Callable[..., Shown]


def top(shown: Shown, part) -> int:
    return part.mapTo(shown.window, QPoint(0, 0)).y()


def test_the_filter_stands_above_the_pictures_and_what_runs_below_them(show: Show, qtbot) -> None:
    shown = show(9)
    window = shown.window
    window.resize(1200, 760)
    window.banner.show_notice("Something to know.")
    qtbot.waitUntil(window.banner.isVisible)
    parts = [window.filters, window.banner, window.middle, window.activity]
    assert [top(shown, part) for part in parts] == sorted({top(shown, part) for part in parts})
    left = [part.mapTo(window, QPoint(0, 0)).x() for part in (window.panel, window.middle, window.inspector)]
    assert left == sorted({*left})


def test_a_wider_window_gives_its_width_to_the_pictures(show: Show, qtbot) -> None:
    window = show(9).window
    window.resize(1500, 700)
    qtbot.waitUntil(lambda: window.width() == 1500)
    before = window.panel.width(), window.grid.width(), window.inspector.width()
    window.resize(1900, 700)
    qtbot.waitUntil(lambda: window.grid.width() > before[1] + 300)
    assert abs(window.panel.width() - before[0]) < 20 and abs(window.inspector.width() - before[2]) < 20
