"""What the runtime was compiled with, what it offers, and what really works."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from typing import Any

from engine.doctor.child import ask
from engine.doctor.report import Finding, State
from engine.errors import LightdeskError
from engine.registry.catalogue import Registry
from engine.schemas.settings import Settings
from engine.settings import models_dir

_SECTION = "Inference"
_TIMEOUT_S = 180.0
_MAY_DIFFER = 0.001  # probabilities, computed in float32 on every device
_NAMES = {"cpu": "CPU", "cuda": "CUDA"}


def examine(settings: Settings) -> Iterator[Finding]:
    """Run the model on each device there is, in child processes."""
    from engine.backends import ort

    yield _package()
    compiled, offered = ort.compiled_providers(), ort.offered_devices()
    text = f"{', '.join(compiled)} (says nothing of what works)"
    yield Finding(_SECTION, "compiled providers", "ok", text, facts={"providers": compiled})
    yield Finding(_SECTION, "offered devices", "ok", ", ".join(offered) or "none", facts={"devices": offered})
    try:
        manifest = Registry(models_dir(settings)).get(settings.model)
    except LightdeskError as error:
        yield Finding(_SECTION, "model", "fail", error.message, error.way_out)
        return
    yield Finding(_SECTION, "model", "ok", f"{manifest.ref}, {manifest.title}, {len(manifest.labels)} classes")
    devices = ["cpu"]
    if settings.device == "cuda" or ort.has_nvidia_driver():
        devices.append("cuda")
    for device in devices:
        question = {
            "models_dir": str(models_dir(settings)),
            "model": manifest.ref,
            "device": device,
            "cpu_threads": settings.cpu_threads,
            "gpu_memory_mb": settings.gpu_memory_mb,
        }
        answer = ask("engine.doctor.trial", question, timeout_s=_TIMEOUT_S)
        needed = device == "cpu" or settings.device != "cpu"
        yield from judged(device, answer.facts, answer.failure, needed=needed)


def judged(device: str, facts: dict[str, Any] | None, failure: str, *, needed: bool) -> Iterator[Finding]:
    """Turn what one trial gave into findings; a device that is not needed cannot fail."""
    name = _NAMES.get(device, device)
    bad: State = "fail" if needed else "note"
    if facts is None:
        way_out = "Set device to cpu meanwhile." if device != "cpu" else "Look at the model and models_dir above."
        yield Finding(_SECTION, name, bad, f"does not work: {failure}", way_out)
        return
    if facts["fallback_reason"]:
        sentence, _, way_out = facts["fallback_reason"].partition("; ")
        yield Finding(_SECTION, name, bad, f"does not work: {sentence}", way_out[:1].upper() + way_out[1:], facts)
        return
    yield Finding(_SECTION, name, "ok", f"works: {facts['title']} ({facts['runtime']})", facts=facts)
    difference = facts["max_difference"]
    good = facts["finite"] and facts["same_top1"] and difference <= _MAY_DIFFER
    against = "one picture at a time" if device == "cpu" else "the CPU's answer"
    text = f"{'as' if good else 'NOT as'} {against}; greatest difference of a probability {difference:.1e}"
    yield Finding(
        _SECTION, f"{name} self-test", "ok" if good else bad, text, "" if good else "Set device to cpu.", facts={}
    )
    speeds = "; ".join(
        f"{s['images_per_s']:.0f} img/s at batch {s['batch']}"
        + (f" on {s['threads']} threads" if s["threads"] > 1 else "")
        for s in facts["images_per_s"]
    )
    yield Finding(_SECTION, f"{name} speed", "ok", speeds, facts={"images_per_s": facts["images_per_s"]})


def _package() -> Finding:
    found = {}
    for name in ("onnxruntime-gpu", "onnxruntime"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    text = " and ".join(f"{name} {version}" for name, version in found.items()) or "of unknown origin"
    if len(found) > 1:
        way_out = "Uninstall both, then install Lightdesk again: they are one module and overwrite each other."
        return Finding(_SECTION, "ONNX Runtime", "warn", text, way_out, found)
    return Finding(_SECTION, "ONNX Runtime", "ok", text, facts=found)
