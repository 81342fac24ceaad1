"""Keys of a manifest, each of its kind and in its bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import ErrorCode, ModelError
from engine.registry.table import Table, is_plain_name, read_toml


def table(**values: Any) -> Table:
    return Table(values, Path("manifest.toml"), "[part]", set(values))


@pytest.mark.parametrize("name", ["model.onnx", "model.onnx_data", "vit-b-16.img.fp16.onnx", "a b", ".hidden", "ä"])
def test_plain_names(name: str) -> None:
    assert is_plain_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "/a", "a\\b", "C:x", "a\nb", "a\0b", "x" * 201, "con*", 'say"', "<", "|"]
)
def test_names_that_lead_elsewhere(name: str) -> None:
    assert not is_plain_name(name)


def test_lines_and_digests() -> None:
    digest = "a" * 64
    good = table(lines=["one", "two"], files={"b": digest, "a": digest})
    assert good.lines("lines", 2) == ("one", "two") and good.lines("none", 2) == ()
    assert good.digests("files", 2) == (("a", digest), ("b", digest))
    for call in (
        lambda: good.lines("lines", 1),
        lambda: good.digests("files", 1),
        lambda: good.digests("lines", 2),
        lambda: table(lines=[1]).lines("lines", 2),
        lambda: table(lines=["x" * 301]).lines("lines", 2),
        lambda: table(files={"a": digest.upper()}).digests("files", 2),
    ):
        with pytest.raises(ModelError) as caught:
            call()
        assert caught.value.code is ErrorCode.MODEL_INVALID and "[part]" in caught.value.message


def test_a_large_or_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    for data in (b"#" * 20_000, b"\xff", b"a = = 1", b"a = " + b"[" * 5000):
        path.write_bytes(data)
        with pytest.raises(ModelError):
            read_toml(path)
    path.write_text('a = "ä"', "utf-8")
    assert read_toml(path) == {"a": "ä"}
