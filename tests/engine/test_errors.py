"""The error tree: closed, drawn as it is, and each raised with a code that exists."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

from engine import errors
from engine.errors import ErrorCode, FileError, LightdeskError

ROOT = Path(__file__).resolve().parents[2]
# In the closed list, but not raised: a device that is asked for and cannot work is a fallback with a reason.
_RESERVED = {"DEVICE_UNAVAILABLE"}
TREE = [LightdeskError, *LightdeskError.__subclasses__()]


def test_the_drawing_is_the_tree() -> None:
    drawn = re.findall(r"^(?: {4}|[|` -]+)(\w+Error) ", errors.__doc__ or "", re.M)
    assert drawn == [kind.__name__ for kind in TREE]


def test_codes_are_their_own_names() -> None:
    assert all(code.name == code.value == str(code) for code in ErrorCode)
    assert json.dumps(ErrorCode.EMPTY_FILE) == '"EMPTY_FILE"'


def test_text_has_reason_and_way_out() -> None:
    error = FileError(ErrorCode.EMPTY_FILE, "a.jpg has no bytes.", way_out="Copy it again.", path="a.jpg")
    assert str(error) == "a.jpg has no bytes. Copy it again."
    assert str(FileError(ErrorCode.INTERNAL, "Oops.")) == "Oops."
    assert error.details == {"path": "a.jpg"}


def test_every_code_is_raised_somewhere() -> None:
    used = set()
    for path in (ROOT / "engine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ErrorCode":
                used.add(node.attr)
            elif isinstance(node, ast.Constant) and node.value in ErrorCode.__members__ and path.name != "errors.py":
                used.add(str(node.value))
    assert set(ErrorCode.__members__) - used == _RESERVED, "codes that nobody can meet"
    assert not used - set(ErrorCode.__members__) - {"__members__"}
