"""A table of a model's TOML manifest, read key by key with the place for messages."""

from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path
from typing import Any

from engine.errors import ErrorCode, ModelError

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
SHA256 = re.compile(r"[0-9a-f]{64}")
# A manifest has some 700 bytes; reading TOML takes time that grows with the square of a hostile one's size.
_MAX_MANIFEST_BYTES = 1 << 14


def read_toml(path: Path) -> dict[str, Any]:
    """Return a manifest's tables. Raises ModelError MODEL_INVALID."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_MANIFEST_BYTES + 1)
        if len(data) > _MAX_MANIFEST_BYTES:
            raise invalid(path, "it is larger than any manifest")
        return tomllib.loads(data.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise invalid(path, f"it cannot be read ({error})") from error


def invalid(path: Path, reason: str) -> ModelError:
    """Return the error of a manifest that cannot be used."""
    return ModelError(
        ErrorCode.MODEL_INVALID,
        f"The model manifest {path} cannot be used: {reason}.",
        way_out="Correct the manifest, or remove its folder.",
        path=str(path),
    )


class Table:
    """One table of the file, with its place for messages; unknown keys are refused as misspelt."""

    def __init__(self, values: dict[str, Any], path: Path, place: str, known: set[str]) -> None:
        self._values = values
        self._path = path
        self._place = place
        unknown = sorted(values.keys() - known)
        if unknown:
            raise self.invalid(f"{unknown[0][:80]!r} is not a key that is known there")

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def invalid(self, reason: str) -> ModelError:
        """Return the error of a table that cannot be used."""
        return invalid(self._path, f"in {self._place}, {reason}")

    def part(self, key: str, known: set[str]) -> Table:
        """Return a table in this one."""
        part = self._values.get(key)
        if not isinstance(part, dict):
            raise self.invalid(f"the table [{key}] is missing")
        return Table(part, self._path, f"[{key}]", known)

    def text(self, key: str) -> str:
        """Return one line of text."""
        value = self._values.get(key)
        if not isinstance(value, str) or not value or not value.isprintable() or len(value) > 200:
            raise self.invalid(f"{key} must be given, as one line of text")
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> Any:
        """Return one of a few words."""
        value = self._values.get(key)
        if not isinstance(value, str) or value not in choices:
            raise self.invalid(f"{key} must be one of {', '.join(choices)}")
        return value

    def matching(self, key: str, pattern: re.Pattern[str]) -> str:
        """Return a text of a given form."""
        value = self.text(key)
        if not pattern.fullmatch(value):
            raise self.invalid(f"{key} = {value[:80]!r} is not of the right form")
        return value

    def number(self, key: str, lowest: int, highest: int) -> int:
        """Return a whole number within bounds."""
        value = self._values.get(key)
        if type(value) is not int or not lowest <= value <= highest:
            raise self.invalid(f"{key} must be a whole number from {lowest} to {highest}")
        return value

    def triple(self, key: str) -> tuple[float, float, float] | None:
        """Return three numbers, or None where they are not given."""
        value = self._values.get(key)
        if value is None:
            return None
        numbers = isinstance(value, list) and all(type(v) in (int, float) and math.isfinite(v) for v in value)
        if not numbers or len(value) != 3:
            raise self.invalid(f"{key} must be three numbers, for red, green and blue")
        return (float(value[0]), float(value[1]), float(value[2]))

    def file_name(self, key: str) -> str:
        """Refuse a file name that leads out of the model's folder, on any system."""
        name = self.text(key)
        if not is_plain_name(name):
            raise self.invalid(f"{key} = {name[:80]!r} must be a plain file name beside the manifest")
        return name

    def lines(self, key: str, most: int) -> tuple[str, ...]:
        """Return a list of lines of text, none where it is not given."""
        values = self._values.get(key, [])
        fit = isinstance(values, list) and len(values) <= most
        if not fit or not all(isinstance(v, str) and v.isprintable() and 0 < len(v) <= 300 for v in values):
            raise self.invalid(f"{key} must be a list of at most {most} lines of text")
        return tuple(values)

    def digests(self, key: str, most: int) -> tuple[tuple[str, str], ...]:
        """Return plain file names with the sha256 of each, ordered by name."""
        part = self._values.get(key)
        if not isinstance(part, dict) or not 0 < len(part) <= most:
            raise self.invalid(f"{key} must be a table of 1 to {most} files")
        names = Table(part, self._path, f"{self._place} {key}", set(part))
        for name in part:
            if not is_plain_name(name):
                raise self.invalid(f"{name[:80]!r} must be a plain file name beside the manifest")
        return tuple((name, names.matching(name, SHA256)) for name in sorted(part))


def is_plain_name(name: str) -> bool:
    """Tell whether a name stays in its folder on any system."""
    return (
        name not in ("", ".", "..")
        and name.isprintable()
        and len(name) <= 200
        and not any(c in name for c in '/\\:*?"<>|')
    )
