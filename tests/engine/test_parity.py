"""The built graph answers like the same network in torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.backends.opening import open_session
from engine.registry import building
from engine.registry.catalogue import Registry

pytestmark = pytest.mark.slow
STAGES = ((1, 3, 1, 1), (2, 3, 2, 6), (2, 5, 2, 6), (3, 3, 2, 6), (3, 5, 1, 6), (4, 5, 2, 6), (1, 3, 1, 6))


@pytest.mark.filterwarnings("ignore")
def test_probabilities_agree_with_torch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is installed by make test-all")
    from torch.nn import functional as F

    (tmp_path / "w.pth").write_bytes(building._weights())
    w = torch.load(tmp_path / "w.pth", weights_only=True)

    def conv(x, name, norm, kernel, stride, groups=1, act=True):
        if kernel > 1:
            total = max((-(-x.shape[-1] // stride) - 1) * stride + kernel - x.shape[-1], 0)
            x = F.pad(x, [total // 2, total - total // 2] * 2)
        x = F.conv2d(x, w[f"{name}.weight"], None, stride, 0, 1, groups)
        x = F.batch_norm(
            x, w[f"{norm}.running_mean"], w[f"{norm}.running_var"], w[f"{norm}.weight"], w[f"{norm}.bias"], False, 0, 1e-3
        )
        return F.relu6(x) if act else x

    pixels = np.random.default_rng(3).integers(0, 256, (4, 224, 224, 3), dtype=np.uint8)
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
        x = conv(x, "_conv_head", "_bn1", 1, 1).mean((2, 3))
        expected = F.softmax(F.linear(x, w["_fc.weight"], w["_fc.bias"]), 1).numpy()
    model = Registry(tmp_path).ensure("efficientnet-lite0", lambda _m, _f: None)
    session = open_session(model, device="cpu", cpu_threads=1)
    probabilities, embedding = session.run(pixels)
    assert np.abs(probabilities - expected).max() < 1e-4
    assert np.abs(embedding - x.numpy()).max() < 1e-3
