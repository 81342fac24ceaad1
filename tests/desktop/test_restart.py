"""What the program knows again at its next start, and how it starts on a scaled screen: each start is a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desktop.child_window import in_child

_PLACES = "[window.width(), window.height(), window._splitter.sizes()]"
_CHANGE = f"""
window.resize(1511, 907)
window._splitter.setSizes([301, 700, 450])
app.processEvents()
answer = {_PLACES}
"""
_LOOK_AND_MAXIMISE = f"""
answer = [window.isMaximized(), {_PLACES}, window.library_menu.recent()]
window.showMaximized()
app.processEvents()
"""
_LOOK_AND_GO_BACK = f"""
answer = [window.isMaximized(), window.width()]
window.showNormal()
app.processEvents()
answer.append({_PLACES})
"""
_GRAB = """
shot, grid = window.grab(), window.grid.grab()
image = grid.toImage()
points = [(x, y) for x in range(0, image.width(), 9) for y in range(0, image.height(), 9)]
pixels = {image.pixelColor(x, y).getRgb()[:3] for x, y in points}
shades = [tuple(int(c.sha256[i : i + 2], 16) for i in (0, 2, 4)) for c in engines[-1].contents.values()]
answer = {
    "window": [window.width(), window.height()],
    "shot": [shot.width(), shot.height()],
    "ratios": [window.devicePixelRatioF(), shot.devicePixelRatio(), grid.devicePixelRatio()],
    "drawn": sum(any(max(abs(a - b) for a, b in zip(p, shade)) < 4 for p in pixels) for shade in shades),
}
"""


def test_size_panes_and_maximised_state_are_kept_over_a_restart(home: Path, tmp_path: Path) -> None:
    changed = in_child(tmp_path, _CHANGE)
    assert changed[:2] == [1511, 907] and changed[2][0] == 301  # else the rest proves nothing
    maximised, found, recent = in_child(tmp_path, _LOOK_AND_MAXIMISE)
    assert not maximised and found == changed
    # An ini file gives a list of one as a text.
    assert recent == ["/fake/library.lightdesk"]
    maximised, width, back = in_child(tmp_path, _LOOK_AND_GO_BACK)
    assert maximised and width > 2300
    assert back[:2] == changed[:2] and back[2][0] == changed[2][0] and back[2][2] == changed[2][2]


def test_a_window_larger_than_the_screen_of_the_next_start_fits_it(home: Path, tmp_path: Path) -> None:
    in_child(tmp_path, _CHANGE)
    width, height, _ = in_child(tmp_path, f"answer = {_PLACES}", screen_px=(1366, 768))
    assert width <= 1366 and height <= 768


@pytest.mark.parametrize("scale", [1.5, 2.0])
def test_a_scaled_window_opens_without_a_warning_and_is_drawn_with_all_pixels(
    home: Path, tmp_path: Path, scale: float
) -> None:
    drawn = in_child(tmp_path, _GRAB, scale=scale, screen_px=(3840, 2160))
    assert drawn["ratios"] == [scale] * 3
    assert drawn["window"] == [1320, 840]
    assert drawn["shot"] == [round(side * scale) for side in drawn["window"]]
    assert drawn["drawn"] == 5  # the pictures are there, each in its colour
