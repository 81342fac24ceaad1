"""Folders as pairs of towers are published in them, each with small towers that know a few colours."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from engine.errors import ModelError
from engine.schemas.frame import Frame
from engine.schemas.tower import TowerPair
from engine.towers.image import ImageTower
from engine.towers.installing import install_pair
from engine.towers.text import TextTower
from tests.engine.towers import made_towers as towers
from tests.engine.towers.made_tokenizers import sentencepiece_tokenizer, write_clip

CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
PREPROCESSOR = {
    "crop_size": {"height": 224, "width": 224},
    "do_center_crop": True,
    "do_convert_rgb": True,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": CLIP_MEAN,
    "image_processor_type": "CLIPFeatureExtractor",
    "image_std": CLIP_STD,
    "resample": 3,
    "rescale_factor": 0.00392156862745098,
    "size": {"shortest_edge": 224},
}
CONFIG = {
    "_name_or_path": "openai/clip-vit-base-patch32",
    "model_type": "clip",
    "projection_dim": towers.DIM,
    "text_config": {"model_type": "clip_text_model", "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1},
    "vision_config": {"model_type": "clip_vision_model"},
}
RED, GREEN, BLUE = (220, 30, 30), (30, 200, 40), (20, 40, 210)


def said(path: Path, values: dict[str, Any]) -> None:
    """Write a JSON file."""
    path.write_text(json.dumps(values), encoding="utf-8")


def transformers_js(folder: Path, **of_text: Any) -> Path:
    """``onnx/text_model.onnx`` and ``onnx/vision_model.onnx``, everything else above them."""
    graphs = folder / "onnx"
    graphs.mkdir(parents=True)
    tokenizer = write_clip(folder, parts=True)
    said(folder / "preprocessor_config.json", PREPROCESSOR)
    said(folder / "config.json", CONFIG)
    onnx.save(towers.text_tower(tokenizer, **of_text), str(graphs / "text_model.onnx"))
    onnx.save(towers.image_tower(), str(graphs / "vision_model.onnx"))
    return folder


def fastembed(folder: Path) -> Path:
    """Two folders, each with a ``model.onnx``."""
    text, vision = folder / "clip-ViT-B-32-text", folder / "clip-ViT-B-32-vision"
    text.mkdir(parents=True)
    vision.mkdir()
    tokenizer = write_clip(text)
    said(
        text / "config.json", {"model_type": "clip_text_model", "max_position_embeddings": 77, "pad_token_id": 1}
    )
    said(vision / "config.json", {"model_type": "clip_vision_model", "image_size": 224})
    said(vision / "preprocessor_config.json", PREPROCESSOR)
    onnx.save(towers.text_tower(tokenizer), str(text / "model.onnx"))
    onnx.save(towers.image_tower(hidden=False), str(vision / "model.onnx"))
    return folder


def immich(folder: Path, *, takes_bytes: bool = False) -> Path:
    """``textual`` and ``visual``, open_clip's configuration above; one picture and one text at a time, 32-bit tokens."""
    text, visual = folder / "textual", folder / "visual"
    text.mkdir(parents=True)
    visual.mkdir()
    tokenizer = write_clip(text)
    said(
        folder / "config.json",
        {
            "embed_dim": towers.DIM,
            "vision_cfg": {"image_size": 224, "layers": 12, "width": 768, "patch_size": 32},
            "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12},
        },
    )
    said(
        visual / "preprocess_cfg.json",
        {
            "size": [224, 224],
            "mode": "RGB",
            "mean": CLIP_MEAN,
            "std": CLIP_STD,
            "interpolation": "bicubic",
            "resize_mode": "shortest",
            "fill_color": 0,
        },
    )
    graph = towers.text_tower(
        tokenizer,
        ids="text",
        mask=None,
        output="embedding",
        batch=1,
        length=77,
        whole="int32",
        hidden=False,
        normalised=True,
    )
    onnx.save(graph, str(text / "model.onnx"))
    graph = towers.image_tower(
        input="image",
        output="embedding",
        batch=1,
        side=224,
        hidden=False,
        normalised=True,
        dtype="uint8" if takes_bytes else "float32",
        layout="NHWC" if takes_bytes else "NCHW",
        mean=[255 * value for value in CLIP_MEAN],
    )
    onnx.save(graph, str(visual / "model.onnx"))
    return folder


def siglip(folder: Path) -> Path:
    """No mask, texts that are always filled up to 64 tokens, pictures squashed, the vector called `pooler_output`."""
    graphs = folder / "onnx"
    graphs.mkdir(parents=True)
    tokenizer = sentencepiece_tokenizer(("<pad>", "</s>", "<unk>"), "", "</s>")
    tokenizer.save(str(folder / "tokenizer.json"))
    said(
        folder / "tokenizer_config.json",
        {
            "do_lower_case": True,
            "eos_token": "</s>",
            "model_max_length": 64,
            "pad_token": "</s>",
            "tokenizer_class": "SiglipTokenizer",
        },
    )
    said(
        folder / "preprocessor_config.json",
        {
            "do_normalize": True,
            "do_rescale": True,
            "do_resize": True,
            "image_mean": [0.5, 0.5, 0.5],
            "image_processor_type": "SiglipImageProcessor",
            "image_std": [0.5, 0.5, 0.5],
            "resample": 3,
            "rescale_factor": 0.00392156862745098,
            "size": {"height": 224, "width": 224},
        },
    )
    said(
        folder / "config.json",
        {
            "_name_or_path": "google/siglip-base-patch16-224",
            "model_type": "siglip",
            "text_config": {"model_type": "siglip_text_model", "vocab_size": 32000},
            "vision_config": {"model_type": "siglip_vision_model", "patch_size": 16},
        },
    )
    graph = towers.text_tower(
        tokenizer, mask=None, output="pooler_output", places=64, pooling="everything"
    )
    onnx.save(graph, str(graphs / "text_model.onnx"))
    # The mean colour is what its vector is made of here, and its hidden states come first.
    graph = towers.image_tower(output="pooler_output", hidden=False)
    onnx.save(graph, str(graphs / "vision_model.onnx"))
    return folder


def multilingual(folder: Path) -> Path:
    """Immich's layout with an XLM-Roberta for words: tokens and mask, both 32-bit, one text of 77 tokens at a time."""
    immich(folder)
    text = folder / "textual"
    tokenizer = sentencepiece_tokenizer(("<s>", "<pad>", "</s>", "<unk>"), "<s>", "</s>")
    tokenizer.save(str(text / "tokenizer.json"))
    said(
        text / "tokenizer_config.json",
        {"pad_token": "<pad>", "model_max_length": 512, "tokenizer_class": "XLMRobertaTokenizer"},
    )
    graph = towers.text_tower(
        tokenizer,
        output="embedding",
        batch=1,
        length=77,
        whole="int32",
        pooling="mask",
        hidden=False,
        normalised=True,
    )
    onnx.save(graph, str(text / "model.onnx"))
    return folder


def picture(colour: tuple[int, int, int], size: tuple[int, int] = (320, 240)) -> Frame:
    """A picture of one colour with some noise, (width, height)."""
    width, height = size
    noise = np.random.default_rng(sum(colour)).integers(-20, 20, (height, width, 3))
    pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    return Frame(pixels, width, height, "image/png")


def finds_colours(pair: TowerPair) -> bool:
    """Tell whether each word for a colour is nearest to the picture of that colour, and the other way round."""
    images, texts = ImageTower(pair, device="cpu", callers=1), TextTower(pair)
    pictures = np.stack([images.embed(picture(colour)) for colour in (RED, GREEN, BLUE)])
    words = texts.embed(["a red car", "a green car", "a blue car"])
    assert pictures.dtype == words.dtype == np.float32
    for vectors in (pictures, words):
        assert vectors.shape == (3, pair.manifest.dim)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    scores = words @ pictures.T
    return bool((scores.argmax(axis=1) == [0, 1, 2]).all() and (scores.argmax(axis=0) == [0, 1, 2]).all())


def installed(folder: Path, tmp_path: Path, **options: Any) -> TowerPair:
    """Take a pair in; nothing half done is left."""
    pair = install_pair(folder, tmp_path / "models", **options)
    assert list((tmp_path / "models").glob(".*")) == []
    return pair


def failure(call: Callable[[], object]) -> ModelError:
    """What a call is refused with; there is always a way out."""
    with pytest.raises(ModelError) as caught:
        call()
    assert caught.value.way_out
    return caught.value
