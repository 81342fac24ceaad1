"""The libraries that CUDA needs, and where they are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.doctor import loading


def test_the_libraries_are_those_that_the_runtime_asks_for() -> None:
    """All that ONNX Runtime preloads, and nothing at another version, is in our lists."""
    import onnxruntime

    asked_for = getattr(onnxruntime, "_get_nvidia_dll_paths", None)
    if asked_for is None or not onnxruntime.cuda_version:
        pytest.skip("this ONNX Runtime has no list of CUDA libraries")
    linux = {path[-1] for path in asked_for(False)}
    windows = {path[-1] for path in asked_for(True)}
    assert linux <= {*loading._LINUX, *loading._LINUX_MORE}
    assert windows <= {*loading._WINDOWS, *loading._WINDOWS_MORE}


def test_libraries_are_found_in_packages_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lib = tmp_path / "nvidia" / "cu13" / "lib"
    lib.mkdir(parents=True)
    (lib / "libcublasLt.so.13").write_bytes(b"not a library")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert str(lib / "libcublasLt.so.13") in loading._packaged("libcublasLt.so.13")
    where, reason = loading._load("libcublasLt.so.13")
    assert where is not None or "libcublasLt.so.13" in reason
