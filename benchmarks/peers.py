"""Lightdesk beside what a user would take instead: fastembed's image pipeline, and torchvision's DataLoader recipe.

The same photos and the same network (the same weights; fastembed and ONNX Runtime get a copy of our graph that takes
their floats). Each peer lives in an environment of its own, which this makes with pip at pinned versions, and in a process of
its own, which waits warmed up while the others have their turn.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engines import built_model, removed, taken_in
from benchmarks.photos import repeated
from engine.registry import building
from engine.schemas.job import Job
from engine.schemas.model import Model
from engine.service import Engine

# Runtime, numpy and Pillow as in our own lock, so that it is the pipelines that are compared. torchvision without what it
# depends on: its wheel would pull a torch with CUDA.
_PINS = (
    ("fastembed==0.9.1", "onnxruntime==1.31.1", "numpy==2.4.6", "pillow==13.0.0", "torch==2.13.0"),
    ("--no-deps", "torchvision==0.28.0"),
)
_HERE = Path(__file__).parent
_FLOAT_MODEL = "float"
_MAKING_S = 1800
DOES_NOT = {
    "fastembed": "no store, thumbnails, duplicates, classes, job to go on with, window; one output of the network",
    "torchvision": "no store, thumbnails, duplicates, vectors kept, job to go on with, window",
    "fiftyone": (
        "Not compared: fiftyone 1.22 needs opencv-python-headless below 5 and a MongoDB server that its package "
        "fiftyone-db fetches from outside the package index when it is installed. Its apply_model runs a torch DataLoader "
        "around the same network as the recipe here, and writes the answers into that server."
    ),
}


class PeerMissing(Exception):
    """A peer could not be installed or started, with the reason."""


def measure(source: Path, scratch: Path, models: Path, *, n_images: int = 400, rounds: int = 3) -> dict[str, Any]:
    """Return images a second of each, in turn, and how often they agree with our first class."""
    model = built_model(models)
    folder = scratch / "photos"
    files = repeated(source, folder, n_images, "p")
    float_model = scratch / _FLOAT_MODEL
    export_float_model(model, float_model)
    weights = scratch / "weights.pth"
    weights.write_bytes(building._weights())
    python = environment()
    common = ("--files", str(folder))
    kinds: dict[str, tuple[str, ...]] = {
        "fastembed, as it comes (batch 16)": ("peer_fastembed.py", "--model", str(float_model), *common),
        "fastembed, a process a core": ("peer_fastembed.py", "--model", str(float_model), "--parallel", "0", *common),
        "torchvision DataLoader, network in torch": ("peer_torchvision.py", "--weights", str(weights), *common),
        "torchvision DataLoader, ONNX Runtime": ("peer_torchvision.py", "--model", str(float_model), *common),
    }
    rates: dict[str, list[float]] = {"Lightdesk": []}
    ours: dict[str, int] = {}
    agreement: dict[str, float] = {}
    details: dict[str, Any] = {}

    def keep(engine: Engine, job: Job) -> None:
        ours.update(_first_classes(engine, job, model))

    with ExitStack() as stack:
        peers = {name: stack.enter_context(_running(python, words)) for name, words in kinds.items()}
        for i in range(rounds):
            home = scratch / f"home-{i}"
            rates["Lightdesk"].append(taken_in(home, models, folder, n_images, look=keep).images_per_s)
            removed(home)
            for name, peer in peers.items():
                answer = peer.round()
                rates.setdefault(name, []).append(round(n_images / answer["seconds"], 1))
                theirs: dict[str, int] = answer["top1"]
                agreement[name] = round(float(np.mean([ours[file.name] == theirs[file.name] for file in files])), 3)
                details[name] = peer.setting
    return {
        "n_images": n_images,
        "images_per_s": rates,
        "median_images_per_s": {name: statistics.median(values) for name, values in rates.items()},
        "lightdesk_is_times_as_fast": {
            name: round(statistics.median(a / b for a, b in zip(rates["Lightdesk"], values, strict=True)), 2)
            for name, values in rates.items()
            if name != "Lightdesk"
        },
        "agreement_of_the_first_class": agreement,
        "settings": details,
        "pins": [pin for pins in _PINS for pin in pins if not pin.startswith("--")],
        "does_not": DOES_NOT,
    }


def environment() -> Path:
    """Return the Python of the peers' environment, made at first need and kept in the system's temporary folder."""
    digest = hashlib.sha256(repr((_PINS, sys.version)).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir(), f"lightdesk-peers-{digest}")
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    done = folder / "complete"
    if done.exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    for pins in _PINS:
        command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *pins]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=_MAKING_S, check=False)
        if ran.returncode:
            raise PeerMissing(f"pip could not install {', '.join(pins)}: {ran.stderr.strip()[-400:]}")
    done.touch()
    return python


def export_float_model(model: Model, folder: Path) -> None:
    """Write our graph with a float NCHW input, already normalised by the caller, and fastembed's rules beside it."""
    import onnx
    from onnx import TensorProto, helper

    graph = onnx.load(str(model.path))
    nodes = graph.graph.node
    # Ours begins with Transpose, Cast, Sub; the scale 1/128 is in the first weights. The peers give (x - 127) / 128.
    kinds = [node.op_type for node in nodes[:4]]
    if kinds != ["Transpose", "Cast", "Sub", "Conv"]:
        raise SystemExit(f"The graph begins with {kinds}: export_float_model has to be told how it begins now.")
    scale = helper.make_tensor("input_scale", TensorProto.FLOAT, [], [128.0])
    graph.graph.initializer.append(scale)
    first = helper.make_node("Mul", ["pixel_values", "input_scale"], [nodes[2].output[0]], name="unscale")
    for initializer in list(graph.graph.initializer):
        if initializer.name == nodes[2].input[1]:
            graph.graph.initializer.remove(initializer)
    for node in list(nodes[:3]):
        nodes.remove(node)
    nodes.insert(0, first)
    crop = model.manifest.input.crop
    del graph.graph.input[:]
    graph.graph.input.append(helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, crop, crop]))
    onnx.checker.check_model(graph)
    folder.mkdir()
    onnx.save(graph, str(folder / "model.onnx"))
    rules = {
        "image_processor_type": "CLIPImageProcessor",
        "do_resize": True,
        "size": {"shortest_edge": model.manifest.input.resize_short_side},
        "resample": 3,  # Pillow's bicubic
        "do_center_crop": True,
        "crop_size": crop,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [127 / 255] * 3,
        "image_std": [128 / 255] * 3,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(rules), "utf-8")


class _Peer:
    def __init__(self, process: subprocess.Popen[str], name: str) -> None:
        self._process, self._name = process, name
        self.setting: dict[str, Any] = self._answer()

    def round(self) -> dict[str, Any]:
        """Let it go through the photos once."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise PeerMissing(f"{self._name} ended with {self._process.wait()}; what it said stands above.")


@contextmanager
def _running(python: Path, words: Sequence[str]) -> Iterator[_Peer]:
    """Start a peer and wait until it is warm. -P: our own modules are not to be found from there."""
    command = [str(python), "-P", str(_HERE / words[0]), *words[1:]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _Peer(process, words[0])
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _first_classes(engine: Engine, job: Job, model: Model) -> dict[str, int]:
    """Return our first class of each photo, from the library."""
    numbers = {label: number for number, label in enumerate(model.manifest.labels)}
    view = engine.view()
    try:
        results = view.job_results(job.id, -1, job.n_total)
        contents = {result.content_id: Path(result.path).name for result in results if result.content_id is not None}
        tiles = view.tiles(list(contents), engine.model_ref)
        return {contents[tile.content_id]: numbers[tile.top1] for tile in tiles if tile.top1 is not None}
    finally:
        view.close()
