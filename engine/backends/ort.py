"""ONNX Runtime on CUDA or on the CPU. What runs is read from the created session, never assumed."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from engine.errors import DeviceError, ErrorCode, ModelError
from engine.schemas.device import DeviceChoice, DeviceReport
from engine.schemas.model import Model

log = logging.getLogger(__name__)
_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
_MISSING_LIBRARY = re.compile(
    r"(?:error: |Failed to load )?([\w.+-]+\.(?:so[.\d]*|dll))[:\"]? ?(?:cannot open|which is missing|.*not found)"
)
_stderr_lock = threading.Lock()


class OrtSession:
    """One `InferenceSession`; on a CPU several threads run it at once, each on one core.

    Measured on two cores: two threads in one single-threaded session give as many images a second as
    two sessions do, with the weights in memory once, and more than one session over both cores.
    """

    def __init__(self, runtime: Any, session: Any, report: DeviceReport, model: Model, *, n_threads: int) -> None:
        self._runtime = runtime
        self._session = session
        self._input = model.manifest.input.name
        output = model.manifest.output
        self._outputs = [output.scores] + ([output.embedding] if output.embedding else [])
        on_gpu = report.device != "cpu"
        self.report = report
        self.max_concurrency = 1 if on_gpu else n_threads
        self.best_batch = 32 if on_gpu else 4
        self.pads = on_gpu

    def run(self, batch: NDArray[Any]) -> list[NDArray[Any]]:
        """See `engine.backends.base.Session.run`."""
        try:
            outputs: list[NDArray[Any]] = self._session.run(self._outputs, {self._input: batch})
        except Exception as error:  # the runtime raises its own classes and plain RuntimeError alike
            text = str(error)
            if isinstance(error, MemoryError) or "out of memory" in text.lower() or "Failed to allocate" in text:
                raise DeviceError(
                    ErrorCode.OUT_OF_MEMORY,
                    f"The device ran out of memory at a batch of {len(batch)}.",
                    way_out="Close other programs that use it, or set max_batch lower.",
                ) from error
            raise DeviceError(
                ErrorCode.INFERENCE_FAILED,
                f"The model could not be run: {text.splitlines()[0][:200] if text else type(error).__name__}.",
                way_out="Run `lightdesk doctor`.",
            ) from error
        return outputs

    def close(self) -> None:
        """Drop the session; its memory goes with it."""
        self._session = None


def open_session(model: Model, *, device: DeviceChoice, cpu_threads: int) -> OrtSession:
    """Create a session on the best device that works.

    Raises
    ------
    ModelError
        MODEL_DAMAGED when the file is no model that the runtime can load.
    """
    n_threads = cpu_threads or (os.cpu_count() or 1)
    with _quiet_stderr() as captured:
        import onnxruntime

    reason: str | None = None
    if device != "cpu":
        reason = _why_no_cuda(onnxruntime, device)
        if reason is None and (device == "cuda" or has_nvidia_driver()):
            with _quiet_stderr() as captured:
                session = _try_cuda(onnxruntime, model)
            if session is not None and _CUDA in session.get_providers():
                report = DeviceReport("cuda", "CUDA", device, f"ONNX Runtime {onnxruntime.__version__}")
                return OrtSession(onnxruntime, session, report, model, n_threads=n_threads)
            reason = _fallback_sentence("".join(captured))
            log.warning("%s", reason)
    session = _create(onnxruntime, model, [_CPU], n_threads=n_threads)
    title = f"CPU, {n_threads} core{'s' if n_threads != 1 else ''}"
    report = DeviceReport("cpu", title, device, f"ONNX Runtime {onnxruntime.__version__}", reason)
    return OrtSession(onnxruntime, session, report, model, n_threads=n_threads)


def has_nvidia_driver() -> bool:
    """Tell whether NVIDIA's driver library can be loaded."""
    for name in ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1",):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


def compiled_providers() -> list[str]:
    """Return what the runtime was compiled with: a list of hopes, for the doctor."""
    import onnxruntime

    return list(onnxruntime.get_available_providers())


def _why_no_cuda(onnxruntime: Any, device: DeviceChoice) -> str | None:
    """Return why CUDA is not even tried, or None. Silent where nobody asked and there is no GPU."""
    if not has_nvidia_driver():
        return (
            "No NVIDIA driver was found, so the CPU is used; install the driver to use a GPU."
            if device == "cuda"
            else None
        )
    if _CUDA not in onnxruntime.get_available_providers():
        return "This ONNX Runtime was built without CUDA, so the CPU is used; install onnxruntime-gpu."
    return None


def _try_cuda(onnxruntime: Any, model: Model) -> Any:
    try:
        onnxruntime.preload_dlls()
        options = {
            # A search over all algorithms costs half a second for each new batch size.
            "cudnn_conv_algo_search": "HEURISTIC",
            "arena_extend_strategy": "kSameAsRequested",
        }
        return _create(onnxruntime, model, [(_CUDA, options), _CPU], n_threads=1)
    except ModelError:
        raise
    except Exception as error:
        print(error, file=sys.stderr)
        return None


def _create(onnxruntime: Any, model: Model, providers: list[Any], *, n_threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 2 if _CPU not in providers else 3
    # Batches of several sizes: a memory plan for each would only grow.
    options.enable_mem_pattern = False
    try:
        return onnxruntime.InferenceSession(str(model.path), options, providers=providers)
    except Exception as error:
        if providers != [_CPU]:
            raise
        raise ModelError(
            ErrorCode.MODEL_DAMAGED,
            f"{model.path} cannot be loaded as a model: {str(error).splitlines()[0][:200]}.",
            way_out="Delete the file; Lightdesk builds it again. A model of your own: export it again.",
            path=str(model.path),
        ) from error


def _fallback_sentence(stderr: str) -> str:
    missing = _MISSING_LIBRARY.search(stderr)
    if missing:
        return (
            f"CUDA could not start because {missing[1]} is missing, so the CPU is used; "
            'install the CUDA 13 libraries with: pip install "lightdesk[cuda]"'
        )
    return "CUDA could not start, so the CPU is used; `lightdesk doctor` says what is missing."


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[list[str]]:
    """Catch what native code prints on standard error meanwhile; one at a time."""
    captured: list[str] = []
    with _stderr_lock:
        try:
            saved = os.dup(2)
        except OSError:  # a windowed program may have no standard error at all
            yield captured
            return
        with tempfile.TemporaryFile() as sink:
            os.dup2(sink.fileno(), 2)
            try:
                yield captured
            finally:
                os.dup2(saved, 2)
                os.close(saved)
                sink.seek(0)
                captured.append(sink.read(100_000).decode("utf-8", "replace"))
