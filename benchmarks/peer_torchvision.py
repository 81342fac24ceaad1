"""torchvision's DataLoader recipe as a child of `benchmarks.peers`; knows nothing of Lightdesk.

Photos are opened by Pillow and transformed in worker processes, batched, and answered by the network in torch or, with
``--model``, by ONNX Runtime. Batch size and workers are tried before the first round, and the fastest kept.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

_STAGES = ((1, 3, 1, 1), (2, 3, 2, 6), (2, 5, 2, 6), (3, 3, 2, 6), (3, 5, 1, 6), (4, 5, 2, 6), (1, 3, 1, 6))
_TRIED = 64
# torchvision's wheel of the ordinary index is built for CUDA. It can be imported beside a torch for CPUs once the names of
# the two operators that it lacks there are defined; the library must stay alive.
_OPERATORS = torch.library.Library("torchvision", "DEF")
for _name in ("nms", "qnms"):
    _OPERATORS.define(_name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
Answer = Callable[[Tensor], Any]


class Photos(Dataset[Tensor]):
    """Files as the network wants them."""

    def __init__(self, files: list[Path]) -> None:
        self._files = files
        self._transform = _transform()

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, place: int) -> Tensor:
        with Image.open(self._files[place]) as image:
            item: Tensor = self._transform(image.convert("RGB"))
        return item


def _transform() -> Callable[[Image.Image], Tensor]:
    from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Normalize, Resize, ToTensor

    normalize = Normalize([127 / 255] * 3, [128 / 255] * 3)
    return Compose([Resize(256, InterpolationMode.BICUBIC), CenterCrop(224), ToTensor(), normalize])


class EfficientNetLite0(nn.Module):
    """The network with its batch normalisation folded into the convolutions, which torch takes faster."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self._weights = weights
        self._side = 224
        self.stem = self._conv("_conv_stem", "_bn0", 3, 2)
        self.blocks = nn.ModuleList()
        self.adds: list[bool] = []
        index = 0
        for repeats, kernel, first_stride, expand in _STAGES:
            for repeat in range(repeats):
                stride, name, parts = (first_stride if repeat == 0 else 1), f"_blocks.{index}", []
                if expand > 1:
                    parts.append(self._conv(f"{name}._expand_conv", f"{name}._bn0", 1, 1))
                channels = weights[f"{name}._depthwise_conv.weight"].shape[0]
                parts.append(self._conv(f"{name}._depthwise_conv", f"{name}._bn1", kernel, stride, channels))
                parts.append(self._conv(f"{name}._project_conv", f"{name}._bn2", 1, 1, active=False))
                self.blocks.append(nn.Sequential(*parts))
                first = weights.get(f"{name}._expand_conv.weight")
                width_in = first.shape[1] if first is not None else channels
                self.adds.append(stride == 1 and width_in == weights[f"{name}._project_conv.weight"].shape[0])
                index += 1
        self.head = self._conv("_conv_head", "_bn1", 1, 1)
        n_classes, width = weights["_fc.weight"].shape
        self.classes = nn.Linear(width, n_classes)
        self.classes.load_state_dict({"weight": weights["_fc.weight"], "bias": weights["_fc.bias"]})

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(x)
        for block, add in zip(self.blocks, self.adds, strict=True):
            y = block(x)
            x = x + y if add else y
        embedding = self.head(x).mean((2, 3))
        return self.classes(embedding).softmax(1), embedding

    def _conv(self, conv: str, norm: str, kernel: int, stride: int, groups: int = 1, active: bool = True) -> nn.Module:
        w = self._weights
        weight = w[f"{conv}.weight"]
        factor = w[f"{norm}.weight"] / torch.sqrt(w[f"{norm}.running_var"] + 1e-3)
        # TensorFlow's SAME padding: an odd rest goes after.
        n_outputs = -(-self._side // stride)
        total = max((n_outputs - 1) * stride + kernel - self._side, 0)
        before, after = total // 2, total - total // 2
        self._side = n_outputs
        even = before == after
        layer = nn.Conv2d(
            weight.shape[1] * groups, weight.shape[0], kernel, stride, before if even else 0, groups=groups
        )
        layer.load_state_dict(
            {
                "weight": weight * factor[:, None, None, None],
                "bias": w[f"{norm}.bias"] - w[f"{norm}.running_mean"] * factor,
            }
        )
        parts: list[nn.Module] = [] if even else [nn.ZeroPad2d((before, after, before, after))]
        return nn.Sequential(*parts, layer, *([nn.ReLU6()] if active else []))


def main() -> None:
    """Answer each line on standard input with one pass over the photos."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    files = sorted(options.files.iterdir())
    answers = _onnx(options.model) if options.model else _torch(options.weights)
    tried: dict[tuple[str, int, int], float] = {}

    def best(choices: list[tuple[str, int, int]]) -> tuple[str, int, int]:
        for choice in choices:
            if choice not in tried:
                loader = _loader(files[:_TRIED], *choice[1:])
                _pass(loader, answers[choice[0]])  # its workers are there, the shapes known
                began_s = time.perf_counter()
                _pass(loader, answers[choice[0]])
                tried[choice] = _TRIED / (time.perf_counter() - began_s)
        return max(choices, key=tried.__getitem__)

    name = best([(name, 8, cores) for name in answers])[0]
    name, batch, n_workers = best([(name, batch, n) for batch in (8, 32) for n in sorted({1, cores})])
    loader, answer = _loader(files, batch, n_workers), answers[name]
    _pass(loader, answer)
    rates = {f"{name}, batch {batch}, {n} workers": round(rate, 1) for (name, batch, n), rate in tried.items()}
    print(json.dumps({"batch": batch, "workers": n_workers, "network": name, "tried_images_per_s": rates}), flush=True)
    for _ in sys.stdin:
        began_s = time.perf_counter()
        top1 = _pass(loader, answer)
        seconds = time.perf_counter() - began_s
        named = {file.name: number for file, number in zip(files, top1, strict=True)}
        print(json.dumps({"seconds": seconds, "top1": named}), flush=True)


def _loader(files: list[Path], batch: int, n_workers: int) -> DataLoader[Tensor]:
    return DataLoader(Photos(files), batch_size=batch, num_workers=n_workers, persistent_workers=n_workers > 0)


def _pass(loader: DataLoader[Tensor], answer: Answer) -> list[int]:
    top1: list[int] = []
    with torch.inference_mode():
        for pixels in loader:
            top1 += answer(pixels).argmax(1).tolist()
    return top1


def _torch(weights: Path) -> dict[str, Answer]:
    network = EfficientNetLite0(torch.load(weights, weights_only=True)).eval()
    example = torch.zeros(8, 3, 224, 224)
    with torch.inference_mode():
        frozen = torch.jit.optimize_for_inference(torch.jit.trace(network, example))
    last = EfficientNetLite0(torch.load(weights, weights_only=True)).eval().to(memory_format=torch.channels_last)
    return {
        "eager": lambda x: network(x)[0],
        "traced": lambda x: frozen(x)[0],
        "channels last": lambda x: last(x.to(memory_format=torch.channels_last))[0],
    }


def _onnx(folder: Path) -> dict[str, Answer]:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # as the program does
    import onnxruntime

    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return {"ONNX Runtime": lambda x: session.run(None, {name: x.numpy()})[0]}


if __name__ == "__main__":
    main()
