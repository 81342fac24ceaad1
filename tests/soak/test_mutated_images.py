"""Damaged pictures of all formats are read or refused with a code, in good time."""

from __future__ import annotations

import os
import random
import time

import pytest

from engine.errors import FileError
from engine.ingest.decode import decode
from engine.ingest.derive import read_exif, small, thumbnail
from engine.schemas.files import ImageLimits
from tests.images import FORMATS, encoded, mutated, picture

pytestmark = pytest.mark.slow
N = int(os.environ.get("LIGHTDESK_SOAK_IMAGES", "200"))


def test_mutated_images() -> None:
    originals = [encoded(picture(i, (160, 120)), format) for i, format in enumerate(FORMATS)]
    limits = ImageLimits(10**7, 10**7)
    n_refused = 0
    for seed in range(N):
        rng = random.Random(seed)
        data = mutated(rng.choice(originals), rng)
        began_s = time.monotonic()
        try:
            thumbnail(small(decode(data, short_side=64, limits=limits, name=f"seed {seed}")))
        except FileError as error:
            n_refused += 1
            assert error.way_out
        read_exif(data)
        assert time.monotonic() - began_s < 5, seed
    assert 0 < n_refused < N
