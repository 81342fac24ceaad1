"""The settings in effect, and where each comes from."""

from __future__ import annotations

from collections.abc import Iterator

from engine import settings as room
from engine.doctor.report import Finding
from engine.schemas.settings import Settings

_SECTION = "Settings"


def examine(settings: Settings) -> Iterator[Finding]:
    """List what differs from the defaults."""
    file = room.settings_file()
    text = f"{file}{'' if file.exists() else ' (not there: all defaults)'}"
    yield Finding(_SECTION, "file", "ok", text, facts={"path": str(file)})
    origins = room.origins()
    changed = []
    for info in room.describe():
        value = getattr(settings, info.name)
        if value == info.default:
            continue
        changed.append(info.name)
        # Equal to neither file nor environment: a flag, or the window's own choice.
        origin = {"default": "this run", "environment": info.environment_variable}.get(origins[info.name], "the file")
        yield Finding(_SECTION, info.name, "ok", f"{value} (from {origin})", facts={"value": str(value)})
    n = len(room.describe()) - len(changed)
    rest = f"{n} others are" if changed else f"all {n} are"
    yield Finding(_SECTION, "defaults", "ok", f"{rest} as they came")
