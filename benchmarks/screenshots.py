"""Makes the pictures of the window in docs/images: ``python -m benchmarks.screenshots [FOLDER] [--to FOLDER]``.

Empty, filling, full, filtered to nothing, with problems; light and dark; at 1x, and at 2x with ``@2x`` in the name. Each scale and
theme has a process of its own, since Qt takes the scale at its start only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from benchmarks.engines import built_model
from benchmarks.open_window import OpenWindow
from benchmarks.photos import originals
from benchmarks.waiting import until, wait

TARGET = Path(__file__).resolve().parent.parent / "docs" / "images"
_SCALES = (1, 2)
_THEMES = ("light", "dark")
_N_FILLING = 1500
_SIZE_PX = (1320, 840)  # Qt's offscreen screen is smaller than anybody's
_PAINTED_MS = 700  # pictures have come, nothing moves any more


def main() -> None:
    """Make all of them, or those of one scale and theme."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.screenshots")
    parser.add_argument("folder", type=Path, nargs="?", help="photos to show; the sample photos if none")
    parser.add_argument("--to", type=Path, default=TARGET)
    parser.add_argument("--one", nargs=2, metavar=("SCALE", "THEME"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = (options.folder or Path(str(resources.files("resources") / "samples"))).absolute()
    target = options.to.absolute()
    target.mkdir(parents=True, exist_ok=True)
    if options.one:
        _Camera(folder, target, int(options.one[0]), options.one[1]).take_all()
        return
    for scale in _SCALES:
        for theme in _THEMES:
            words = [str(folder), "--to", str(target), "--one", str(scale), theme]
            environment = os.environ | {"QT_SCALE_FACTOR": str(scale)}
            subprocess.run([sys.executable, "-m", "benchmarks.screenshots", *words], env=environment, check=True)


class _Camera:
    def __init__(self, folder: Path, target: Path, scale: int, theme: str) -> None:
        self._folder, self._target, self._scale, self._theme = folder, target, scale, theme

    def take_all(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(scratch)
            built_model(place / "models")
            photos = place / "Pictures"
            self._fill(photos / "Summer", len(self._originals()))
            self._break(photos / "Old camera")
            self._fill(photos / "Archive", _N_FILLING)
            self._filling(place, photos)
            self._full(place, photos)

    def _filling(self, place: Path, photos: Path) -> None:
        opened = self._open(place, "filling")
        wait(_PAINTED_MS)
        self._take(opened, "empty")
        opened.drop(photos / "Archive")
        until(lambda: opened.grid.count() >= 200, 120, "some photos to be stored")
        wait(_PAINTED_MS)
        self._take(opened, "filling")
        opened.close()

    def _full(self, place: Path, photos: Path) -> None:
        opened = self._open(place, "full")
        for name in ("Summer", "Old camera"):
            before = opened.n_finished()
            opened.drop(photos / name)
            until(lambda n=before: opened.n_finished() > n, 120, f"{name} to be stored")
        until(lambda: opened.grid.visible_share_with_thumbnails() == 1.0, 30, "the pictures")
        window = opened.window
        QTest.keyClick(window.grid, Qt.Key.Key_Home)
        window.accept_first()
        wait(_PAINTED_MS)
        window.grid.step(2)
        wait(2 * _PAINTED_MS)
        self._take(opened, "window")
        window.filters.search.setText("unicorn")
        until(lambda: opened.grid.count() == 0, 30, "nothing to be shown")
        wait(_PAINTED_MS)
        self._take(opened, "nothing")
        window.clear_filter()
        until(lambda: opened.grid.count() > 0, 30, "everything to be shown")
        window.panel.choose(("problems", None))
        wait(_PAINTED_MS)
        self._take(opened, "problems")
        opened.close()

    def _open(self, place: Path, name: str) -> OpenWindow:
        return OpenWindow(
            place / name,
            place / "models",
            settings={"theme": self._theme, "user_name": "Ada"},
            theme=self._theme,
            size_px=_SIZE_PX,
        )

    def _take(self, opened: OpenWindow, name: str) -> None:
        # The large ones are for looking closely, not for the README: WebP is a tenth of PNG.
        end = ".png" if self._scale == 1 else f"@{self._scale}x.webp"
        file = self._target / f"{name}-{self._theme}{end}"
        if not opened.window.grab().save(str(file), quality=-1 if self._scale == 1 else 85):
            raise SystemExit(f"{file} could not be written.")
        print(file)

    def _originals(self) -> list[Path]:
        return originals(self._folder)

    def _fill(self, target: Path, n: int) -> None:
        """Copy photos under names as people have them, each a content of its own."""
        target.mkdir(parents=True)
        photos = self._originals()
        for i in range(n):
            original = photos[i % len(photos)]
            repeat = i // len(photos)
            name = f"IMG_{i:04}.jpg" if n > len(photos) else original.name
            (target / name).write_bytes(original.read_bytes() + (repeat.to_bytes(2, "big") if repeat else b""))

    def _break(self, target: Path) -> None:
        target.mkdir(parents=True)
        photo = self._originals()[0].read_bytes()
        (target / "IMG_0412.jpg").write_bytes(photo[: len(photo) // 3])
        (target / "IMG_0413.jpg").write_bytes(b"")
        (target / "IMG_0414.jpg").write_bytes(b"<html><body>Not found</body></html>")
        (target / "Scan 7.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))


if __name__ == "__main__":
    main()
