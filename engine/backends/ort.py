"""ONNX Runtime on CUDA or on the CPU. What runs is read from the created session, never assumed.

Measured with the default model on 2 cores without a GPU (images a second by batch 1, 2, 4, 8, 16):

==========================================  ===  ===  ===  ===  ===
one session of one thread, called by two    245  239  234  227  215
the same without memory patterns            233  227  227  220  208
two sessions of one thread                  226  235  234  223  214
one session of two threads                  204  229  222  226  227
the same without spinning                   148  193  207  212  217
==========================================  ===  ===  ===  ===  ===

Below the highest level of graph optimisation (which blocks channels for the CPU) it is three times as
slow; without the arena, 10 % slower; flushing denormals and switching off prepacking change nothing.
"""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from engine.backends import fallback, nvidia, standard_error
from engine.errors import DeviceError, ErrorCode, ModelError
from engine.schemas.device import DeviceChoice, DeviceReport
from engine.schemas.model import Model

log = logging.getLogger(__name__)
_CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"
_DEFAULT_GPU_MEMORY_MB = 4096
_CUDA_MAJOR = 13
_ELEMENT_TYPES = {"uint8": "tensor(uint8)", "float32": "tensor(float)"}
_OUT_OF_MEMORY = (
    "out of memory",
    "failed to allocate memory",
    "available memory of",
    "alloc_failed",
    "bad allocation",
    "bad_alloc",
    "cuda failure 2:",
)
_import_lock = threading.Lock()


class OrtSession:
    """One `InferenceSession`; on a CPU several threads run it at once, each on one core."""

    def __init__(self, session: Any, report: DeviceReport, model: Model, *, n_threads: int) -> None:
        self._session = session
        self._input = model.manifest.input.name
        output = model.manifest.output
        self._outputs = [output.scores] + ([output.embedding] if output.embedding else [])
        on_gpu = report.device != "cpu"
        self.report = report
        self.max_concurrency = 1 if on_gpu else n_threads
        # On a CPU larger batches gain nothing (see above), and an urgent picture waits longer for them.
        self.best_batch = 32 if on_gpu else 2
        self.pads = on_gpu

    def run(self, batch: NDArray[Any]) -> list[NDArray[Any]]:
        """See `engine.backends.base.Session.run`."""
        session = self._session
        if session is None:
            raise DeviceError(ErrorCode.INFERENCE_FAILED, "The model has been closed.")
        try:
            outputs: list[NDArray[Any]] = session.run(self._outputs, {self._input: batch})
        except Exception as error:  # the runtime raises its own classes and plain RuntimeError alike
            raise translated(error, len(batch)) from error
        return outputs

    def close(self) -> None:
        """See `engine.backends.base.Session.close`."""
        self._session = None


def open_session(
    model: Model, *, device: DeviceChoice, cpu_threads: int, gpu_memory_mb: int = _DEFAULT_GPU_MEMORY_MB
) -> OrtSession:
    """Create a session on the best device that works.

    Parameters
    ----------
    device
        ``cuda`` too falls back to the CPU where it does not work; the report then says why.
    cpu_threads
        Threads that may call `run` at once on a CPU; 0 for one a core.
    gpu_memory_mb
        Most that the arena may take on a GPU, in megabytes.

    Raises
    ------
    ModelError
        MODEL_DAMAGED when the file is no model that the runtime can load, MODEL_INVALID when it does
        not fit its manifest.
    """
    n_threads = cpu_threads or available_cores()
    runtime = import_runtime()
    title = f"CPU, {n_threads} core{'s' if n_threads != 1 else ''}"
    report = DeviceReport("cpu", title, device, f"ONNX Runtime {runtime.__version__}")
    session = None
    if device != "cpu":
        session, report = on_cuda(runtime, model.path, report, gpu_memory_mb=gpu_memory_mb)
        if report.fallback_reason is not None:
            log.warning("%s", report.fallback_reason)
    if session is None:
        session = _on_cpu(runtime, model)
    _check_signature(session, model)
    return OrtSession(session, report, model, n_threads=n_threads)


def has_nvidia_driver() -> bool:
    """Tell whether NVIDIA's driver library can be loaded."""
    return nvidia.load_driver_library() is not None


def compiled_providers() -> list[str]:
    """Return what the runtime was compiled with: a list of hopes, for the doctor."""
    return list(import_runtime().get_available_providers())


def offered_devices() -> list[str]:
    """Return the devices that the runtime lists, each with its provider: more than a hope, less than proof."""
    kinds = ((found.ep_name, found.device) for found in import_runtime().get_ep_devices())
    return [f"{name} on {device.vendor} {device.type.name}" for name, device in kinds]


def available_cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def import_runtime() -> Any:
    """Import at first need: it takes 0.1 s, and complains on standard error where there is no GPU to find."""
    # Its packages carry a telemetry of the maker's: it would keep an identity and a database in the cache folder of
    # the person, and knows an address. Nothing leaves this machine, so it is off before it can begin.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    with _import_lock, standard_error.captured() as said:
        import onnxruntime
    _log_said(said)
    return onnxruntime


def on_cuda(runtime: Any, path: Path, cpu: DeviceReport, *, gpu_memory_mb: int) -> tuple[Any, DeviceReport]:
    """Return a session on CUDA with its report, or None with the CPU's report and the reason."""
    driver = nvidia.ask_driver()
    compiled = _CUDA in runtime.get_available_providers()
    major = _cuda_major(runtime)
    worth_it, reason = fallback.before_trying(driver, asked=cpu.asked, compiled=compiled, cuda_major=major)
    if not worth_it:
        return None, _with_reason(cpu, reason)
    options = {
        # A search over all algorithms costs half a second for each new batch size.
        "cudnn_conv_algo_search": "HEURISTIC",
        "arena_extend_strategy": "kSameAsRequested",
        "gpu_mem_limit": str(gpu_memory_mb * 1_000_000),
        # Cached predictions are shared between devices, so both must compute in float32 proper.
        "use_tf32": "0",
    }
    said = _preload_cuda(runtime)
    session = None
    with standard_error.captured() as printed:
        try:
            session = create(runtime, path, [(_CUDA, options), CPU], mem_pattern=False)
        except Exception as error:  # whatever it is: the CPU is next, and it tells a bad model from a bad GPU
            printed.append(str(error))
    said += printed
    _log_said(said)
    if session is None or _CUDA not in session.get_providers():
        return None, _with_reason(cpu, fallback.after_trying(said))
    name = driver.gpu_names[0] if driver is not None else "NVIDIA GPU"
    return session, DeviceReport("cuda", f"CUDA: {name}", cpu.asked, cpu.runtime)


def _preload_cuda(runtime: Any) -> list[str]:
    """Load CUDA and cuDNN from their Python packages; returns what could not be loaded."""
    said: list[str] = []
    # It reports by print(), which would end up between the records of `--json`. A `print` of the
    # module's own is seen by that module only, unlike a redirected sys.stdout.
    vars(runtime)["print"] = lambda *parts, **_options: said.append(" ".join(map(str, parts)))
    try:
        runtime.preload_dlls()
    except Exception as error:
        said.append(str(error))
    finally:
        vars(runtime).pop("print", None)
    return said


def _on_cpu(runtime: Any, model: Model) -> Any:
    try:
        return create(runtime, model.path, [CPU], mem_pattern=True)
    except Exception as error:
        raise ModelError(
            ErrorCode.MODEL_DAMAGED,
            f"{model.path} cannot be loaded as a model: {first_line(error)}.",
            way_out="Delete the file; Lightdesk builds it again. A model of your own: export it again.",
            path=str(model.path),
        ) from error


def create(runtime: Any, path: Path, providers: list[Any], *, mem_pattern: bool, n_threads: int = 1) -> Any:
    """Create a session in which each call takes `n_threads`; raises whatever the runtime does."""
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Planned memory is 5 % faster on a CPU; there is one plan a batch size, and those are few. On a GPU
    # a plan would take its whole block from an arena that is bounded.
    options.enable_mem_pattern = mem_pattern
    return runtime.InferenceSession(str(path), options, providers=providers)


def _check_signature(session: Any, model: Model) -> None:
    """Compare the file's inputs and outputs with what the manifest says of them."""
    manifest = model.manifest
    inputs = {node.name: node for node in session.get_inputs()}
    outputs = {node.name: node for node in session.get_outputs()}
    spec = manifest.input
    if set(inputs) != {spec.name}:
        raise _misfit(model, f"its inputs are {_names(inputs)}, not {spec.name!r} alone")
    node = inputs[spec.name]
    if node.type != _ELEMENT_TYPES[spec.dtype]:
        raise _misfit(model, f"its input is a {node.type}, not {spec.dtype}")
    item = (spec.crop, spec.crop, 3) if spec.layout == "NHWC" else (3, spec.crop, spec.crop)
    if len(node.shape) != 4 or any(isinstance(n, int) and n != m for n, m in zip(node.shape[1:], item, strict=True)):
        raise _misfit(model, f"its input has the shape {node.shape}, not (n, {', '.join(map(str, item))})")
    if isinstance(node.shape[0], int):
        raise _misfit(model, f"it takes exactly {node.shape[0]} pictures at once; export it with a dynamic batch")
    widths = {manifest.output.scores: (len(manifest.labels), "labels")}
    if manifest.output.embedding:
        widths[manifest.output.embedding] = (manifest.output.embedding_dim, "numbers in embedding_dim")
    for name, (wanted, what) in widths.items():
        if name not in outputs:
            raise _misfit(model, f"its outputs are {_names(outputs)}; {name!r} is not among them")
        shape = outputs[name].shape
        if len(shape) != 2 or (isinstance(shape[1], int) and shape[1] != wanted):
            raise _misfit(model, f"its output {name!r} has the shape {shape}, but the manifest has {wanted} {what}")


def _misfit(model: Model, reason: str) -> ModelError:
    return ModelError(
        ErrorCode.MODEL_INVALID,
        f"The file of {model.manifest.ref} does not fit its manifest: {reason}.",
        way_out="Correct the manifest, or export the model again.",
        path=str(model.path),
    )


def translated(error: Exception, n: int) -> DeviceError:
    """Return what the runtime raised at a batch of `n` as an error of ours."""
    text = str(error).lower()
    if isinstance(error, MemoryError) or any(words in text for words in _OUT_OF_MEMORY):
        return DeviceError(
            ErrorCode.OUT_OF_MEMORY,
            f"The device ran out of memory at a batch of {n}.",
            way_out="Close other programs that use it, or set max_batch lower.",
            batch=n,
        )
    return DeviceError(
        ErrorCode.INFERENCE_FAILED,
        f"The model could not be run: {first_line(error)}.",
        way_out="Run `lightdesk doctor`.",
        batch=n,
    )


def _with_reason(cpu: DeviceReport, reason: str | None) -> DeviceReport:
    return DeviceReport(cpu.device, cpu.title, cpu.asked, cpu.runtime, reason)


def _cuda_major(runtime: Any) -> int:
    version = str(getattr(runtime, "cuda_version", "") or "")
    major = version.partition(".")[0]
    return int(major) if major.isdigit() else _CUDA_MAJOR


def _log_said(said: list[str]) -> None:
    for line in said:
        log.debug("The runtime said: %s", line)


def first_line(error: Exception) -> str:
    """Return what the runtime said, as far as it fits into a sentence."""
    lines = str(error).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(error).__name__


def _names(nodes: dict[str, Any]) -> str:
    return ", ".join(sorted(nodes)) or "none"
