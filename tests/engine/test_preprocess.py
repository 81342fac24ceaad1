"""The network's input follows the manifest's rule, whatever the size of the picture."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.ingest.decode import decode
from engine.preprocess import Preprocessor
from engine.schemas.files import ImageLimits
from engine.schemas.frame import Frame
from engine.schemas.model import InputSpec
from tests.images import picture

SPEC = InputSpec("pixels", "NHWC", "uint8", resize_short_side=256, crop=224, interpolation="bicubic")
SAMPLES = sorted((Path(__file__).parents[2] / "resources" / "samples").glob("*.jpg"))


def frame_of(image: Image.Image) -> Frame:
    return Frame(np.asarray(image.convert("RGB")), image.width, image.height, "image/png")


def by_the_rule(image: Image.Image) -> np.ndarray:
    """The whole picture resized with smoothing, then cropped: slow, and what the rule means."""
    scale = 256 / min(image.size)
    whole = image.convert("RGB").resize(
        (max(256, round(image.width * scale)), max(256, round(image.height * scale))), Image.Resampling.BICUBIC
    )
    left, top = (whole.width - 224) // 2, (whole.height - 224) // 2
    return np.asarray(whole.crop((left, top, left + 224, top + 224)))


def mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(np.int16) - b.astype(np.int16)).mean())


@pytest.mark.parametrize("size", [(256, 256), (300, 256), (280, 400), (500, 375), (1024, 768), (3000, 2000), (97, 61)])
def test_close_to_the_slow_way_at_every_size(size: tuple[int, int]) -> None:
    image = picture(3, size)
    assert mean_difference(Preprocessor(SPEC)(frame_of(image)), by_the_rule(image)) < 1.0


@pytest.mark.parametrize("size", [(700, 500), (1400, 1000), (2900, 2100)])
def test_noise_is_smoothed_not_sampled(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(2).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    item = Preprocessor(SPEC)(frame_of(image))
    # Sampling would keep the spread of the noise; smoothing brings it down as the rule does.
    assert abs(item.std() - by_the_rule(image).std()) < 3.0


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_cheap_decode_is_close_to_the_full_one(path: Path) -> None:
    preprocessor = Preprocessor(SPEC)
    cheap = decode(
        path.read_bytes(),
        short_side=preprocessor.short_side,
        limits=ImageLimits(10**9, 10**9),
        name=path.name,
    )
    with Image.open(path) as image:
        assert mean_difference(preprocessor(cheap), by_the_rule(image)) < 5.0


@settings(max_examples=150, deadline=None)
@given(
    width=st.integers(1, 700),
    height=st.integers(1, 700),
    short=st.integers(1, 320),
    cut=st.integers(0, 40),
    interpolation=st.sampled_from(["bilinear", "bicubic", "area", "lanczos"]),
)
def test_any_size_with_any_rule(width: int, height: int, short: int, cut: int, interpolation: str) -> None:
    spec = dataclasses.replace(
        SPEC,
        resize_short_side=short,
        crop=max(1, short - cut),
        interpolation=interpolation,  # type: ignore[arg-type]
    )
    preprocessor = Preprocessor(spec)
    item = preprocessor(Frame(np.full((height, width, 3), 77, np.uint8), width, height, "image/png"))
    assert item.shape == preprocessor.item_shape and item.dtype == preprocessor.dtype
    assert item.flags.c_contiguous
    # An even picture stays even: no border bleeds in.
    assert (item == 77).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 60_000), (60_000, 1), (3, 20_000), (20_000, 257)])
def test_extreme_pictures_are_quick_and_small(size: tuple[int, int]) -> None:
    frame = Frame(np.zeros((size[1], size[0], 3), np.uint8), size[0], size[1], "image/png")
    began_s = time.perf_counter()
    assert Preprocessor(SPEC)(frame).shape == (224, 224, 3)
    assert time.perf_counter() - began_s < 1.0


def test_the_crop_is_the_centre_with_channels_in_order() -> None:
    pixels = np.zeros((300, 900, 3), np.uint8)
    pixels[:, 300:600] = (255, 0, 0)
    item = Preprocessor(SPEC)(Frame(pixels, 900, 300, "image/png"))
    assert (item[:, :, 0] > 250).mean() > 0.99
    assert item[:, :, 1:].max() < 5


def test_layout_type_and_normalisation_come_from_the_manifest() -> None:
    mean, std = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    spec = dataclasses.replace(SPEC, layout="NCHW", dtype="float32", mean=mean, std=std)
    preprocessor = Preprocessor(spec)
    image = picture(1, (400, 300))
    item = preprocessor(frame_of(image))
    assert item.shape == preprocessor.item_shape == (3, 224, 224)
    assert item.dtype == preprocessor.dtype == np.float32
    assert item.flags.c_contiguous
    plain = Preprocessor(SPEC)(frame_of(image)).astype(np.float64)
    assert np.allclose(item, ((plain - mean) / std).transpose(2, 0, 1), atol=1e-4)


def test_version_changes_with_the_rule_and_only_with_it() -> None:
    version = Preprocessor(SPEC).version
    assert Preprocessor(dataclasses.replace(SPEC)).version == version
    others = [
        dataclasses.replace(SPEC, crop=200),
        dataclasses.replace(SPEC, resize_short_side=232),
        dataclasses.replace(SPEC, interpolation="area"),
        dataclasses.replace(SPEC, dtype="float32"),
        dataclasses.replace(SPEC, dtype="float32", mean=(1.0, 2.0, 3.0)),
    ]
    assert len({version, *(Preprocessor(other).version for other in others)}) == 1 + len(others)


def test_the_frame_is_left_as_it_was() -> None:
    frame = frame_of(picture(5, (256, 256)))
    pixels = frame.pixels.copy()
    item = Preprocessor(SPEC)(Frame(pixels, 256, 256, "image/png"))
    item = item if item.flags.writeable else item.copy()
    item[:] = 0
    assert (pixels == frame.pixels).all()


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("shrink", [1.2, 1.46, 1.7, 2.0])
def test_smoothing_comes_close_to_the_antialiased_kernel(interpolation: str, shrink: float) -> None:
    """On noise, where every tap counts: several times closer than without the filter."""
    side = round(256 * shrink)
    image = Image.fromarray(np.random.default_rng(4).integers(0, 256, (side, side, 3), dtype=np.uint8))
    how = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}[interpolation]
    whole = np.asarray(image.resize((256, 256), how))[16:240, 16:240]
    item = Preprocessor(dataclasses.replace(SPEC, interpolation=interpolation))(frame_of(image))  # type: ignore[arg-type]
    left = round(16 * side / 256)
    bare = cv2.resize(
        np.asarray(image)[left : side - left, left : side - left],
        (224, 224),
        interpolation=cv2.INTER_CUBIC if interpolation == "bicubic" else cv2.INTER_LINEAR,
    )
    assert mean_difference(item, whole) < (0.5 if shrink > 1.4 else 0.9) * mean_difference(bare, whole)


@pytest.mark.parametrize("size", [(300, 256), (100, 700), (2000, 3000), (20, 30), (224, 224)])
def test_squashed_as_a_whole(size: tuple[int, int]) -> None:
    spec = dataclasses.replace(SPEC, resize_short_side=224, resize="squash")
    image = picture(4, size)
    expected = np.asarray(image.convert("RGB").resize((224, 224), Image.Resampling.BICUBIC))
    assert mean_difference(Preprocessor(spec)(frame_of(image)), expected) < 1.0


def test_half_precision_is_the_same_rounded() -> None:
    spec = dataclasses.replace(SPEC, dtype="float32", mean=(120, 110, 100), std=(60, 61, 62), layout="NCHW")
    frame = frame_of(picture(5, (300, 260)))
    half = Preprocessor(dataclasses.replace(spec, dtype="float16"))(frame)
    assert half.dtype == np.float16
    assert np.array_equal(half, Preprocessor(spec)(frame).astype(np.float16))


def test_the_rules_of_cached_predictions_are_as_they_were() -> None:
    """A new kind of resize must not make everybody's cache worthless."""
    assert Preprocessor(SPEC).version == "79cdbbdb1570"
    assert Preprocessor(dataclasses.replace(SPEC, resize="squash")).version != Preprocessor(SPEC).version
