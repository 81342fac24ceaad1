"""An image tower at work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from engine.errors import ErrorCode, ModelError
from engine.towers.image import ImageTower
from tests.engine.towers import made_towers as towers
from tests.engine.towers import published
from tests.engine.towers.published import installed


def test_a_graph_for_so_many_pictures_at_once(tmp_path: Path) -> None:
    folder = published.transformers_js(tmp_path / "clip")
    onnx.save(towers.image_tower(batch=4, side=224), str(folder / "onnx" / "vision_model.onnx"))
    tower = ImageTower(installed(folder, tmp_path), device="cpu")
    assert tower.best_batch == 4 and tower.max_concurrency >= 1 and tower.report.device == "cpu"
    items = np.stack([tower.prepare(published.picture(published.RED, (300 + n, 200))) for n in range(6)])
    vectors = tower.embed_items(items)
    assert vectors.shape == (6, towers.DIM)
    assert np.allclose(vectors[5], tower.embed_items(items[5:])[0], atol=1e-6)
    assert tower.embed_items(items[:0]).shape == (0, towers.DIM)


def test_one_bad_picture_is_refused_by_name(tmp_path: Path) -> None:
    pair = installed(published.transformers_js(tmp_path / "clip"), tmp_path)
    tower = ImageTower(pair, device="cpu")
    item = tower.prepare(published.picture(published.RED))
    with pytest.raises(ModelError) as caught:
        tower.embed_items(np.stack([item, np.full_like(item, np.nan)]))
    assert caught.value.code is ErrorCode.MODEL_INVALID and pair.manifest.ref in caught.value.message


def test_a_picture_has_one_vector_alone_and_among_others(tmp_path: Path) -> None:
    pair = installed(published.immich(tmp_path / "immich"), tmp_path)
    tower = ImageTower(pair, device="cpu")
    frames = [published.picture(colour) for colour in (published.RED, published.GREEN, published.BLUE)]
    together = tower.embed_items(np.stack([tower.prepare(frame) for frame in frames]))
    assert tower.best_batch == 1
    assert np.allclose(together, np.stack([tower.embed(frame) for frame in frames]), atol=1e-6)
