"""The formats, each written and read."""

from __future__ import annotations

from typing import Any

import pytest

from engine.doctor import codecs


def test_a_format_that_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    assert codecs.why_not("JPEG") is None
    assert "cannot be written" in (codecs.why_not("NONSENSE") or "")
    decode = codecs.decode

    def swapped(*arguments: Any, **options: Any) -> Any:
        frame = decode(*arguments, **options)
        return type(frame)(frame.pixels[..., ::-1], frame.width, frame.height, frame.content_type)

    monkeypatch.setattr(codecs, "decode", swapped)
    assert "wrong colours" in (codecs.why_not("PNG") or "")
