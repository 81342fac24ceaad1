"""What only a trial tells: the vector's output, whether filling matters, what is no vector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from engine.errors import ErrorCode
from engine.towers.text import TextTower
from tests.engine.towers import made_towers as towers
from tests.engine.towers import published
from tests.engine.towers.made_tokenizers import clip_tokenizer, sentencepiece_tokenizer
from tests.engine.towers.published import failure, installed


def test_filling_that_is_read_is_given_though_nobody_says_so(tmp_path: Path) -> None:
    folder = published.siglip(tmp_path / "nameless")
    for name in ("config.json", "tokenizer_config.json"):
        (folder / name).unlink()
    tokenizer = sentencepiece_tokenizer(("<pad>", "</s>", "<unk>"), "", "</s>")
    for name, graph in (
        ("text_model", towers.text_tower(tokenizer, mask=None, places=64, pooling="everything")),
        ("vision_model", towers.image_tower()),
    ):
        onnx.save(graph, str(folder / "onnx" / f"{name}.onnx"))
    text = installed(folder, tmp_path).manifest.text
    # 77 is tried first and fails: it has places for 64.
    assert (text.padding, text.context_length) == ("context", 64)


def test_a_mask_makes_filling_needless(tmp_path: Path) -> None:
    tokenizer = sentencepiece_tokenizer(("<s>", "<pad>", "</s>", "<unk>"), "<s>", "</s>")
    folder = published.transformers_js(tmp_path / "clip")
    tokenizer.save(str(folder / "tokenizer.json"))
    onnx.save(towers.text_tower(tokenizer, pooling="mask"), str(folder / "onnx" / "text_model.onnx"))
    pair = installed(folder, tmp_path)
    assert pair.manifest.text.padding == "shortest"
    tower = TextTower(pair)
    long, short = "a photo of two dogs at night", "a red car"
    together = tower.embed([long, short])
    tower.close()
    assert np.allclose(together, np.concatenate([TextTower(pair).embed([text]) for text in (long, short)]), atol=1e-6)


def test_two_vectors_without_a_usual_name(tmp_path: Path) -> None:
    folder = published.transformers_js(tmp_path / "clip")
    model = towers.text_tower(clip_tokenizer(), output="first", hidden=False)
    model.graph.node.append(onnx.helper.make_node("Neg", ["first"], ["second"]))
    model.graph.output.append(onnx.helper.make_tensor_value_info("second", onnx.TensorProto.FLOAT, ["n", towers.DIM]))
    onnx.save(model, str(folder / "onnx" / "text_model.onnx"))
    error = failure(lambda: installed(folder, tmp_path))
    assert error.code is ErrorCode.MODEL_INVALID and "first, second" in error.message
    del model.graph.output[1]
    onnx.save(model, str(folder / "onnx" / "text_model.onnx"))
    assert installed(folder, tmp_path).manifest.text.output == "first"


def test_text_towers_that_do_not_work(tmp_path: Path) -> None:
    folder = published.transformers_js(tmp_path / "clip")

    def refused(model: onnx.ModelProto) -> str:
        onnx.save(model, str(folder / "onnx" / "text_model.onnx"))
        return failure(lambda: installed(folder, tmp_path)).message

    assert "does not run" in refused(towers.text_tower(clip_tokenizer(), places=3))
    wants_floats = towers.text_tower(clip_tokenizer(), more=["token_type_ids"])
    wants_floats.graph.input[2].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    assert "none of a text's" in refused(wants_floats)
    gives_tokens = towers.text_tower(clip_tokenizer())
    del gives_tokens.graph.output[:]
    gives_tokens.graph.output.append(onnx.helper.make_tensor_value_info("t1", onnx.TensorProto.INT64, [2]))
    assert "nothing that may be a vector" in refused(gives_tokens)


def test_half_precision(tmp_path: Path) -> None:
    folder = published.transformers_js(tmp_path / "clip")
    for name in ("text_model", "vision_model"):
        (folder / "onnx" / f"{name}.onnx").unlink()
    onnx.save(towers.text_tower(clip_tokenizer(), dtype="float16"), str(folder / "onnx" / "text_model_fp16.onnx"))
    onnx.save(towers.image_tower(dtype="float16"), str(folder / "onnx" / "vision_model_fp16.onnx"))
    pair = installed(folder, tmp_path)
    assert pair.manifest.image.input.dtype == "float16"
    assert published.finds_colours(pair)


def test_vectors_that_are_none_are_refused(tmp_path: Path) -> None:
    folder = published.transformers_js(tmp_path / "clip")
    model = onnx.load(str(folder / "onnx" / "vision_model.onnx"))
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype == np.float32:
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.full_like(values, np.nan), tensor.name))
    onnx.save(model, str(folder / "onnx" / "vision_model.onnx"))
    error = failure(lambda: installed(folder, tmp_path))
    assert error.code is ErrorCode.MODEL_INVALID and "NaN" in error.message
