"""ONNX Runtime behind the protocol: what it answers, where it runs, and how it fails."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.backends import nvidia, ort
from engine.backends.nvidia import Driver
from engine.backends.opening import open_session, warm
from engine.errors import DeviceError, ErrorCode, ModelError
from engine.registry.catalogue import Registry
from engine.schemas.model import Model

GPU = Driver(13000, ("NVIDIA H100",))
needs_no_gpu = pytest.mark.skipif(nvidia.ask_driver() is not None, reason="this machine has an NVIDIA driver")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Registry(tmp_path_factory.mktemp("models")).ensure("efficientnet-lite0", lambda _message, _fraction: None)


def pictures(n: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, 224, 224, 3), dtype=np.uint8)


def changed(
    model: Model, *, input: dict[str, Any] | None = None, output: dict[str, Any] | None = None, **rest: Any
) -> Model:
    manifest = dataclasses.replace(
        model.manifest,
        input=dataclasses.replace(model.manifest.input, **(input or {})),
        output=dataclasses.replace(model.manifest.output, **(output or {})),
        **rest,
    )
    return Model(manifest, model.path)


def test_both_outputs_come_in_one_pass(model: Model) -> None:
    session = open_session(model, device="cpu", cpu_threads=1)
    scores, embedding = session.run(pictures(3))
    assert scores.shape == (3, 1000) and embedding.shape == (3, 1280)
    assert scores.dtype == embedding.dtype == np.float32
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert (embedding >= 0).all() and (embedding <= 6).all()
    (alone,) = open_session(changed(model, output={"embedding": None}), device="cpu", cpu_threads=1).run(pictures(3))
    assert np.array_equal(alone, scores)


def test_the_batch_changes_nothing(model: Model) -> None:
    session = open_session(model, device="cpu", cpu_threads=1)
    whole = session.run(pictures(5))
    for i in range(5):
        for together, alone in zip(whole, session.run(pictures(5)[i : i + 1]), strict=True):
            assert np.allclose(together[i], alone[0], atol=1e-5)


def test_threads_share_one_session(model: Model) -> None:
    session = open_session(model, device="cpu", cpu_threads=4)
    assert session.max_concurrency == 4
    batches = [pictures(n) for n in (1, 2, 3, 4)]
    expected = [session.run(batch) for batch in batches]
    wrong: list[int] = []

    def work(seed: int) -> None:
        for i in range(6):
            at = (i + seed) % len(batches)
            outputs = session.run(batches[at])
            if not all(np.array_equal(a, b) for a, b in zip(outputs, expected[at], strict=True)):
                wrong.append(at)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_ready_in_less_than_a_second(model: Model) -> None:
    import time

    import onnxruntime  # noqa: F401  its own import is not what is measured

    began_s = time.perf_counter()
    session = open_session(model, device="auto", cpu_threads=0)
    assert warm(session, (224, 224, 3), np.dtype(np.uint8), (1, 2)) > 0
    assert time.perf_counter() - began_s < 1.0


def test_the_runtime_keeps_nothing_about_the_person(model: Model, tmp_path: Path) -> None:
    """Its packages would write an identity into the cache folder: see `ort.import_runtime`."""
    script = (
        "from pathlib import Path; from engine.registry.catalogue import Registry; "
        "from engine.backends.opening import open_session; import numpy as np, sys; "
        "model = Registry(Path(sys.argv[1])).ensure('efficientnet-lite0', lambda *_: None); "
        "open_session(model, device='cpu', cpu_threads=1).run(np.zeros((1, 224, 224, 3), np.uint8))"
    )
    home = tmp_path / "home"
    home.mkdir()
    folders = {name: str(home) for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "APPDATA")}
    kept = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run(
        [sys.executable, "-c", script, str(model.path.parents[2])], env=kept | folders, check=True, timeout=60
    )
    assert list(home.rglob("*")) == []


@needs_no_gpu
def test_without_a_gpu_auto_is_calm_and_cuda_is_honest(model: Model) -> None:
    report = open_session(model, device="auto", cpu_threads=2).report
    assert (report.device, report.title, report.asked, report.fallback_reason) == ("cpu", "CPU, 2 cores", "auto", None)
    assert report.runtime.startswith("ONNX Runtime 1.")
    report = open_session(model, device="cuda", cpu_threads=1).report
    assert (report.device, report.title, report.asked) == ("cpu", "CPU, 1 core", "cuda")
    assert report.fallback_reason is not None and "driver" in report.fallback_reason


@needs_no_gpu
def test_a_failed_try_is_silent_and_its_reason_is_kept(
    model: Model, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if "CUDAExecutionProvider" not in ort.compiled_providers():
        pytest.skip("this ONNX Runtime has no CUDA to try")
    monkeypatch.setattr(nvidia, "ask_driver", lambda: GPU)
    session = open_session(model, device="auto", cpu_threads=1)
    assert session.report.device == "cpu"
    assert session.report.fallback_reason is not None and session.report.fallback_reason.startswith(
        "CUDA could not start"
    )
    assert session.run(pictures(1))[0].shape == (1, 1000)
    printed = capfd.readouterr()
    assert printed.out == "" and "onnxruntime" not in printed.err


class Runtime:
    """An ONNX Runtime with a GPU, as far as opening a session goes."""

    __version__ = "1.0"
    cuda_version = "13.0"
    GraphOptimizationLevel = SimpleNamespace(ORT_ENABLE_ALL=99)
    SessionOptions = SimpleNamespace

    def __init__(self, works: Callable[[], None] = lambda: None) -> None:
        self._works = works
        self.opened: list[tuple[Any, Any]] = []

    def get_available_providers(self) -> list[str]:
        return ["CUDAExecutionProvider", "CPUExecutionProvider"]

    def preload_dlls(self) -> None:
        pass

    def InferenceSession(self, _path: str, options: Any, providers: list[Any]) -> Any:
        names = [provider if isinstance(provider, str) else provider[0] for provider in providers]
        self.opened.append((options, providers))
        if "CUDAExecutionProvider" in names:
            self._works()
        node = SimpleNamespace
        return SimpleNamespace(
            get_providers=lambda: names,
            get_inputs=lambda: [node(name="pixels", type="tensor(uint8)", shape=["n", 224, 224, 3])],
            get_outputs=lambda: [
                node(name="probabilities", shape=["n", 1000]),
                node(name="embedding", shape=["n", 1280]),
            ],
        )


def use(monkeypatch: pytest.MonkeyPatch, runtime: Runtime) -> None:
    monkeypatch.setattr(ort, "import_runtime", lambda: runtime)
    monkeypatch.setattr(nvidia, "ask_driver", lambda: GPU)


def test_cuda_is_opened_bounded_and_without_a_search(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = Runtime()
    use(monkeypatch, runtime)
    session = ort.open_session(model, device="auto", cpu_threads=0, gpu_memory_mb=1000)
    assert (session.report.device, session.report.title) == ("cuda", "CUDA: NVIDIA H100")
    assert session.report.fallback_reason is None
    assert (session.max_concurrency, session.best_batch, session.pads) == (1, 32, True)
    ((options, [(_name, cuda), cpu]),) = runtime.opened
    assert cuda["cudnn_conv_algo_search"] == "HEURISTIC"
    assert cuda["arena_extend_strategy"] == "kSameAsRequested"
    assert cuda["gpu_mem_limit"] == "1000000000"
    assert cuda["use_tf32"] == "0"
    assert cpu == "CPUExecutionProvider"
    assert options.enable_mem_pattern is False
    assert not hasattr(runtime, "print")


def test_cpu_asked_for_is_cpu_even_with_a_gpu(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = Runtime()
    use(monkeypatch, runtime)
    assert open_session(model, device="cpu", cpu_threads=1).report.fallback_reason is None
    assert [providers for _, providers in runtime.opened] == [["CPUExecutionProvider"]]


def test_a_gpu_that_fails_falls_back_with_the_reason(
    model: Model, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full() -> None:
        raise RuntimeError("CUDA failure 2: out of memory ; GPU=0")

    use(monkeypatch, Runtime(full))
    report = open_session(model, device="cuda", cpu_threads=1).report
    assert report.device == "cpu"
    assert report.fallback_reason is not None and "too little free memory" in report.fallback_reason
    # The same sentence, once, as a warning: what the programs' log keeps.
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warned == [report.fallback_reason]


def test_nothing_is_logged_where_nothing_was_missed(
    model: Model, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(nvidia, "ask_driver", lambda: None)
    assert open_session(model, device="auto", cpu_threads=1).report.fallback_reason is None
    monkeypatch.setattr(ort, "import_runtime", Runtime)
    monkeypatch.setattr(nvidia, "ask_driver", lambda: GPU)
    assert open_session(model, device="auto", cpu_threads=1).report.device == "cuda"
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == []


@needs_no_gpu
def test_a_gpu_asked_for_and_not_there_is_logged_too(model: Model, caplog: pytest.LogCaptureFixture) -> None:
    report = open_session(model, device="cuda", cpu_threads=1).report
    assert report.fallback_reason is not None
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [report.fallback_reason]


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x08" + b"\x00" * 1000])
def test_a_file_that_is_no_model(model: Model, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        open_session(Model(model.manifest, path), device="cpu", cpu_threads=1)
    assert caught.value.code is ErrorCode.MODEL_DAMAGED and str(path) in caught.value.message
    with pytest.raises(ModelError):
        open_session(Model(model.manifest, tmp_path / "missing.onnx"), device="auto", cpu_threads=1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input": {"name": "data"}}, "inputs are pixels"),
        ({"input": {"dtype": "float32"}}, r"tensor\(uint8\)"),
        ({"input": {"layout": "NCHW"}}, "shape"),
        ({"input": {"crop": 192}}, "shape"),
        ({"output": {"scores": "logits"}}, "embedding, probabilities"),
        ({"output": {"embedding": "features"}}, "'features' is not among them"),
        ({"output": {"embedding_dim": 512}}, "512 numbers in embedding_dim"),
        ({"labels": ("cat", "dog")}, "2 labels"),
    ],
    ids=str,
)
def test_a_manifest_that_does_not_fit_the_file(model: Model, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        open_session(changed(model, **changes), device="cpu", cpu_threads=1)
    assert caught.value.code is ErrorCode.MODEL_INVALID


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError("CUDA failure 2: out of memory ; GPU=0"), ErrorCode.OUT_OF_MEMORY),
        (RuntimeError("Failed to allocate memory for requested buffer of size 99"), ErrorCode.OUT_OF_MEMORY),
        (RuntimeError("Available memory of 100 is smaller than requested bytes of 200"), ErrorCode.OUT_OF_MEMORY),
        (RuntimeError("CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED"), ErrorCode.OUT_OF_MEMORY),
        (RuntimeError("std::bad_alloc"), ErrorCode.OUT_OF_MEMORY),
        (MemoryError(), ErrorCode.OUT_OF_MEMORY),
        (RuntimeError("CUDNN failure 4: CUDNN_STATUS_INTERNAL_ERROR\nmore"), ErrorCode.INFERENCE_FAILED),
        (ValueError(), ErrorCode.INFERENCE_FAILED),
    ],
    ids=str,
)
def test_failures_while_running_are_translated(
    model: Model, monkeypatch: pytest.MonkeyPatch, error: Exception, code: ErrorCode
) -> None:
    session = ort.open_session(model, device="cpu", cpu_threads=1)

    def fail(*_arguments: Any) -> None:
        raise error

    monkeypatch.setattr(session, "_session", SimpleNamespace(run=fail))
    with pytest.raises(DeviceError) as caught:
        session.run(pictures(2))
    assert caught.value.code is code and caught.value.way_out
    assert "\n" not in caught.value.message


def test_a_wrong_batch_is_refused_not_a_crash(model: Model) -> None:
    session = open_session(model, device="cpu", cpu_threads=1)
    for batch in (pictures(1)[:, :100], pictures(1).astype(np.float32), pictures(1)[0]):
        with pytest.raises(DeviceError) as caught:
            session.run(batch)
        assert caught.value.code is ErrorCode.INFERENCE_FAILED


def test_a_closed_session_says_so(model: Model) -> None:
    session = open_session(model, device="cpu", cpu_threads=1)
    session.close()
    session.close()
    with pytest.raises(DeviceError, match="closed"):
        session.run(pictures(1))


class Tight:
    """A session whose device holds batches of at most `room`."""

    pads = True

    def __init__(self, room: int) -> None:
        self._room = room
        self.ran: list[int] = []

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        if len(batch) > self._room:
            raise DeviceError(ErrorCode.OUT_OF_MEMORY, "full")
        self.ran.append(len(batch))
        return []


def test_warming_stops_where_memory_ends() -> None:
    session = Tight(4)
    warm(session, (2, 2, 3), np.dtype(np.uint8), (1, 2, 4, 8, 16))  # type: ignore[arg-type]
    assert session.ran == [1, 2, 4]
    with pytest.raises(DeviceError):
        warm(Tight(0), (2, 2, 3), np.dtype(np.uint8), (1, 2))  # type: ignore[arg-type]


def test_heavy_libraries_are_imported_at_first_need_only() -> None:
    code = (
        "import sys, pathlib, engine.backends.ort, engine.backends.opening, engine.registry.catalogue as c;"
        "c.Registry(pathlib.Path('none')).list();"
        "print([m for m in ('onnxruntime', 'onnx', 'torch', 'cv2', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.gpu
@pytest.mark.skipif(nvidia.ask_driver() is None, reason="needs an NVIDIA GPU")
def test_a_real_gpu_answers_like_the_cpu(model: Model) -> None:
    gpu = open_session(model, device="cuda", cpu_threads=1)
    if gpu.report.device != "cuda":
        pytest.skip(gpu.report.fallback_reason or "CUDA does not work here")
    cpu = open_session(model, device="cpu", cpu_threads=1)
    for n in (1, 2, 8, 32):
        for a, b in zip(gpu.run(pictures(n)), cpu.run(pictures(n)), strict=True):
            assert np.abs(a - b).max() < 1e-3
