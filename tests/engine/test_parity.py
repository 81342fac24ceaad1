"""The built graph answers like the same network in torch, and the cheap way to it costs no accuracy."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.backends.base import Session
from engine.backends.opening import open_session
from engine.ingest.decode import decode
from engine.preprocess import Preprocessor
from engine.registry import building
from engine.registry.catalogue import Registry
from engine.schemas.files import ImageLimits
from engine.schemas.model import Model

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "resources" / "samples").glob("*.jpg"))
# A hundred ImageNet photos, one a class, with photos.csv beside their folder: not part of the project, so where they
# are is told from outside.
PHOTOS = Path(os.environ.get("LIGHTDESK_SAMPLE_PHOTOS", "where no photos are"))
LIMITS = ImageLimits(10**9, 10**9)
STAGES = ((1, 3, 1, 1), (2, 3, 2, 6), (2, 5, 2, 6), (3, 3, 2, 6), (3, 5, 1, 6), (4, 5, 2, 6), (1, 3, 1, 6))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Registry(tmp_path_factory.mktemp("models")).ensure("efficientnet-lite0", lambda _message, _fraction: None)


@pytest.fixture(scope="module")
def session(model: Model) -> Session:
    return open_session(model, device="cpu", cpu_threads=1)


def full_decode_and_smooth_resize(data: bytes) -> np.ndarray:
    """The reference: every pixel decoded, the whole picture resized with antialiased bicubic, then cropped."""
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    left, top = (image.width - 224) // 2, (image.height - 224) // 2
    return np.asarray(image.crop((left, top, left + 224, top + 224)))


def cheap_way(model: Model, data: bytes) -> np.ndarray:
    preprocessor = Preprocessor(model.manifest.input)
    return preprocessor(decode(data, short_side=preprocessor.short_side, limits=LIMITS, name="photo"))


def probabilities(session: Session, pictures: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([session.run(np.stack(pictures[i : i + 4]))[0] for i in range(0, len(pictures), 4)])


def enlarged(data: bytes, factor: float) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        big = image.convert("RGB").resize(
            (int(image.width * factor), int(image.height * factor)), Image.Resampling.LANCZOS
        )
    buffer = io.BytesIO()
    big.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def network_in_torch(torch: Any, w: dict[str, Any], pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """EfficientNet-Lite0 with batch normalisation unfolded; returns probabilities and embedding."""
    F = torch.nn.functional

    def conv(x: Any, name: str, norm: str, kernel: int, stride: int, groups: int = 1, act: bool = True) -> Any:
        total = max((-(-x.shape[-1] // stride) - 1) * stride + kernel - x.shape[-1], 0)
        x = F.pad(x, [total // 2, total - total // 2] * 2)
        x = F.conv2d(x, w[f"{name}.weight"], None, stride, 0, 1, groups)
        mean, variance = w[f"{norm}.running_mean"], w[f"{norm}.running_var"]
        x = F.batch_norm(x, mean, variance, w[f"{norm}.weight"], w[f"{norm}.bias"], False, 0, 1e-3)
        return F.relu6(x) if act else x

    with torch.no_grad():
        x = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127) / 128
        x = conv(x, "_conv_stem", "_bn0", 3, 2)
        i = 0
        for repeats, kernel, first_stride, expand in STAGES:
            for repeat in range(repeats):
                b, stride, y = f"_blocks.{i}", first_stride if repeat == 0 else 1, x
                if expand > 1:
                    y = conv(y, f"{b}._expand_conv", f"{b}._bn0", 1, 1)
                y = conv(y, f"{b}._depthwise_conv", f"{b}._bn1", kernel, stride, y.shape[1])
                y = conv(y, f"{b}._project_conv", f"{b}._bn2", 1, 1, act=False)
                x = x + y if stride == 1 and x.shape[1] == y.shape[1] else y
                i += 1
        embedding = conv(x, "_conv_head", "_bn1", 1, 1).mean((2, 3))
        scores = F.softmax(F.linear(embedding, w["_fc.weight"], w["_fc.bias"]), 1)
    return scores.numpy(), embedding.numpy()


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
def test_probabilities_agree_with_torch(tmp_path: Path, model: Model, session: Session) -> None:
    import torch

    (tmp_path / "w.pth").write_bytes(building._weights())
    weights = torch.load(tmp_path / "w.pth", weights_only=True)
    noise = np.random.default_rng(3).integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)
    extremes = np.stack([np.zeros_like(noise[0]), np.full_like(noise[0], 255), np.full_like(noise[0], 127)])
    photos = np.stack([cheap_way(model, path.read_bytes()) for path in SAMPLES])
    for pixels in (photos, noise, extremes):
        scores, embedding = session.run(pixels)
        expected, expected_embedding = network_in_torch(torch, weights, pixels)
        assert np.abs(scores - expected).max() < 1e-4
        assert np.abs(embedding - expected_embedding).max() < 1e-3


# What the network says of the samples, each pixel decoded. Of those it is unsure of, a wrong step changes the answer.
ANSWERS = {
    "astronaut.jpg": ("football helmet", 0.166),
    "chelsea.jpg": ("tiger cat", 0.385),
    "clock_motion.jpg": ("bubble", 0.269),
    "coffee.jpg": ("espresso", 0.953),
    "rocket.jpg": ("missile", 0.296),
}


@pytest.mark.parametrize("way", ["cheap", "full"])
def test_the_samples_are_answered_as_ever(model: Model, session: Session, way: str) -> None:
    """No torch, and no photos but those that ship: this much of parity is checked everywhere."""
    assert list(ANSWERS) == [path.name for path in SAMPLES]
    files = [path.read_bytes() for path in SAMPLES]
    pictures = [cheap_way(model, data) if way == "cheap" else full_decode_and_smooth_resize(data) for data in files]
    for scores, (name, confidence) in zip(probabilities(session, pictures), ANSWERS.values(), strict=True):
        assert model.manifest.labels[int(scores.argmax())] == name
        assert scores.max() == pytest.approx(confidence, abs=0.04 if way == "cheap" else 0.005)


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.6])
def test_cheap_decode_sees_the_same_in_the_samples(model: Model, session: Session, factor: float) -> None:
    files = [enlarged(path.read_bytes(), factor) for path in SAMPLES]
    cheap = probabilities(session, [cheap_way(model, data) for data in files])
    full = probabilities(session, [full_decode_and_smooth_resize(data) for data in files])
    # Half the sum of differences: the share of the probability that went elsewhere.
    assert (np.abs(cheap - full).sum(axis=1) / 2).mean() < 0.1
    assert (cheap.argmax(axis=1) == full.argmax(axis=1)).all()
    for best_cheap, best_full in zip(np.argsort(-cheap)[:, :5], np.argsort(-full)[:, :5], strict=True):
        assert len(set(best_cheap) & set(best_full)) >= 4


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="needs a hundred photos: name their folder in LIGHTDESK_SAMPLE_PHOTOS")
@pytest.mark.slow
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_accuracy_is_that_of_full_decode(model: Model, session: Session, factor: float) -> None:
    with (PHOTOS.parent / "photos.csv").open(newline="") as file:
        truth = {row["file"]: int(row["imagenet_class_id"]) for row in csv.DictReader(file)}
    files = sorted(path for path in PHOTOS.iterdir() if path.name in truth)
    wanted = np.array([truth[path.name] for path in files])
    assert len(wanted) == 100
    data = [path.read_bytes() for path in files]
    if factor != 1.0:
        data = [enlarged(one, factor) for one in data]

    def correct(pictures: Sequence[np.ndarray]) -> tuple[int, int]:
        best = np.argsort(-probabilities(session, pictures), axis=1)[:, :5]
        return int((best[:, 0] == wanted).sum()), int((best == wanted[:, None]).any(axis=1).sum())

    top1, top5 = correct([cheap_way(model, one) for one in data])
    full_top1, full_top5 = correct([full_decode_and_smooth_resize(one) for one in data])
    assert abs(top1 - full_top1) <= 1
    assert abs(top5 - full_top5) <= 1
    assert top1 >= 87
