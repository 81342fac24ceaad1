"""What an ONNX file reads beside itself, and one with two towers parted."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.errors import ErrorCode
from engine.registry.catalogue import Registry
from engine.towers.graph_file import GraphFile
from tests.engine.towers import made_towers as towers
from tests.engine.towers import published
from tests.engine.towers.made_tokenizers import clip_tokenizer, write_clip
from tests.engine.towers.published import failure, installed


def test_what_an_output_depends_on(tmp_path: Path) -> None:
    onnx.save(towers.both_towers(clip_tokenizer()), str(tmp_path / "both.onnx"))
    graph = GraphFile(tmp_path / "both.onnx")
    assert graph.inputs() == ("input_ids", "pixel_values", "attention_mask")
    assert graph.needed_for("text_embeds") == {"input_ids"}
    assert graph.needed_for("image_embeds") == {"pixel_values"}
    assert graph.needed_for("logits_per_image") == {"input_ids", "pixel_values"}


def branching(external: str = "") -> onnx.ModelProto:
    """``y = x + a`` or ``x + b``, by a switch: constants are used and perhaps kept in the branches only."""

    def branch(name: str) -> onnx.GraphProto:
        constant = numpy_helper.from_array(np.ones(2, np.float32), "held")
        if external:
            constant.ClearField("raw_data")
            constant.data_location = TensorProto.EXTERNAL
            constant.external_data.add(key="location", value=external)
        node = helper.make_node("Add", ["x", name], ["sum"])
        out = helper.make_tensor_value_info("sum", TensorProto.FLOAT, [2])
        return helper.make_graph([node], name, [], [out], [constant])

    node = helper.make_node("If", ["switch"], ["y"], then_branch=branch("a"), else_branch=branch("b"))
    floats = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", "y", "z")}
    switch = helper.make_tensor_value_info("switch", TensorProto.BOOL, [])
    constants = [numpy_helper.from_array(np.full(2, n, np.float32), name) for n, name in enumerate(("a", "b", "c"))]
    more = helper.make_node("Add", ["x", "c"], ["z"])
    graph = helper.make_graph([node, more], "g", [floats["x"], switch], [floats["y"], floats["z"]], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_branches_keep_what_they_read_from_outside(tmp_path: Path) -> None:
    onnx.save(branching(), str(tmp_path / "g.onnx"))
    graph = GraphFile(tmp_path / "g.onnx")
    part = onnx.load_model_from_string(graph.parted("y"))
    onnx.checker.check_model(part, full_check=True)
    assert {tensor.name for tensor in part.graph.initializer} == {"a", "b"}
    other = onnx.load_model_from_string(graph.parted("z"))
    assert [node.op_type for node in other.graph.node] == ["Add"] and [i.name for i in other.graph.input] == ["x"]


def test_numbers_in_branches_are_looked_at_too(tmp_path: Path) -> None:
    onnx.save(branching("beside.data"), str(tmp_path / "g.onnx"))
    assert GraphFile(tmp_path / "g.onnx").external == ("beside.data",)
    onnx.save(branching("../outside"), str(tmp_path / "g.onnx"))
    assert "does not lie beside it" in failure(lambda: GraphFile(tmp_path / "g.onnx")).message


def test_both_in_one_file_are_parted(tmp_path: Path) -> None:
    folder = tmp_path / "optimum"
    folder.mkdir()
    tokenizer = write_clip(folder)
    published.said(folder / "preprocessor_config.json", published.PREPROCESSOR)
    published.said(folder / "config.json", published.CONFIG)
    onnx.save(towers.both_towers(tokenizer), str(folder / "model.onnx"))
    pair = installed(folder, tmp_path)
    whole = onnx.load(str(folder / "model.onnx"))
    for part in (pair.image_graph, pair.text_graph):
        assert 0 < len(onnx.load(str(part)).graph.node) < len(whole.graph.node)
    assert published.finds_colours(pair)
    onnx.save(towers.both_towers(tokenizer, crossed=True), str(folder / "model.onnx"))
    error = failure(lambda: installed(folder, tmp_path))
    assert error.code is ErrorCode.MODEL_INVALID and "pixel_values" in error.message and "each tower" in error.way_out


def test_numbers_in_a_file_beside_the_graph_come_along(tmp_path: Path) -> None:
    graphs = published.transformers_js(tmp_path / "clip") / "onnx"
    for name in ("text_model", "vision_model"):
        model = onnx.load(str(graphs / f"{name}.onnx"))
        onnx.save(
            model, str(graphs / f"{name}.onnx"), save_as_external_data=True, location=f"{name}.onnx_data"
        )
    pair = installed(tmp_path / "clip", tmp_path)
    assert (pair.folder / "image" / "vision_model.onnx_data").is_file()
    assert "vision_model.onnx_data" in dict(pair.manifest.image.files.sha256)
    shutil.rmtree(tmp_path / "clip")
    assert published.finds_colours(Registry(tmp_path / "models").pair(pair.manifest.ref))
    (pair.folder / "image" / "vision_model.onnx_data").unlink()
    error = failure(lambda: Registry(tmp_path / "models").pair(pair.manifest.ref))
    assert error.code is ErrorCode.MODEL_NOT_FOUND


@pytest.mark.parametrize("place", ["../../secret", "/etc/hostname", "sub/data", "..", ""])
def test_numbers_from_elsewhere_are_refused(tmp_path: Path, place: str) -> None:
    graphs = published.transformers_js(tmp_path / "clip") / "onnx"
    (tmp_path / "secret").write_bytes(bytes(100_000))
    (graphs / "sub").mkdir()
    (graphs / "sub" / "data").write_bytes(bytes(100_000))
    model = onnx.load(str(graphs / "vision_model.onnx"))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=place)
    onnx.save(model, str(graphs / "vision_model.onnx"))
    error = failure(lambda: installed(tmp_path / "clip", tmp_path))
    assert error.code is ErrorCode.MODEL_INVALID and "does not lie beside it" in error.message
