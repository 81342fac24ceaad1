"""Thumbnail, perceptual hash and sharpness, from the same decoded frame."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from engine.ingest.decode import decode
from engine.ingest.derive import perceptual_hash, sharpness, small, thumbnail
from engine.schemas.files import ImageLimits
from tests import picture_kinds as kinds

LIMITS = ImageLimits(10**9, 10**9)


def hash_of(data: bytes) -> int:
    return perceptual_hash(small(decode(data, short_side=256, limits=LIMITS, name="x")))


def distance(a: int, b: int) -> int:
    return ((a ^ b) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


@pytest.mark.parametrize("seed", range(5))
def test_hash_survives_what_a_copy_goes_through(seed: int) -> None:
    photo = kinds.photo(1000, 750, seed)
    original = hash_of(kinds.save(photo, "PNG"))
    for copy in (
        kinds.save(photo, "JPEG", quality=40),
        kinds.save(cv2.resize(photo, (500, 375), interpolation=cv2.INTER_AREA), "JPEG", quality=75),
        kinds.save(cv2.resize(photo, (1600, 1200), interpolation=cv2.INTER_CUBIC), "WEBP", quality=60),
        kinds.save(cv2.resize(photo, (300, 225), interpolation=cv2.INTER_LINEAR), "AVIF"),
        kinds.save(cv2.convertScaleAbs(photo, alpha=0.9, beta=12), "JPEG", quality=85),
    ):
        assert distance(original, hash_of(copy)) <= 8


def test_hashes_of_different_photos_are_far_apart() -> None:
    hashes = [
        hash_of(
            kinds.save(
                np.random.default_rng(s).permuted(kinds.photo(200, 150, s)[::25, ::25]).repeat(25, 0).repeat(25, 1),
                "PNG",
            )
        )
        for s in range(20)
    ]
    between = [distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(between) > 8 and 26 < float(np.mean(between)) < 38
    assert all(-(2**63) <= h < 2**63 for h in hashes)


def test_hash_of_one_colour_is_no_accident() -> None:
    assert hash_of(kinds.save(Image.new("RGB", (300, 300), "red"), "PNG")) == hash_of(
        kinds.save(Image.new("RGB", (90, 90), "red"), "PNG")
    )


def test_sharpness_falls_with_blur_and_not_with_size() -> None:
    def of(picture: object) -> float:
        data = kinds.save(picture, "JPEG", quality=95)  # type: ignore[arg-type]
        return sharpness(small(decode(data, short_side=256, limits=LIMITS, name="x")))

    photo = kinds.photo(1600, 1200)
    values = [of(cv2.GaussianBlur(photo, (0, 0), sigma)) for sigma in (1.0, 6.0, 12.0, 24.0)]
    assert values == sorted(values, reverse=True) and values[0] > 3 * values[-1] > 0
    half = of(cv2.resize(photo, (800, 600), interpolation=cv2.INTER_AREA))
    assert half == pytest.approx(of(photo), rel=0.25)
    assert of(Image.new("RGB", (400, 300), "grey")) == 0


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((500, 375), (256, 192)),
        ((375, 500), (192, 256)),
        ((100, 50), (100, 50)),
        ((5000, 20), (256, 1)),
        ((1, 1), (1, 1)),
    ],
)
def test_thumbnail(size: tuple[int, int], shown: tuple[int, int]) -> None:
    data = kinds.save(cv2.resize(kinds.photo(), size, interpolation=cv2.INTER_AREA), "PNG")
    made = thumbnail(small(decode(data, short_side=256, limits=LIMITS, name="x")))
    with Image.open(io.BytesIO(made)) as image:
        assert image.format == "JPEG" and image.size == shown
    assert len(made) < 64_000
