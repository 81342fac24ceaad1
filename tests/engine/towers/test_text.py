"""A text tower at work."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import onnx
import pytest

from engine.errors import DeviceError, ErrorCode, UsageError
from engine.schemas.tower import TowerPair
from engine.towers.text import TextTower
from tests.engine.towers import made_towers as towers
from tests.engine.towers import published
from tests.engine.towers.made_tokenizers import sentencepiece_tokenizer
from tests.engine.towers.published import installed

TEXTS = ["a red car", "night", "a photo of two dogs at night", "a blue car", "two dogs"]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TowerPair]:
    """One that takes any number of texts, and one that takes a single one."""
    folder = tmp_path_factory.mktemp("pairs")
    many = installed(published.transformers_js(folder / "many"), folder)
    return {"many": many, "one": installed(published.immich(folder / "one"), folder)}


@pytest.mark.parametrize("kind", ["many", "one"])
def test_alone_and_among_others(pairs: dict[str, TowerPair], kind: str) -> None:
    together = TextTower(pairs[kind]).embed(TEXTS)
    assert together.shape == (5, pairs[kind].manifest.dim)
    alone = np.concatenate([TextTower(pairs[kind]).embed([text]) for text in TEXTS])
    assert np.allclose(together, alone, atol=1e-6)
    # The order is that of the texts, and not that of their lengths.
    assert np.linalg.norm(together[0] - together[3]) > 0.1


def test_what_was_asked_before_is_remembered(pairs: dict[str, TowerPair]) -> None:
    tower = TextTower(pairs["many"])
    first = tower.embed(TEXTS)
    assert tower.last_ms > 0
    tower.close()
    assert np.array_equal(tower.embed([TEXTS[2], TEXTS[0], TEXTS[2]]), first[[2, 0, 2]])
    with pytest.raises(DeviceError):
        tower.embed(["green"])


def test_only_so_much_is_remembered(pairs: dict[str, TowerPair]) -> None:
    tower = TextTower(pairs["many"])
    tower.embed(["first"])
    vectors = tower.embed([f"a car {number}" for number in range(300)])
    assert len(vectors) == 300
    tower.close()
    tower.embed(["a car 299"])
    with pytest.raises(DeviceError):
        tower.embed(["first"])


def test_no_words(pairs: dict[str, TowerPair]) -> None:
    tower = TextTower(pairs["many"])
    with pytest.raises(UsageError) as caught:
        tower.embed(["a car", " \n"])
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    assert tower.embed([]).shape == (0, pairs["many"].manifest.dim)
    assert tower.fits("a car") and not tower.fits("a car " * 100)


def test_siglip_never_looks_past_the_filling(tmp_path: Path) -> None:
    """Also where its exporter has given it an input for a mask: it was trained without one."""
    folder = published.siglip(tmp_path / "siglip")
    expected = TextTower(installed(folder, tmp_path)).embed(TEXTS)
    tokenizer = sentencepiece_tokenizer(("<pad>", "</s>", "<unk>"), "", "</s>")
    graph = towers.text_tower(tokenizer, output="pooler_output", places=64, pooling="mask", quiet=True)
    onnx.save(graph, str(folder / "onnx" / "text_model.onnx"))
    # The mean over all that is there has the direction of the sum over all that is there.
    assert np.allclose(TextTower(installed(folder, tmp_path)).embed(TEXTS), expected, atol=1e-5)


def test_several_threads(pairs: dict[str, TowerPair]) -> None:
    tower = TextTower(pairs["many"])
    expected = TextTower(pairs["many"]).embed(TEXTS)
    wrong: list[str] = []

    def ask(turn: int) -> None:
        for i in range(20):
            at = (i + turn) % len(TEXTS)
            if not np.allclose(tower.embed([TEXTS[at]])[0], expected[at], atol=1e-6):
                wrong.append(TEXTS[at])

    threads = [threading.Thread(target=ask, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
