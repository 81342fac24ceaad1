"""``python -m benchmarks [PART] FOLDER``: measure on a folder of JPEG photos.

Each part prints one JSON document. Without a part all of them run, each in a process of its own, and a table of what was asked
and what was measured follows. Nothing else should run meanwhile: what the machine was busy with before is in each document.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import machine, table
from benchmarks.parts import ON_THE_BIG_LIBRARY, PARTS, Ground

ALL = "all"
_READY = "complete"


def main() -> int:
    """Return 0 when every part could be measured, whatever came out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("part", nargs="?", choices=(ALL, *PARTS), default=ALL)
    parser.add_argument("folder", type=Path, help="JPEG photos; they are repeated with a few bytes appended")
    parser.add_argument("--images", type=int, help="photos in a folder, instead of each part's own number")
    parser.add_argument("--items", type=int, default=100_000, help="items of the large library (%(default)s)")
    parser.add_argument("--rows", type=int, help="rows of growth, vectors of similar (1000000), rows of press (100000)")
    parser.add_argument("--only", nargs="+", choices=tuple(PARTS), metavar="PART", help="with all: these parts")
    parser.add_argument("--out", type=Path, help="also write documents and table into this folder")
    parser.add_argument("--scratch", type=Path, help="keep the large library and the model here between runs")
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is not a folder")
    with tempfile.TemporaryDirectory(prefix="lightdesk-bench-") as temporary:
        scratch = (options.scratch or Path(temporary)).absolute()
        scratch.mkdir(parents=True, exist_ok=True)
        if options.part == ALL:
            return _all(options, scratch)
        document = _one(options, scratch)
    text = json.dumps(document, indent=2)
    print(text)
    if options.out is not None:
        _write(options.out / f"{options.part}.json", text)
    return int("failed" in document)


def _one(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    from benchmarks.peers import PeerMissing

    document: dict[str, Any] = {"part": options.part, "load_per_core_before": machine.load_per_core()}
    models, big_home = scratch / "models", scratch / f"items-{options.items}"
    if options.part in ON_THE_BIG_LIBRARY:
        _make_big(big_home, models, options.items, options.folder.absolute())
    began_s = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix=f"{options.part}-", dir=scratch) as own:
        ground = Ground(options.folder.absolute(), Path(own), models, big_home, options.images, options.rows)
        try:
            document |= PARTS[options.part](ground)
        except (PeerMissing, SystemExit) as error:  # given up, with the reason
            document["failed"] = str(error)
    document["took_s"] = round(time.perf_counter() - began_s, 1)
    return document


def _make_big(home: Path, models: Path, n_items: int, photos: Path) -> None:
    from benchmarks import big_library

    if not (home / _READY).exists():
        began_s = time.perf_counter()
        big_library.make(home, models, n_items, photos=photos)
        (home / _READY).touch()
        print(f"made a library of {n_items:,} items in {time.perf_counter() - began_s:.0f} s", file=sys.stderr)


def _all(options: argparse.Namespace, scratch: Path) -> int:
    about = machine.describe()
    print(json.dumps(about, indent=2), flush=True)
    documents: dict[str, dict[str, Any]] = {}
    words = [str(options.folder), "--items", str(options.items), "--scratch", str(scratch)]
    for name in ("images", "rows"):
        if (value := getattr(options, name)) is not None:
            words += [f"--{name}", str(value)]
    for part in options.only or PARTS:
        began_s = time.perf_counter()
        ran = subprocess.run([sys.executable, "-m", "benchmarks", part, *words], stdout=subprocess.PIPE, text=True)
        try:
            documents[part] = json.loads(ran.stdout)
        except json.JSONDecodeError:
            documents[part] = {"part": part, "failed": f"the part {part} ended with {ran.returncode}"}
        # With what the part stands on, where it was the first to need it: the model, the large library.
        documents[part]["with_start_s"] = round(time.perf_counter() - began_s, 1)
        print(json.dumps(documents[part], indent=2), flush=True)
    text = table.rendered(documents)
    print(text)
    if options.out is not None:
        _write(options.out / "all.json", json.dumps({"machine": about, "parts": documents}, indent=2))
        _write(options.out / "table.md", text)
    return int(any("failed" in document for document in documents.values()))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
