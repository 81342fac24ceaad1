"""What the files beside a tower say of it: how its pictures are to be made, how its texts are to be cut.

Formats that are read: ``preprocessor_config.json`` and ``config.json`` of transformers, ``tokenizer_config.json``,
``preprocess_cfg.json``, ``open_clip_config.json`` and open_clip's ``config.json``. What none of them says is taken to be as in
the family that the model is of, and noted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from engine.registry.pairs import MAX_CONTEXT, MAX_SIDE_PX
from engine.schemas.model import Interpolation, Resize
from engine.schemas.tower import Cleaning
from engine.towers.folder import Folder

Family = Literal["clip", "siglip"]
# Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (2021), as in their code.
_CLIP_MEAN, _CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_SIGLIP_MEAN = _SIGLIP_STD = (0.5, 0.5, 0.5)
_CONTEXT: dict[Family, int] = {"clip": 77, "siglip": 64}
# Pillow's numbers, as transformers writes them.
_RESAMPLE: dict[int, Interpolation] = {1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "area"}
_NAMED: dict[str, Interpolation] = {"bicubic": "bicubic", "bilinear": "bilinear", "lanczos": "lanczos", "box": "area"}
# Where a model's size is known and nothing else: longest texts that such a network can have been made for.
_MAX_SANE_CONTEXT = 100_000


@dataclass(frozen=True, slots=True)
class PictureRules:
    """How a picture becomes the input; `mean` and `std` in the range of 0..255. `crop` 0: as the graph has it."""

    size: int
    crop: int
    resize: Resize
    interpolation: Interpolation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(slots=True)
class Description:
    """What is known of a pair before it has run.

    Attributes
    ----------
    contexts
        Lengths of a text in tokens that may be right, likely ones first.
    assumed
        What no file said.
    """

    family: Family
    title: str
    pictures: PictureRules
    contexts: tuple[int, ...]
    pad_token: str
    pad_id: int | None
    cleaning: Cleaning
    assumed: list[str] = field(default_factory=list)


def describe(folder: Folder, image: Path, text: Path) -> Description:
    """Read what there is beside the two graphs.

    Raises
    ------
    ModelError
        MODEL_INVALID for what is said and cannot be done.
    """
    configs = [folder.json_beside(graph, "config.json") for graph in (text, image)]
    open_clip = folder.json_beside(image, "open_clip_config.json")
    if open_clip:
        configs.insert(0, _object(open_clip, "model_cfg"))
    tokenizer = folder.json_beside(text, "tokenizer_config.json")
    special = folder.json_beside(text, "special_tokens_map.json")
    family = _family(configs, tokenizer)
    assumed: list[str] = []
    return Description(
        family=family,
        title=_title(folder, configs),
        pictures=_pictures(folder, image, open_clip, configs, family, assumed),
        contexts=_contexts(configs, tokenizer, family),
        pad_token=_token(tokenizer.get("pad_token")) or _token(special.get("pad_token")),
        pad_id=_pad_id(configs),
        cleaning=_cleaning(configs, tokenizer, family),
        assumed=assumed,
    )


def _family(configs: list[dict[str, Any]], tokenizer: Mapping[str, Any]) -> Family:
    said = [str(tokenizer.get("tokenizer_class", ""))]
    for config in configs:
        said += [str(config.get("model_type", "")), str(_object(config, "text_config").get("model_type", ""))]
        text_cfg = _object(config, "text_cfg")
        said += [str(text_cfg.get("hf_tokenizer_name", ""))]
    return "siglip" if any("siglip" in text.lower() for text in said) else "clip"


def _title(folder: Folder, configs: list[dict[str, Any]]) -> str:
    for config in configs:
        name = config.get("_name_or_path")
        if isinstance(name, str) and name.isprintable() and 0 < len(name) <= 200:
            # Some exporters write where it lay on their machine.
            return name.rstrip("/").rpartition("/")[2] or name
    return folder.path.resolve().name or "model"


def _pictures(
    folder: Folder,
    image: Path,
    open_clip: Mapping[str, Any],
    configs: list[dict[str, Any]],
    family: Family,
    assumed: list[str],
) -> PictureRules:
    size = _declared_size(configs)
    if said := folder.json_beside(image, "preprocess_cfg.json"):
        return _as_open_clip(folder, said, size)
    if said := folder.json_beside(image, "preprocessor_config.json", "preprocessing_config.json"):
        if "resize_mode" in said or ("mean" in said and "image_mean" not in said):
            return _as_open_clip(folder, said, size)
        return _as_transformers(folder, said, size)
    if said := _object(open_clip, "preprocess_cfg"):
        return _as_open_clip(folder, said, size)
    assumed.append(
        f"How pictures are to be prepared is said nowhere in the export, so it is done as {_SAID_OF[family]} does it."
    )
    if family == "siglip":
        return PictureRules(size, size, "squash", "bicubic", _scaled(_SIGLIP_MEAN), _scaled(_SIGLIP_STD))
    return PictureRules(size, size, "shortest", "bicubic", _scaled(_CLIP_MEAN), _scaled(_CLIP_STD))


_SAID_OF: dict[Family, str] = {"clip": "OpenAI's CLIP", "siglip": "SigLIP"}


def _as_open_clip(folder: Folder, said: Mapping[str, Any], declared: int) -> PictureRules:
    size = said.get("size", declared)
    if isinstance(size, list) and len(size) == 2 and size[0] == size[1]:
        size = size[0]
    mode = said.get("resize_mode") or "shortest"
    resize = next((known for known in get_args(Resize) if known == mode), None)
    if resize is None:
        raise folder.invalid(f"it fits pictures into its square in a way that is not known here ({str(mode)[:40]!r})")
    interpolation = said.get("interpolation") or "bicubic"
    if interpolation == "random":
        interpolation = "bicubic"
    if interpolation not in _NAMED:
        raise folder.invalid(f"it resizes pictures in a way that is not known here ({str(interpolation)[:40]!r})")
    pixels = _pixels(folder, size)
    mean, std = _triple(folder, said.get("mean"), _CLIP_MEAN), _spread(folder, said.get("std"), _CLIP_STD)
    return PictureRules(pixels, pixels, resize, _NAMED[interpolation], _scaled(mean), _scaled(std))


def _as_transformers(folder: Folder, said: Mapping[str, Any], declared: int) -> PictureRules:
    crop = said.get("crop_size")
    if isinstance(crop, dict):
        if crop.get("height") != crop.get("width"):
            raise folder.invalid("it takes pictures that are not square")
        crop = crop.get("height")
    size = said.get("size", declared)
    # A plain number is the shorter side for those that crop, and a square for the others.
    crops = said.get("do_center_crop", crop is not None)
    squash = not crops
    if isinstance(size, dict) and "shortest_edge" in size:
        size, squash = size["shortest_edge"], False
    elif isinstance(size, dict):
        if size.get("height") != size.get("width"):
            raise folder.invalid("it takes pictures that are not square")
        size, squash = size.get("height", declared), True
    pixels = _pixels(folder, size)
    side = _pixels(folder, crop) if crops and crop is not None else pixels
    if side > pixels or (squash and side != pixels):
        raise folder.invalid(f"it crops {side} pixels out of {pixels}, which is not known here")
    resample = said.get("resample", 3)
    if resample not in _RESAMPLE:
        raise folder.invalid(f"it resizes pictures in a way that is not known here (resample {str(resample)[:20]})")
    factor = said.get("rescale_factor", 1 / 255) if said.get("do_rescale", True) else 1.0
    if not isinstance(factor, int | float) or not math.isfinite(factor) or factor <= 0:
        raise folder.invalid("its rescale_factor is no number above zero")
    mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if said.get("do_normalize", True):
        mean = _triple(folder, said.get("image_mean"), _CLIP_MEAN)
        std = _spread(folder, said.get("image_std"), _CLIP_STD)
    return PictureRules(
        pixels,
        side,
        "squash" if squash else "shortest",
        _RESAMPLE[resample],
        _scaled(mean, 1 / factor),
        _scaled(std, 1 / factor),
    )


def _declared_size(configs: list[dict[str, Any]]) -> int:
    """Return the side of the input that a configuration names, 0 where none does."""
    for config in configs:
        for part in (_object(config, "vision_config"), _object(config, "vision_cfg"), config):
            size = part.get("image_size")
            if isinstance(size, list) and len(size) == 2 and size[0] == size[1]:
                size = size[0]
            if type(size) is int and 0 < size <= MAX_SIDE_PX:
                return size
    return 0


def _contexts(configs: list[dict[str, Any]], tokenizer: Mapping[str, Any], family: Family) -> tuple[int, ...]:
    said: list[Any] = []
    for config in configs:
        said += [_object(config, "text_cfg").get("context_length"), config.get("context_length")]
    said.append(tokenizer.get("model_max_length"))
    for config in configs:
        said += [_object(config, "text_config").get("max_position_embeddings"), config.get("max_position_embeddings")]
    usable = [int(n) for n in said if isinstance(n, int | float) and 1 <= n <= _MAX_SANE_CONTEXT]
    usual = [_CONTEXT[family], *_CONTEXT.values()]
    return tuple(dict.fromkeys(min(n, MAX_CONTEXT) for n in (*usable, *usual)))


def _pad_id(configs: list[dict[str, Any]]) -> int | None:
    for config in configs:
        for part in (_object(config, "text_config"), config):
            value = part.get("pad_token_id")
            if type(value) is int and value >= 0:
                return value
    return None


def _cleaning(configs: list[dict[str, Any]], tokenizer: Mapping[str, Any], family: Family) -> Cleaning:
    for config in configs:
        kwargs = _object(_object(config, "text_cfg"), "tokenizer_kwargs")
        if kwargs.get("clean") == "canonicalize":
            return "canonical"
        if kwargs.get("clean") == "lower":
            return "lower"
    if "siglip" in str(tokenizer.get("tokenizer_class", "")).lower():
        # The first generation was trained without punctuation, the second only in lower case.
        return "lower" if "siglip2" in str(tokenizer["tokenizer_class"]).lower() else "canonical"
    return "lower" if family == "siglip" or tokenizer.get("do_lower_case") is True else "none"


def _token(value: object) -> str:
    """Return a special token, which is written as a text or as an object with one."""
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else ""


def _pixels(folder: Folder, value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_SIDE_PX:
        raise folder.invalid(f"the size of its pictures is {str(value)[:40]!r}")
    return value


def _triple(folder: Folder, value: object, default: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return three numbers, one for each colour; a single one stands for all."""
    if value is None:
        return default
    given = value if isinstance(value, list) else [value] * 3
    numbers = [float(v) for v in given if isinstance(v, int | float) and math.isfinite(v)]
    if len(numbers) != 3 or len(given) != 3:
        raise folder.invalid("its mean or spread of colours is not three numbers")
    return (numbers[0], numbers[1], numbers[2])


def _spread(folder: Folder, value: object, default: tuple[float, float, float]) -> tuple[float, float, float]:
    numbers = _triple(folder, value, default)
    if min(numbers) <= 0:
        raise folder.invalid("its spread of colours is not above zero")
    return numbers


def _scaled(values: tuple[float, float, float], factor: float = 255.0) -> tuple[float, float, float]:
    return (values[0] * factor, values[1] * factor, values[2] * factor)


def _object(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = values.get(key)
    return value if isinstance(value, dict) else {}
