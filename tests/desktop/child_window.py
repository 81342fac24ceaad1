"""A window in a process of its own: what only a start decides (the screen, the scale, what was kept on the disk)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# The offscreen platform says this of every window; it means nothing (as in pyproject.toml).
_MEANS_NOTHING = re.compile(r"This plugin does not support (propagateSizeHints|raise|grabbing the keyboard)")
_BEGIN = """
import json, sys
from pathlib import Path
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication
from desktop.app import Program
from desktop.ui import theme
from engine.schemas.settings import Settings
from tests.desktop.fake_engine import FakeEngine

app = QApplication(sys.argv[:1])
theme.apply(app, "light")
engines = []

def make(settings):
    engines.append(FakeEngine(settings, n=5))
    return engines[-1]

program = Program(Settings(library=Path("/fake/library.lightdesk")), [], make_engine=make)
window = program.window

def until(true):
    loop, timer = QEventLoop(), QTimer()
    timer.timeout.connect(lambda: loop.quit() if true() else None)
    timer.start(5)
    QTimer.singleShot(20_000, lambda: sys.exit("waited in vain"))
    loop.exec()

window.show()
program.start()
until(lambda: window.grid.count() == 5 and window.grid.visible_share_with_thumbnails() == 1.0)
"""
_END = """
window.close()
program.close()
print(json.dumps(answer))
"""


def in_child(folder: Path, code: str, *, scale: float = 1.0, screen_px: tuple[int, int] = (2400, 1500)) -> Any:
    """Open a window over the fake engine in a child process, run `code` on it, close it; returns its `answer`.

    Parameters
    ----------
    folder
        Where the description of the screen may be written.
    code
        Knows `window`, `app` and `until`, and sets `answer`.

    Raises
    ------
    AssertionError
        The child ended otherwise than well, or Qt or Python warned of something.
    """
    width, height = screen_px
    screen = {"name": "one", "x": 0, "y": 0, "width": width, "height": height, "logicalDpi": 96, "dpr": 1}
    file = folder / "screens.json"
    file.write_text(json.dumps({"screens": [screen]}), encoding="utf-8")
    environment = {**os.environ, "QT_QPA_PLATFORM": f"offscreen:configfile={file}", "QT_SCALE_FACTOR": str(scale)}
    command = [sys.executable, "-W", "default", "-c", f"{_BEGIN}\n{code}\n{_END}"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)
    warnings = [line for line in done.stderr.splitlines() if line and not _MEANS_NOTHING.search(line)]
    assert done.returncode == 0 and not warnings, done.stderr
    return json.loads(done.stdout)
