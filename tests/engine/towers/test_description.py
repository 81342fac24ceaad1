"""What the files beside a tower say of it, in the formats there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest

from engine.registry.catalogue import Registry
from engine.towers.description import Description, describe
from engine.towers.folder import Folder
from tests.engine.towers import made_towers as towers
from tests.engine.towers import published
from tests.engine.towers.made_tokenizers import write_clip
from tests.engine.towers.published import CLIP_MEAN, CLIP_STD, installed, said


def described(folder: Path, **files: dict[str, Any]) -> Description:
    """Describe a folder with these JSON files (their names without the ending)."""
    folder.mkdir(exist_ok=True)
    for name in ("text_model.onnx", "vision_model.onnx"):
        (folder / name).touch()
    for name, values in files.items():
        said(folder / f"{name}.json", values)
    return describe(Folder(folder), folder / "vision_model.onnx", folder / "text_model.onnx")


OPEN_CLIP = {"mean": CLIP_MEAN, "std": CLIP_STD, "interpolation": "bicubic", "resize_mode": "squash"}
RULES: list[tuple[dict[str, Any], tuple[int, int, str, str]]] = [
    # As OpenAI's own repository has it, as transformers writes it today, and what only crops less.
    ({"size": 224, "crop_size": 224, "do_center_crop": True, "resample": 3}, (224, 224, "shortest", "bicubic")),
    ({"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}}, (224, 224, "shortest", "bicubic")),
    ({"size": {"shortest_edge": 256}, "crop_size": 224, "resample": 2}, (256, 224, "shortest", "bilinear")),
    ({"size": {"shortest_edge": 224}, "do_center_crop": False}, (224, 224, "shortest", "bicubic")),
    ({"size": {"height": 384, "width": 384}, "resample": 1}, (384, 384, "squash", "lanczos")),
    ({"size": {"height": 224, "width": 224}, "do_center_crop": True, "crop_size": 224}, (224, 224, "squash", "bicubic")),
    ({"size": 512, "do_center_crop": False, "resample": 4}, (512, 512, "squash", "area")),
    # Jina's.
    ({"size": 512, "mean": CLIP_MEAN, "std": CLIP_STD, "resize_mode": "shortest"}, (512, 512, "shortest", "bicubic")),
]


@pytest.mark.parametrize(("values", "expected"), RULES)
def test_preprocessor_config(tmp_path: Path, values: dict[str, Any], expected: tuple[int, int, str, str]) -> None:
    rules = described(tmp_path, preprocessor_config=values).pictures
    assert (rules.size, rules.crop, rules.resize, rules.interpolation) == expected
    assert rules.mean == pytest.approx([255 * v for v in CLIP_MEAN])


def test_other_scales_of_colour(tmp_path: Path) -> None:
    values = {"size": 224, "do_rescale": False, "image_mean": [10, 20, 30], "image_std": 2}
    rules = described(tmp_path, preprocessor_config=values).pictures
    assert (rules.mean, rules.std) == ((10, 20, 30), (2, 2, 2))
    values = {"size": 224, "rescale_factor": 1 / 127.5, "image_mean": [1, 1, 1], "image_std": [1, 1, 1]}
    assert described(tmp_path, preprocessor_config=values).pictures.mean == pytest.approx((127.5, 127.5, 127.5))


def test_open_clip(tmp_path: Path) -> None:
    model = {"vision_cfg": {"image_size": 378}, "text_cfg": {"context_length": 64, "tokenizer_kwargs": {"clean": "canonicalize"}}}
    known = described(tmp_path, open_clip_config={"model_cfg": model, "preprocess_cfg": OPEN_CLIP})
    assert (known.pictures.size, known.pictures.resize, known.contexts[0]) == (378, "squash", 64)
    assert (known.cleaning, known.assumed) == ("canonical", [])


def test_lengths_of_texts_the_likely_one_first(tmp_path: Path) -> None:
    tokenizer = {"model_max_length": 1000000000000000019884624838656}
    config = {"model_type": "clip", "text_config": {"max_position_embeddings": 248}}
    assert described(tmp_path, tokenizer_config=tokenizer, config=config).contexts == (248, 77, 64)
    assert described(tmp_path, tokenizer_config={"model_max_length": 8192}, config=config).contexts[0] == 512


def test_siglip_2_wants_lower_case_and_keeps_punctuation(tmp_path: Path) -> None:
    config = {"model_type": "siglip", "text_config": {"model_type": "siglip_text_model", "vocab_size": 256000}}
    known = described(tmp_path, config=config, tokenizer_config={"tokenizer_class": "GemmaTokenizer"})
    assert (known.family, known.cleaning, known.contexts[0]) == ("siglip", "lower", 64)
    assert known.pictures.resize == "squash" and len(known.assumed) == 1


def test_what_lies_on_the_exporters_machine_is_no_title(tmp_path: Path) -> None:
    assert described(tmp_path, config={"_name_or_path": "/home/ann/.cache/big-clip/"}).title == "big-clip"
    assert described(tmp_path / "mine", config={"_name_or_path": "x\n"}).title == "mine"


def test_odd_values_are_passed_over(tmp_path: Path) -> None:
    config = {"text_cfg": [1], "vision_config": {"image_size": "large"}, "pad_token_id": -1, "model_type": None}
    known = described(tmp_path, config=config, tokenizer_config={"pad_token": {"content": "<pad>"}})
    assert (known.pictures.size, known.pad_id, known.pad_token) == (0, None, "<pad>")


def test_what_no_file_says_is_assumed_and_noted(tmp_path: Path) -> None:
    """Two graphs and a tokenizer, as many export them by hand."""
    folder = tmp_path / "by-hand"
    folder.mkdir()
    tokenizer = write_clip(folder)
    (folder / "tokenizer_config.json").unlink()
    graph = towers.text_tower(tokenizer, ids="input", mask=None, output="output", whole="int32", length=77, hidden=False)
    onnx.save(graph, str(folder / "clip-vit-base-patch32-textual.onnx"))
    graph = towers.image_tower(input="input", output="output", side=224, hidden=False)
    onnx.save(graph, str(folder / "clip-vit-base-patch32-visual.onnx"))
    pair = installed(folder, tmp_path)
    (note,) = pair.manifest.assumed
    assert "OpenAI's CLIP" in note
    assert Registry(tmp_path / "models").pairs()[0].assumed == (note,)
    assert published.finds_colours(pair)


def test_mobileclip_is_not_normalised_and_inputs_that_all_exports_have_are_fed(tmp_path: Path) -> None:
    folder = published.transformers_js(tmp_path / "mobileclip", more=["position_ids", "token_type_ids"])
    rules = {**published.PREPROCESSOR, "do_normalize": False, "resample": 2}
    published.said(folder / "preprocessor_config.json", {k: v for k, v in rules.items() if not k.startswith("image_")})
    pair = installed(folder, tmp_path)
    spec = pair.manifest.image.input
    assert spec.mean == (0, 0, 0) and spec.std == pytest.approx((255, 255, 255)) and spec.interpolation == "bilinear"
    assert published.finds_colours(pair)
