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
# For people at a window, where the choices stand beside it; the engine's own words are for files and flags.
HELP = {
    "library": _T(
        "Settings", "The library that is opened at the start. Leave it empty to go on with the one you used last."
    ),
    "cache_dir": _T(
        "Settings",
        "Where thumbnails and predictions are kept, so that they need not be made again. The folder can be deleted at any time.",
    ),
    "models_dir": _T("Settings", "Where models lie that were built or installed."),
    "model": _T("Settings", "What looks at your pictures."),
    "device": _T("Settings", "Where the model runs. Automatic takes the GPU where one works, and else the CPU."),
    "cpu_threads": _T("Settings", "How many cores the model may take on a CPU."),
    "gpu_memory_mb": _T("Settings", "The most memory that the model may take on a GPU."),
    "decode_threads": _T("Settings", "How many pictures are decoded at a time."),
    "max_batch": _T("Settings", "The most pictures that the model gets at once. More of them take more memory."),
    "max_delay_ms": _T("Settings", "How long a batch may wait for more pictures while there is much to do."),
    "max_file_mb": _T("Settings", "Larger files are not read, and stand in the list of problems."),
    "max_megapixels": _T("Settings", "Larger pictures are not decoded, and stand in the list of problems."),
    "include_hidden": _T("Settings", "Also take files and folders that are hidden."),
    "cache_mb": _T("Settings", "The most space that the cache may take."),
    "top_k": _T("Settings", "How many classes are shown of a prediction."),
    "user_name": _T("Settings", "Stands beside your labels. Leave it empty for your name on this computer."),
    "theme": _T("Settings", "Colours of the window."),
}


def translated(text: object) -> str:
    """Return a word of these in the person's language."""
    return QCoreApplication.translate("Settings", str(text))
