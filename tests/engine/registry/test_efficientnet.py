"""The graph is the same bytes everywhere, valid ONNX, and shaped as the manifest says."""

from __future__ import annotations

import hashlib

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from engine.registry import building
from engine.registry.efficientnet import build_onnx
from engine.registry.manifest import read_manifest
from engine.registry.weights import read_legacy_weights
from tests.engine.registry.test_manifest import LABELS, MODELS


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return read_legacy_weights(building._weights())


@pytest.fixture(scope="module")
def graph(weights: dict[str, np.ndarray]) -> onnx.GraphProto:
    model = onnx.load_from_string(build_onnx(weights, crop=224))
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
    assert (model.ir_version, model.producer_name) == (8, "lightdesk")
    return model.graph


def test_the_bytes_are_those_the_manifest_names(weights: dict[str, np.ndarray]) -> None:
    manifest = read_manifest(MODELS / "efficientnet-lite0.toml", labels_dir=LABELS)
    once, again = build_onnx(weights, crop=224), build_onnx(dict(reversed(weights.items())), crop=224)
    assert once == again
    assert hashlib.sha256(once).hexdigest() == manifest.sha256
    assert len(once) < 19_000_000


def test_shape_of_the_graph(graph: onnx.GraphProto) -> None:
    def shape(value: onnx.ValueInfoProto) -> list[object]:
        return [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]

    assert {v.name: shape(v) for v in graph.input} == {"pixels": ["n", 224, 224, 3]}
    assert {v.name: shape(v) for v in graph.output} == {"probabilities": ["n", 1000], "embedding": ["n", 1280]}
    kinds = [node.op_type for node in graph.node]
    # Nothing is left of batch normalisation, and each ReLU6 stands behind a convolution, to be fused with it.
    assert "BatchNormalization" not in kinds
    assert kinds.count("Conv") == 49 and kinds.count("Clip") == 33 and kinds.count("Add") == 9
    made_by = {node.output[0]: node.op_type for node in graph.node}
    assert all(made_by[node.input[0]] == "Conv" for node in graph.node if node.op_type == "Clip")


def test_padding_is_tensorflow_s(graph: onnx.GraphProto) -> None:
    seen = set()
    for node in graph.node:
        if node.op_type == "Conv":
            values = {a.name: list(a.ints) for a in node.attribute if a.ints}
            seen.add((values["kernel_shape"][0], values["strides"][0], tuple(values["pads"])))
    assert seen == {
        (1, 1, (0, 0, 0, 0)),
        (3, 1, (1, 1, 1, 1)),
        (5, 1, (2, 2, 2, 2)),
        (3, 2, (0, 0, 1, 1)),
        (5, 2, (1, 1, 2, 2)),
    }


def test_batch_normalisation_is_folded(graph: onnx.GraphProto, weights: dict[str, np.ndarray]) -> None:
    constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    name, norm = "_blocks.3._project_conv", "_blocks.3._bn2"
    x = np.random.default_rng(2).normal(size=weights[f"{name}.weight"].shape[1])
    plain = weights[f"{name}.weight"][:, :, 0, 0].astype(np.float64) @ x
    gamma, beta, mean, variance = (
        weights[f"{norm}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
    )
    expected = (plain - mean) / np.sqrt(variance + 1e-3) * gamma + beta
    folded = constants[f"{name}.weight"][:, :, 0, 0] @ x + constants[f"{name}.bias"]
    assert np.allclose(folded, expected, atol=1e-5)


def test_padding_follows_odd_sides(weights: dict[str, np.ndarray]) -> None:
    model = onnx.load_from_string(build_onnx(weights, crop=225))
    stem = next(node for node in model.graph.node if node.op_type == "Conv")
    assert next(list(a.ints) for a in stem.attribute if a.name == "pads") == [1, 1, 1, 1]
    onnx.checker.check_model(model, full_check=True)
