"""EfficientNet-Lite as an ONNX graph, from the tensors of a state dict.

Tan and Le, "EfficientNet" (2019), in the Lite variant: no squeeze-and-excitation, ReLU6 throughout.
The graph takes cropped uint8 RGB, normalises by itself and gives probabilities and the pooled
embedding in one pass. Batch normalisation is folded into the convolutions in float64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BN_EPSILON = 1e-3
_INPUT_MEAN = 127.0
_INPUT_SCALE = 1 / 128
_OPSET = 17
_IR_VERSION = 8


@dataclass(frozen=True, slots=True)
class _Stage:
    repeats: int
    kernel: int
    stride: int
    expand: int


# Table 1 of the paper; Lite0 has the widths and depths of B0, which the weights' shapes carry.
_STAGES = (
    _Stage(1, 3, 1, 1),
    _Stage(2, 3, 2, 6),
    _Stage(2, 5, 2, 6),
    _Stage(3, 3, 2, 6),
    _Stage(3, 5, 1, 6),
    _Stage(4, 5, 2, 6),
    _Stage(1, 3, 1, 6),
)


def build_onnx(weights: Mapping[str, NDArray[Any]], *, crop: int) -> bytes:
    """Return the serialised ONNX model.

    Parameters
    ----------
    weights
        State dict with the names of the ``efficientnet_lite_pytorch`` package.
    crop
        Side of the square input in pixels.

    Returns
    -------
    bytes
        Inputs: ``pixels`` uint8 (N, crop, crop, 3) RGB. Outputs: ``probabilities`` float32 (N, 1000),
        ``embedding`` float32 (N, 1280). The same weights give the same bytes.
    """
    from onnx import TensorProto, helper

    graph = _Graph(weights, side=crop)
    # Bytes are turned before they become floats: a quarter of the memory to move.
    x = graph.node("Transpose", ["pixels"], perm=[0, 3, 1, 2])
    x = graph.node("Cast", [x], to=TensorProto.FLOAT)
    # The mean stays a subtraction, since the padding that follows must be the zero after it. The scale
    # is a power of two, so that moving it into the weights changes no bit of the result.
    x = graph.node("Sub", [x, graph.constant("input_mean", np.float32(_INPUT_MEAN))])
    x = graph.conv(x, "_conv_stem", "_bn0", kernel=3, stride=2, scale=_INPUT_SCALE)
    index = 0
    for stage in _STAGES:
        for repeat in range(stage.repeats):
            x = graph.block(x, f"_blocks.{index}", stage, stride=stage.stride if repeat == 0 else 1)
            index += 1
    x = graph.conv(x, "_conv_head", "_bn1", kernel=1, stride=1)
    x = graph.node("GlobalAveragePool", [x])
    graph.node("Flatten", [x], output="embedding", axis=1)
    weight = graph.constant("_fc.weight", weights["_fc.weight"])
    bias = graph.constant("_fc.bias", weights["_fc.bias"])
    logits = graph.node("Gemm", ["embedding", weight, bias], transB=1)
    graph.node("Softmax", [logits], output="probabilities", axis=1)
    n_classes, dim = weights["_fc.weight"].shape
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "efficientnet-lite",
            [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", crop, crop, 3])],
            [
                helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", n_classes]),
                helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", dim]),
            ],
            graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="lightdesk",
    )
    serialised: bytes = model.SerializeToString(deterministic=True)
    return serialised


class _Graph:
    """Nodes and constants in the order they are made, named by number."""

    def __init__(self, weights: Mapping[str, NDArray[Any]], *, side: int) -> None:
        self._weights = weights
        self._side = side
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def node(self, op: str, inputs: list[str], *, output: str | None = None, **attributes: Any) -> str:
        from onnx import helper

        name = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=f"n{len(self.nodes)}", **attributes))
        return name

    def constant(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
        return name

    def conv(
        self,
        x: str,
        conv: str,
        norm: str,
        *,
        kernel: int,
        stride: int,
        groups: int = 1,
        activate: bool = True,
        scale: float = 1.0,
    ) -> str:
        """Convolution with its batch normalisation folded in, SAME padding, then ReLU6."""
        weight = self._weights[f"{conv}.weight"].astype(np.float64)
        gamma, beta, mean, variance = (
            self._weights[f"{norm}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        factor = gamma / np.sqrt(variance + _BN_EPSILON)
        # TensorFlow's SAME: as many outputs as strides fit; an odd rest of the padding goes after.
        n_outputs = -(-self._side // stride)
        total = max((n_outputs - 1) * stride + kernel - self._side, 0)
        before, after = total // 2, total - total // 2
        self._side = n_outputs
        x = self.node(
            "Conv",
            [
                x,
                self.constant(f"{conv}.weight", weight * (factor * scale)[:, None, None, None]),
                self.constant(f"{conv}.bias", beta - mean * factor),
            ],
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=groups,
        )
        if not activate:
            return x
        low, high = f"{conv}.low", f"{conv}.high"
        return self.node("Clip", [x, self.constant(low, np.float32(0)), self.constant(high, np.float32(6))])

    def block(self, x: str, name: str, stage: _Stage, *, stride: int) -> str:
        """Inverted bottleneck: widen, filter each channel, narrow; added to its input where shapes allow."""
        y = x
        if stage.expand != 1:
            y = self.conv(y, f"{name}._expand_conv", f"{name}._bn0", kernel=1, stride=1)
        depthwise = f"{name}._depthwise_conv"
        groups = self._weights[f"{depthwise}.weight"].shape[0]
        y = self.conv(y, depthwise, f"{name}._bn1", kernel=stage.kernel, stride=stride, groups=groups)
        y = self.conv(y, f"{name}._project_conv", f"{name}._bn2", kernel=1, stride=1, activate=False)
        narrow = self._weights[f"{name}._project_conv.weight"].shape[0]
        wide_from = self._weights.get(f"{name}._expand_conv.weight", self._weights[f"{depthwise}.weight"])
        width_in = wide_from.shape[1] if stage.expand != 1 else groups
        return self.node("Add", [x, y]) if stride == 1 and width_in == narrow else y
