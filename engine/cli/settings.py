"""``lightdesk settings``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine import settings as room
from engine.cli.output import write_json, write_line, write_table
from engine.errors import ErrorCode, UsageError


def print_settings(*, as_json: bool) -> None:
    """Print every setting with its value and where that comes from."""
    values, origins = room.load(), room.origins()
    if as_json:
        write_json(
            {
                "file": str(room.settings_file()),
                "settings": {
                    info.name: {"value": _plain(getattr(values, info.name)), "from": origins[info.name]}
                    for info in room.describe()
                },
            }
        )
        return
    rows = [(i.name, _text(getattr(values, i.name)), origins[i.name], i.help) for i in room.describe()]
    write_table(("setting", "value", "from", "meaning"), rows)
    write_line()
    write_line(f"File: {room.settings_file()}")


def print_value(name: str) -> None:
    """Print one value, for scripts."""
    _info(name)
    write_line(_text(getattr(room.load(), name)))


def change(name: str, value: str) -> None:
    """Write one setting into the file."""
    _info(name)
    room.change({name: value})
    _tell(name)


def forget(name: str) -> None:
    """Take one setting out of the file."""
    room.change({name: _info(name).default})
    _tell(name)


def _tell(name: str) -> None:
    write_line(f"{name} = {_text(getattr(room.load(), name)) or '(empty)'}")
    if room.origins()[name] == "environment":
        write_line(f"The environment variable LIGHTDESK_{name.upper()} counts more than the file.")


def _info(name: str) -> room.SettingInfo:
    for info in room.describe():
        if info.name == name:
            return info
    raise UsageError(
        ErrorCode.SETTINGS_INVALID, f"There is no setting {name!r}.", way_out="`lightdesk settings list` lists them."
    )


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).lower() if isinstance(value, bool) else str(value)
