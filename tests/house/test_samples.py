"""The photos that "Try the sample photos" shows: four to six, each with its licence, each one readable."""

from __future__ import annotations

import re
from pathlib import Path

from engine.ingest.decode import decode
from engine.schemas.files import ImageLimits

SAMPLES = Path(__file__).resolve().parents[2] / "resources" / "samples"
LICENCES = "LICENCES.md"


def test_each_sample_has_its_row_and_each_row_its_sample() -> None:
    rows = re.findall(r"^\| (\S+\.\w+) \| (.+?) \| (.+?) \|$", (SAMPLES / LICENCES).read_text("utf-8"), re.M)
    files = sorted(path.name for path in SAMPLES.iterdir() if path.name != LICENCES)
    assert sorted(name for name, _, _ in rows) == files
    assert 4 <= len(files) <= 6
    for name, what, licence in rows:
        assert re.search(r"\bby \w+", what), f"{name}: who made it?"
        assert re.search(r"public domain|CC0|CC BY", licence), f"{name}: may it be given on?"


def test_each_sample_is_a_picture() -> None:
    for path in SAMPLES.iterdir():
        if path.name != LICENCES:
            frame = decode(path.read_bytes(), short_side=224, limits=ImageLimits(10**7, 10**8), name=path.name)
            assert min(frame.width, frame.height) >= 224, path.name
