"""What a tower's files leave open is found out by running it once: which output is the vector, how long it is, whether filling matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backends.graph import Graph, Port
from engine.errors import DeviceError, ErrorCode, ModelError
from engine.registry.pairs import MAX_DIM
from engine.schemas.model import InputSpec
from engine.schemas.tower import Mask, Padding
from engine.towers.description import Description
from engine.towers.image import rows_taken
from engine.towers.text import TextFeeds
from engine.towers.tokens import Tokens, filled
from engine.towers.vectors import unit_rows

# The vector's names in the usual exports, the surest first.
_VECTORS = {
    "image": ("image_embeds", "image_embeddings", "image_features", "l2norm_image_embeddings"),
    "text": ("text_embeds", "text_embeddings", "text_features", "l2norm_text_embeddings", "sentence_embedding"),
}
_EITHER = ("embedding", "embeddings", "embeds", "features", "unnorm_image_features", "unnorm_text_features", "output")
_POOLED = "pooler_output"
_FLOATS = ("float32", "float16")
_SENTENCE = "a photo of two dogs"
# Two answers that are nearer than this are one, apart from what quantisation makes of them; with a tower that reads the
# filling they are far off (0.7 with SigLIP, as those who have exported it say).
_SAME = 0.99


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What an image tower takes and gives."""

    input: InputSpec
    output: str
    dim: int


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What a text tower takes and gives."""

    output: str
    dim: int
    context_length: int
    pad_id: int
    padding: Padding
    mask: Mask


def vector_names(kind: str) -> tuple[str, ...]:
    """Return the names that the vector of a tower may have, the surest first."""
    return (*_VECTORS[kind], *_EITHER, _POOLED)


def image_facts(graph: Graph, said: Description, who: str) -> ImageFacts:
    """Find out what an image tower takes and gives.

    Raises
    ------
    ModelError
        MODEL_INVALID, with the reason.
    DeviceError
        OUT_OF_MEMORY.
    """
    pictures = [port for port in graph.inputs if port.kind in (*_FLOATS, "uint8")]
    n_rows = rows_taken(graph, pictures[0].name if len(pictures) == 1 else "", who)
    spec = _input(pictures[0], said, who)
    side = spec.crop
    noise: NDArray[Any] = np.random.default_rng(5).integers(0, 256, (n_rows or 1, side, side, 3)).astype(np.float32)
    if spec.mean is not None and spec.std is not None:
        noise = (noise - np.array(spec.mean, np.float32)) / np.array(spec.std, np.float32)
    item = noise if spec.layout == "NHWC" else noise.transpose(0, 3, 1, 2)
    answers = _run(graph, {spec.name: np.ascontiguousarray(item, spec.dtype)}, who)
    output = _vector(answers, "image", said, who)
    dim = _dim(answers[output], n_rows or 1, who)
    return ImageFacts(spec, output, dim)


def text_facts(graph: Graph, tokens: Tokens, said: Description, who: str) -> TextFacts:
    """Find out what a text tower takes and gives. Raises as `image_facts` does."""
    feeds = TextFeeds(graph, who)
    mask: Mask = "ones" if said.family == "siglip" else "padding"
    pad_id = tokens.id_of(said.pad_token) if said.pad_token else None
    if pad_id is None:
        pad_id = said.pad_id if said.pad_id is not None and said.pad_id < tokens.n_tokens else 0
    contexts = said.contexts if feeds.length is None else (feeds.length,)
    failure: ModelError | None = None
    for context in contexts:
        (row,) = tokens.cut([_SENTENCE], context, said.cleaning)
        try:
            answers = _run(graph, _text(feeds, row, context, pad_id, mask), who)
        except ModelError as error:  # longer than it has places for
            failure = failure or error
            continue
        output = _vector(answers, "text", said, who)
        n_rows = feeds.n_rows or 1
        dim = _dim(answers[output], n_rows, who)
        padding: Padding = "context"
        if feeds.length is None and said.family != "siglip" and len(row) < context:
            short = _run(graph, _text(feeds, row, len(row), pad_id, mask), who)[output]
            whole, alone = (unit_rows(raw, 1, dim, who)[0] for raw in (answers[output], short))
            padding = "shortest" if float(whole @ alone) >= _SAME else "context"
        return TextFacts(output, dim, context, pad_id, padding, mask)
    assert failure is not None  # there is at least one length
    raise failure


def _input(port: Port, said: Description, who: str) -> InputSpec:
    shape = port.shape or (None, None, None, None)
    if len(shape) != 4 or (3 not in (shape[1], shape[3]) and None not in (shape[1], shape[3])):
        raise _refused(who, f"takes its input in the shape {_shape(port)}, which is none of colour pictures")
    channels_last = shape[3] == 3 and shape[1] != 3
    height, width = shape[1:3] if channels_last else shape[2:4]
    rules = said.pictures
    side = height or width or rules.crop
    if not side:
        said.assumed.append("The size of the input is said nowhere in the export, so it is taken to be 224 pixels.")
        side = 224
    if (width or side) != side or (rules.crop and rules.crop != side):
        raise _refused(
            who, f"takes pictures of {_shape(port)}, but its configuration makes them {rules.crop} pixels wide"
        )
    normalises = port.kind == "uint8"
    return InputSpec(
        port.name,
        "NHWC" if channels_last else "NCHW",
        "uint8" if port.kind == "uint8" else "float16" if port.kind == "float16" else "float32",
        rules.size or side,
        side,
        rules.interpolation,
        None if normalises else rules.mean,
        None if normalises else rules.std,
        rules.resize,
    )


def _text(feeds: TextFeeds, row: Sequence[int], length: int, pad_id: int, mask: Mask) -> dict[str, NDArray[Any]]:
    ids, ones = filled([row] * (feeds.n_rows or 1), length, pad_id)
    if mask == "ones":
        ones[:] = 1
    return feeds.feeds(ids, ones)


def _run(graph: Graph, feeds: dict[str, NDArray[Any]], who: str) -> dict[str, NDArray[Any]]:
    names = [port.name for port in graph.outputs if port.kind in _FLOATS]
    if not names:
        raise _refused(who, "gives nothing that may be a vector")
    try:
        return dict(zip(names, graph.run(feeds, names), strict=True))
    except DeviceError as error:
        if error.code is ErrorCode.OUT_OF_MEMORY:
            raise
        raise _refused(who, f"does not run: {error.message}") from error


def _vector(answers: dict[str, NDArray[Any]], kind: str, said: Description, who: str) -> str:
    """Choose the output that is the vector in the space of both towers."""
    flat = [name for name, answer in answers.items() if answer.ndim == 2]
    usable = [name for name in flat if name != _POOLED or said.family == "siglip"]
    by_name = next((name for name in vector_names(kind) if name in usable), None)
    if by_name is not None:
        return by_name
    if len(usable) == 1:
        return usable[0]
    names = ", ".join(answers)
    if not usable:
        raise _refused(
            who,
            f"gives {names}, but no vector in the space that words and pictures share: it was exported without its projection",
        )
    raise _refused(who, f"gives {names}, and there is no telling which is the vector")


def _dim(answer: NDArray[Any], n_rows: int, who: str) -> int:
    dim = int(answer.shape[1])
    if not 0 < dim <= MAX_DIM:
        raise _refused(who, f"gives vectors of {dim} numbers")
    unit_rows(answer, n_rows, dim, who)
    return dim


def _shape(port: Port) -> str:
    return f"({', '.join('any' if n is None else str(n) for n in port.shape)})"


def _refused(who: str, what: str) -> ModelError:
    return ModelError(
        ErrorCode.MODEL_INVALID,
        f"{who} cannot be used: it {what.rstrip('.')}.",
        way_out="Take another export of the model, with the projections of both towers.",
    )
