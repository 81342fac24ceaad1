"""The weights reader builds tensors and nothing else."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ErrorCode, ModelError
from engine.registry.catalogue import Registry
from engine.registry.weights import read_legacy_weights

HEAD = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)


class Hostile:
    def __reduce__(self):
        return os.system, ("touch /tmp/lightdesk-was-hacked",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a pickle",
        pickle.dumps(Hostile(), 2),
        HEAD + pickle.dumps({}, 2) + pickle.dumps(Hostile(), 2),
        HEAD + pickle.dumps({}, 2) + pickle.dumps({"a": np.zeros(2)}, 2),
        HEAD + pickle.dumps({}, 2) + pickle.dumps({}, 2) + pickle.dumps(["no such storage"], 2),
    ],
)
def test_hostile_files_are_refused(data: bytes) -> None:
    with pytest.raises(ModelError) as caught:
        read_legacy_weights(data)
    assert caught.value.code is ErrorCode.MODEL_DAMAGED
    assert not os.path.exists("/tmp/lightdesk-was-hacked")


def test_default_model_is_built_verified_and_rebuilt(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    model = registry.ensure("efficientnet-lite0", lambda _message, _fraction: None)
    good = model.path.read_bytes()
    model.path.write_bytes(good[:-1])
    said: list[str] = []
    assert registry.ensure("efficientnet-lite0@1", lambda message, _fraction: said.append(message)).path == model.path
    assert model.path.read_bytes() == good and said
    with pytest.raises(ModelError, match="efficientnet-lite0@1"):
        registry.get("nothing")


def test_manifest_cannot_lead_out_of_its_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "evil" / "1"
    folder.mkdir(parents=True)
    text = (Path("models") / "efficientnet-lite0.toml").read_text().replace('"efficientnet-lite0"', '"evil"')
    (folder / "manifest.toml").write_text(text.replace('file = "model.onnx"', 'file = "../../secret"'))
    assert "evil" not in [m.name for m in Registry(tmp_path).list()]
    assert "plain file name" in caplog.text
