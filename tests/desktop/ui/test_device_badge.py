"""The badge says where inference runs; its colour says nothing that a word does not."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication

from desktop.ui import theme
from desktop.ui.device_badge import DeviceBadge
from engine.schemas.device import DeviceReport, ModelState
from tests.desktop.ui.on_screen import shown

CPU = DeviceReport("cpu", "CPU, 2 cores", "auto", "ONNX Runtime 1.22")
REASON = "libcudnn.so.9 is missing: install cuDNN 9."
STATES = [
    (ModelState("absent", ""), "No model", "faint"),
    (ModelState("building", "net@3", progress=0.4), "Building the model\N{HORIZONTAL ELLIPSIS} 40%", "busy"),
    (ModelState("building", "net@3"), "Building the model\N{HORIZONTAL ELLIPSIS}", "busy"),
    (ModelState("loading", "net@3"), "Loading the model\N{HORIZONTAL ELLIPSIS}", "busy"),
    (ModelState("warming", "net@3"), "Warming up\N{HORIZONTAL ELLIPSIS}", "busy"),
    (ModelState("ready", "net@3", device=CPU), "net@3  \N{MIDDLE DOT}  CPU, 2 cores", "ready"),
    (ModelState("ready", "net@3"), "Ready", "busy"),
    (ModelState("failed", "net@3", "The file is damaged."), "Model failed", "error"),
    (
        ModelState("ready", "net@3", device=DeviceReport("cpu", "CPU, 2 cores", "cuda", "ONNX Runtime", REASON)),
        "net@3  \N{MIDDLE DOT}  CPU, 2 cores (fallback)",
        "busy",
    ),
]


@pytest.mark.parametrize(("state", "text", "tone"), STATES)
@pytest.mark.parametrize("name", ["light", "dark"])
def test_each_state_has_a_word_and_a_colour(qtbot, state: ModelState, text: str, tone: str, name: str) -> None:
    badge = DeviceBadge()
    shown(qtbot, badge, 300, 30)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    badge.show_state(state)
    theme.apply(app, name)  # type: ignore[arg-type]
    dot = badge.icon().pixmap(QSize(14, 10)).toImage()
    color = dot.pixelColor(dot.width() * 5 // 14, dot.height() // 2).name()
    wanted = theme.color(tone).name()
    theme.apply(app, "light")
    assert badge.text() == text and badge.accessibleName() == f"Device: {text}"
    assert color == wanted


def test_all_that_is_known_is_in_the_tooltip_and_for_screen_readers(qtbot) -> None:
    badge = DeviceBadge()
    qtbot.addWidget(badge)
    badge.show_state(STATES[-1][0])
    for words in ("net@3", "CPU, 2 cores", "ONNX Runtime", REASON):
        assert words in badge.toolTip() and words in badge.accessibleDescription()
    badge.show_state(ModelState("ready", "a&b@1", device=CPU))
    assert "a&&b@1" in badge.text()  # no underlined letter
    assert badge.focusPolicy() & Qt.FocusPolicy.TabFocus
