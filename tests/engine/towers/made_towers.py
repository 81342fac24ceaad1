"""Small pairs of towers that know a few colours, as graphs with the names, shapes and types of published ones.

The networks are random but for this: the colour of a picture and the words for colours lead to the same place, so that
"red" finds what is red. Nothing else of them means anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

WIDTH, DIM = 24, 16
_COLOURS = {"red": (2.0, -1.0, -1.0), "green": (-1.0, 2.0, -1.0), "blue": (-1.0, -1.0, 2.0)}
_KINDS = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "uint8": TensorProto.UINT8}
_WHOLE = {"int32": TensorProto.INT32, "int64": TensorProto.INT64}
Pooling = Literal["last word", "mask", "everything"]


@dataclass
class Drawing:
    """Nodes and constants of a graph, as they are put down."""

    dtype: str = "float32"
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def constant(self, value: np.ndarray | Sequence[int]) -> str:
        name = f"c{len(self.constants)}"
        array = np.asarray(value)
        if array.dtype.kind == "f":
            array = array.astype(self.dtype)
        self.constants.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def put(self, op: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        name = name or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def model(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        return helper.make_model(
            helper.make_graph(self.nodes, "tower", list(inputs), list(outputs), self.constants),
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=8,
        )


def projection(dim: int = DIM, width: int = WIDTH) -> np.ndarray:
    """The last layer, which both towers share here."""
    rng = np.random.default_rng(3)
    return np.linalg.qr(rng.normal(size=(max(dim, width), max(dim, width))))[0][:width, :dim]


def image_tower(
    *,
    input: str = "pixel_values",
    output: str = "image_embeds",
    batch: int | str = "batch_size",
    side: int | None = None,
    dtype: str = "float32",
    layout: str = "NCHW",
    dim: int = DIM,
    mean: Sequence[float] = (),
    hidden: bool = True,
    normalised: bool = False,
) -> Any:
    """A patch convolution beside the mean colour, and a projection.

    Parameters
    ----------
    mean
        For a graph that takes bytes and normalises by itself.
    hidden
        Whether it also gives `last_hidden_state`, which comes first, and a pooled output.
    """
    kind = "float32" if dtype == "uint8" else dtype
    drawing = Drawing(kind)
    x = draw_image(drawing, input, dtype=dtype, layout=layout, mean=mean)
    shape: list[Any] = [batch, 3, side or "height", side or "width"]
    if layout == "NHWC":
        shape = [batch, side or "height", side or "width", 3]
    outputs = []
    if hidden:
        drawing.put("Unsqueeze", x, drawing.constant(np.array([1], np.int64)), name="last_hidden_state")
        drawing.put("Identity", x, name="pooler_output")
        outputs = [
            helper.make_tensor_value_info("last_hidden_state", _KINDS[kind], [batch, "patches", WIDTH]),
            helper.make_tensor_value_info("pooler_output", _KINDS[kind], [batch, WIDTH]),
        ]
    project(drawing, x, output, dim, normalised=normalised)
    outputs.append(helper.make_tensor_value_info(output, _KINDS[kind], [batch, dim]))
    return drawing.model([helper.make_tensor_value_info(input, _KINDS[dtype], shape)], outputs)


def draw_image(
    drawing: Drawing, input: str, *, dtype: str = "float32", layout: str = "NCHW", mean: Sequence[float] = ()
) -> str:
    """Put an image tower down up to its projection; returns the name of its (n, WIDTH)."""
    rng = np.random.default_rng(1)
    x = input
    if layout == "NHWC":
        x = drawing.put("Transpose", x, perm=[0, 3, 1, 2])
    if dtype == "uint8":
        x = drawing.put("Cast", x, to=TensorProto.FLOAT)
        x = drawing.put("Sub", x, drawing.constant(np.array(mean, np.float64).reshape(1, 3, 1, 1)))
        x = drawing.put("Mul", x, drawing.constant(np.array(1 / 64)))
    colour = drawing.put("ReduceMean", x, axes=[2, 3], keepdims=0)
    # What all three have in common is brightness, which no colour is about.
    colour = drawing.put("MatMul", colour, drawing.constant(4 * (np.eye(3) - 1 / 3)))
    kernel = drawing.constant(0.02 * rng.normal(size=(WIDTH - 3, 3, 8, 8)))
    patches = drawing.put("Conv", x, kernel, kernel_shape=[8, 8], strides=[8, 8])
    patches = drawing.put("ReduceMean", drawing.put("Tanh", patches), axes=[2, 3], keepdims=0)
    return drawing.put("Concat", colour, patches, axis=1)


def project(drawing: Drawing, x: str, output: str, dim: int, *, normalised: bool = False) -> None:
    """Put the projection down, and the division by the length where the exporter has put it into the graph."""
    vector = drawing.put("MatMul", x, drawing.constant(projection(dim)), name="" if normalised else output)
    if normalised:
        length = drawing.put("ReduceL2", vector, axes=[1], keepdims=1)
        drawing.put("Div", vector, length, name=output)


def text_tower(
    tokenizer: Tokenizer,
    *,
    ids: str = "input_ids",
    mask: str | None = "attention_mask",
    more: Sequence[str] = (),
    output: str = "text_embeds",
    batch: int | str = "batch_size",
    length: int | str = "sequence_length",
    places: int = 77,
    whole: str = "int64",
    dtype: str = "float32",
    pooling: Pooling = "last word",
    quiet: bool = False,
    dim: int = DIM,
    hidden: bool = True,
    normalised: bool = False,
) -> Any:
    """Tokens and places, each word mixed with those before it, pooled, projected.

    Parameters
    ----------
    more
        Names of inputs that real exports have and that change nothing here.
    places
        Tokens that it has been trained for: a longer text fails.
    pooling
        At the token with the highest number, the first of them, as CLIP does; over the mask; or over all that is
        there, filling too, as SigLIP does.
    quiet
        The first tokens, filling among them, say little: always so where they are pooled.
    """
    drawing = Drawing(dtype)
    x = draw_text(drawing, tokenizer, ids, mask, places=places, pooling=pooling, quiet=quiet)
    inputs = [helper.make_tensor_value_info(name, _WHOLE[whole], [batch, length]) for name in (ids, mask, *more) if name]
    outputs = []
    if hidden:
        drawing.put("Unsqueeze", x, drawing.constant(np.array([1], np.int64)), name="last_hidden_state")
        outputs.append(helper.make_tensor_value_info("last_hidden_state", _KINDS[dtype], [batch, length, WIDTH]))
    project(drawing, x, output, dim, normalised=normalised)
    outputs.append(helper.make_tensor_value_info(output, _KINDS[dtype], [batch, dim]))
    return drawing.model(inputs, outputs)


def draw_text(
    drawing: Drawing, tokenizer: Tokenizer, ids: str, mask: str | None, *, places: int, pooling: Pooling, quiet: bool = False
) -> str:
    """Put a text tower down up to its projection; returns the name of its (n, WIDTH)."""
    rng = np.random.default_rng(2)
    table = 0.05 * rng.normal(size=(tokenizer.get_vocab_size(), WIDTH))
    if quiet or pooling == "everything":
        table[:3] *= 0.06  # up to sixty times in a text
    for word, colour in _COLOURS.items():
        for token in (f"{word}</w>", f"▁{word}"):
            if (number := tokenizer.token_to_id(token)) is not None:
                table[number] = [*colour, *[0.0] * (WIDTH - 3)]
    x = drawing.put("Gather", drawing.constant(table), ids, axis=0)
    # As transformers exports it: a row of places is cut to the length of the text, and each is looked up.
    n = drawing.put("Gather", drawing.put("Shape", ids), drawing.constant(np.array(1, np.int64)), axis=0)
    row = drawing.put("Range", drawing.constant(np.array(0, np.int64)), n, drawing.constant(np.array(1, np.int64)))
    places_table = drawing.constant(0.02 * rng.normal(size=(places, WIDTH)))
    x = drawing.put("Add", x, drawing.put("Gather", places_table, row, axis=0))
    if pooling == "last word":
        x = drawing.put("CumSum", drawing.put("Cast", x, to=TensorProto.FLOAT), drawing.constant(np.array(1, np.int64)))
        x = drawing.put("Cast", x, to=_KINDS[drawing.dtype])
        last = drawing.put("ArgMax", drawing.put("Cast", ids, to=TensorProto.INT64), axis=1, keepdims=1)
        there = drawing.put("Equal", row, last)
        weight = drawing.put("Cast", there, to=_KINDS[drawing.dtype])
    elif pooling == "mask":
        assert mask is not None
        weight = drawing.put("Cast", mask, to=_KINDS[drawing.dtype])
    else:
        # Filling is looked at like words, so that a text without it ends up elsewhere.
        weight = drawing.put("Cast", drawing.put("Equal", ids, ids), to=_KINDS[drawing.dtype])
    axis = drawing.constant(np.array([1], np.int64))
    two = drawing.constant(np.array([2], np.int64))
    summed = drawing.put("ReduceSum", drawing.put("Mul", x, drawing.put("Unsqueeze", weight, two)), axis, keepdims=0)
    if pooling == "mask":
        return drawing.put("Div", summed, drawing.put("ReduceSum", weight, axis, keepdims=1))
    return summed


def both_towers(tokenizer: Tokenizer, *, crossed: bool = False) -> Any:
    """One file with both, as Optimum exports CLIP by default; `crossed` where the words look at the picture."""
    drawing = Drawing()
    image = draw_image(drawing, "pixel_values")
    text = draw_text(drawing, tokenizer, "input_ids", None, places=77, pooling="last word")
    if crossed:
        text = drawing.put("Add", text, drawing.put("ReduceMean", image, axes=[0], keepdims=1))
    project(drawing, text, "text_embeds", DIM)
    project(drawing, image, "image_embeds", DIM)
    drawing.put("MatMul", "image_embeds", drawing.put("Transpose", "text_embeds", perm=[1, 0]), name="logits_per_image")
    drawing.put("Transpose", "logits_per_image", perm=[1, 0], name="logits_per_text")
    texts = [TensorProto.INT64, ["text_batch_size", "sequence_length"]]
    shapes: Mapping[str, list[Any]] = {
        "logits_per_image": ["image_batch_size", "text_batch_size"],
        "logits_per_text": ["text_batch_size", "image_batch_size"],
        "text_embeds": ["text_batch_size", DIM],
        "image_embeds": ["image_batch_size", DIM],
    }
    return drawing.model(
        [
            helper.make_tensor_value_info("input_ids", *texts),
            helper.make_tensor_value_info(
                "pixel_values", TensorProto.FLOAT, ["image_batch_size", "num_channels", "height", "width"]
            ),
            helper.make_tensor_value_info("attention_mask", *texts),
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
    )
