"""What the settings are called, and what is said of them."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

_T = QT_TRANSLATE_NOOP
# Title of each setting, group by group. A setting that is missing here fails a test.
GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = tuple(
    (str(title), tuple((name, str(text)) for name, text in rows))
    for title, rows in (
        (_T("Settings", "Library"), (("library", _T("Settings", "Library file")), ("user_name", _T("Settings", "Your name")))),
        (
            _T("Settings", "Model and device"),
            (
                ("model", _T("Settings", "Model")),
                ("device", _T("Settings", "Device")),
                ("cpu_threads", _T("Settings", "Cores for inference")),
                ("gpu_memory_mb", _T("Settings", "Memory on the GPU")),
                ("models_dir", _T("Settings", "Models folder")),
            ),
        ),
        (
            _T("Settings", "Batches"),
            (
                ("max_batch", _T("Settings", "Largest batch")),
                ("max_delay_ms", _T("Settings", "Longest wait")),
                ("decode_threads", _T("Settings", "Decoding threads")),
            ),
        ),
        (
            _T("Settings", "Limits"),
            (
                ("max_file_mb", _T("Settings", "Largest file")),
                ("max_megapixels", _T("Settings", "Largest picture")),
                ("include_hidden", _T("Settings", "Hidden files")),
            ),
        ),
        (_T("Settings", "Cache"), (("cache_dir", _T("Settings", "Cache folder")), ("cache_mb", _T("Settings", "Cache size")))),
        (_T("Settings", "Look"), (("theme", _T("Settings", "Colours")), ("top_k", _T("Settings", "Classes shown")))),
    )
)  # fmt: skip
SUFFIXES = {
    "max_delay_ms": " ms",
    "gpu_memory_mb": " MB",
    "max_file_mb": " MB",
    "max_megapixels": " MP",
    "cache_mb": " MB",
}
ZERO = {
    "cpu_threads": _T("Settings", "all"),
    "decode_threads": _T("Settings", "one a core"),
    "max_batch": _T("Settings", "what suits the device"),
    "max_megapixels": _T("Settings", "what the memory allows"),
}
WORDS = {
    "auto": _T("Settings", "Automatic"),
    "cpu": _T("Settings", "CPU"),
    "cuda": _T("Settings", "NVIDIA GPU (CUDA)"),
    "system": _T("Settings", "As the system"),
    "light": _T("Settings", "Light"),
    "dark": _T("Settings", "Dark"),
}
# The engine's words once more, so that they are found for translation (tests/desktop/ui/test_translation.py compares).
HELP = {
    "library": _T(
        "Settings",
        "Library file to open; empty for the one in your data folder.",
    ),
    "cache_dir": _T(
        "Settings",
        "Folder for thumbnails and cached predictions; empty for the system's cache folder. Safe to delete.",
    ),
    "models_dir": _T(
        "Settings",
        "Folder for built and installed models; empty for the one in your data folder.",
    ),
    "model": _T(
        "Settings",
        "Model to use, as NAME or NAME@VERSION.",
    ),
    "device": _T(
        "Settings",
        "Where to run the model: auto, cpu or cuda.",
    ),
    "cpu_threads": _T(
        "Settings",
        "Cores used for inference on a CPU; 0 for all.",
    ),
    "gpu_memory_mb": _T(
        "Settings",
        "Most memory that the model may take on a GPU, in megabytes.",
    ),
    "decode_threads": _T(
        "Settings",
        "Threads that decode pictures; 0 for one a core.",
    ),
    "max_batch": _T(
        "Settings",
        "Largest batch; 0 for what suits the device (4 on a CPU, 32 on a GPU).",
    ),
    "max_delay_ms": _T(
        "Settings",
        "Longest wait for a batch to fill while the engine is busy, in milliseconds.",
    ),
    "max_file_mb": _T(
        "Settings",
        "Largest image file that is read, in megabytes.",
    ),
    "max_megapixels": _T(
        "Settings",
        "Largest picture that is decoded, in megapixels; 0 for what this machine's memory allows.",
    ),
    "include_hidden": _T(
        "Settings",
        "Also take hidden files and folders.",
    ),
    "cache_mb": _T(
        "Settings",
        "Space that the cache may take, in megabytes.",
    ),
    "top_k": _T(
        "Settings",
        "Number of classes shown and printed.",
    ),
    "user_name": _T(
        "Settings",
        "Name written beside your labels; empty for the system's user name.",
    ),
    "theme": _T(
        "Settings",
        "Colours of the window: system, light or dark.",
    ),
}


def translated(text: object) -> str:
    """Return a word of these in the person's language."""
    return QCoreApplication.translate("Settings", str(text))
