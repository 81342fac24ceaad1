"""fastembed's image pipeline as a child of `benchmarks.peers`; knows nothing of Lightdesk, runs in the peers' environment."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from fastembed import ImageEmbedding

# A model of the list lends its entry; the files come from our folder, and nothing is downloaded.
_ENTRY = "Qdrant/resnet50-onnx"
_BATCH = 16  # its default


def main() -> None:
    """Answer each line on standard input with one pass over the photos."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--parallel", type=int)
    options = parser.parse_args()
    files = sorted(options.files.iterdir())
    embedding = ImageEmbedding(_ENTRY, specific_model_path=str(options.model), providers=["CPUExecutionProvider"])
    # Longer than a batch, or it would not start its processes.
    for _ in embedding.embed([str(file) for file in files[: 4 * _BATCH]], batch_size=_BATCH, parallel=options.parallel):
        pass
    print(json.dumps({"batch": _BATCH, "parallel": options.parallel}), flush=True)
    for _ in sys.stdin:
        began_s = time.perf_counter()
        answers = list(embedding.embed([str(f) for f in files], batch_size=_BATCH, parallel=options.parallel))
        seconds = time.perf_counter() - began_s
        # The first output is the probabilities; scaled to length one they keep their order.
        top1 = {file.name: int(answer.argmax()) for file, answer in zip(files, answers, strict=True)}
        print(json.dumps({"seconds": seconds, "top1": top1}), flush=True)


if __name__ == "__main__":
    main()
