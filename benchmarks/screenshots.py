"""Makes the pictures of the window in docs/images: ``python -m benchmarks.screenshots [FOLDER]``."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.app import Program
from desktop.ui import theme
from engine.settings import load

TARGET = Path(__file__).resolve().parent.parent / "docs" / "images"


def main(folder: str | None) -> None:
    """Open the window in light and dark, fill it, label something, and save what it looks like."""
    app = QApplication([])
    for name in ("light", "dark"):
        with tempfile.TemporaryDirectory() as home:
            os.environ["LIGHTDESK_HOME"] = home
            theme.apply(app, name)
            program = Program(load({"theme": name, "user_name": "Ada"}), [])
            window = program.window
            window.show()
            program.start()
            _wait(2500)
            window.grab().save(str(TARGET / f"empty-{name}.png"))
            broken = Path(home, "broken.jpg")
            broken.write_bytes(b"\xff\xd8\xff broken")
            photos = Path(home, "Photos")
            shutil.copytree(folder or program.sample_folder(), photos)
            window.submit([str(photos), str(broken)])
            _wait(4000)
            QTest.keyClick(window.grid, Qt.Key.Key_Home)
            window.accept_first()
            _wait(300)
            window.grid.step(2)
            _wait(1200)
            window.grab().save(str(TARGET / f"window-{name}.png"))
            window.panel.chosen.emit("problems", None)
            _wait(400)
            window.grab().save(str(TARGET / f"problems-{name}.png"))
            window.close()
            program.close()


def _wait(ms: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
