"""Typed settings: one dataclass is the list that file, environment, flags, dialog and docs share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from engine.schemas.device import DeviceChoice


def setting(default: Any, help: str, *, minimum: float | None = None, maximum: float | None = None) -> Any:
    """Return a dataclass field that carries its help text and bounds for dialog, CLI and docs."""
    return field(default=default, metadata={"help": help, "minimum": minimum, "maximum": maximum})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. In the file each is a TOML key; in the environment ``LIGHTDESK_<NAME>``."""

    library: Path | None = setting(None, "Library file to open; empty for the one in your data folder.")
    cache_dir: Path | None = setting(
        None, "Folder for thumbnails and cached predictions; empty for the system's cache folder. Safe to delete."
    )
    models_dir: Path | None = setting(
        None, "Folder for built and installed models; empty for the one in your data folder."
    )
    model: str = setting("efficientnet-lite0", "Model to use, as NAME or NAME@VERSION.")
    device: DeviceChoice = setting("auto", "Where to run the model: auto, cpu or cuda.")
    cpu_threads: int = setting(0, "Cores used for inference on a CPU; 0 for all.", minimum=0, maximum=256)
    gpu_memory_mb: int = setting(
        4096, "Most memory that the model may take on a GPU, in megabytes.", minimum=256, maximum=1_000_000
    )
    decode_threads: int = setting(0, "Threads that decode pictures; 0 for one a core.", minimum=0, maximum=256)
    max_batch: int = setting(
        0, "Largest batch; 0 for what suits the device (2 on a CPU, 32 on a GPU).", minimum=0, maximum=256
    )
    max_delay_ms: float = setting(
        8.0, "Longest wait for a batch to fill while the engine is busy, in milliseconds.", minimum=0, maximum=1000
    )
    max_file_mb: int = setting(200, "Largest image file that is read, in megabytes.", minimum=1, maximum=100_000)
    max_megapixels: int = setting(
        0,
        "Largest picture that is decoded, in megapixels; 0 for what this machine's memory allows.",
        minimum=0,
        maximum=100_000,
    )
    include_hidden: bool = setting(False, "Also take hidden files and folders.")
    cache_mb: int = setting(4096, "Space that the cache may take, in megabytes.", minimum=16, maximum=10_000_000)
    top_k: int = setting(5, "Number of classes shown and printed.", minimum=1, maximum=20)
    user_name: str = setting("", "Name written beside your labels; empty for the system's user name.")
    theme: Literal["system", "light", "dark"] = setting("system", "Colours of the window: system, light or dark.")
