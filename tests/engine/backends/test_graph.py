"""A network by the names of its inputs and outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from engine.backends.graph import Port, available_cores, open_graph
from engine.errors import DeviceError, ErrorCode, ModelError


def adding(path: Path) -> Path:
    """``sum = a + b`` and ``n``, the shape of `ids`."""
    inputs = [
        helper.make_tensor_value_info("a", TensorProto.FLOAT, ["n", 2]),
        helper.make_tensor_value_info("b", TensorProto.FLOAT, [1, 2]),
        helper.make_tensor_value_info("half", TensorProto.FLOAT16, None),
        helper.make_tensor_value_info("ids", TensorProto.INT32, [None, 77]),
        helper.make_tensor_value_info("words", TensorProto.STRING, ["n"]),
    ]
    outputs = [
        helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["n", 2]),
        helper.make_tensor_value_info("n", TensorProto.INT64, [2]),
    ]
    nodes = [helper.make_node("Add", ["a", "b"], ["sum"]), helper.make_node("Shape", ["ids"], ["n"])]
    graph = helper.make_graph(nodes, "adding", inputs, outputs)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def test_what_goes_in_and_out(tmp_path: Path) -> None:
    graph = open_graph(adding(tmp_path / "m.onnx"), device="cpu", threads_per_call=1)
    assert graph.inputs == (
        Port("a", "float32", (None, 2)),
        Port("b", "float32", (1, 2)),
        Port("half", "float16", ()),
        Port("ids", "int32", (None, 77)),
        Port("words", "tensor(string)", (None,)),
    )
    assert [port.kind for port in graph.outputs] == ["float32", "int64"]
    assert graph.report.device == "cpu" and str(available_cores()) in graph.report.title


def test_only_what_is_asked_for_is_given(tmp_path: Path) -> None:
    graph = open_graph(adding(tmp_path / "m.onnx"), device="cpu", threads_per_call=0)
    feeds = {
        "a": np.ones((3, 2), np.float32),
        "b": np.array([[1, 2]], np.float32),
        "half": np.array(1, np.float16),
        "ids": np.zeros((4, 77), np.int32),
        "words": np.array(["x"], object),
    }
    (total,) = graph.run(feeds, ["sum"])
    assert total.tolist() == [[2, 3]] * 3
    (n, again) = graph.run(feeds, ["n", "sum"])
    assert n.tolist() == [4, 77] and np.array_equal(again, total)
    with pytest.raises(DeviceError) as caught:
        graph.run({**feeds, "a": np.ones((3, 3), np.float32)}, ["sum"])
    assert caught.value.code is ErrorCode.INFERENCE_FAILED
    graph.close()
    with pytest.raises(DeviceError):
        graph.run(feeds, ["sum"])


def test_what_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError) as caught:
        open_graph(tmp_path / "m.onnx", device="auto", threads_per_call=1, known_as="the text tower")
    assert caught.value.code is ErrorCode.MODEL_INVALID
    assert caught.value.message.startswith("the text tower cannot be loaded")
    assert "ONNXRuntimeError" not in caught.value.message
