"""An engine for one verb: started, ended in time, with Ctrl+C understood."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.cli.following import Following
from engine.cli.interrupt import Interrupt
from engine.cli.output import say
from engine.cli.status import StatusLine
from engine.library import location
from engine.schemas.settings import Settings
from engine.service import Engine
from engine.settings import data_folder, library_path, load


@dataclass(frozen=True, slots=True)
class Running:
    """What a verb works with."""

    settings: Settings
    engine: Engine
    following: Following
    interrupt: Interrupt
    status: StatusLine


@contextlib.contextmanager
def running(overrides: Mapping[str, Any], *, adopt_jobs: bool = False) -> Iterator[Running]:
    """Start an engine with these settings; it is closed at the end, whatever happens."""
    settings = load(overrides)
    with Interrupt() as interrupt:
        _warn_of_place(library_path(settings))
        engine = Engine(settings, adopt_jobs=adopt_jobs)
        status = StatusLine()
        following = Following(engine, interrupt, status)
        try:
            engine.start()
            interrupt.check()
            yield Running(settings, engine, following, interrupt, status)
        finally:
            status.clear()
            following.close()
            engine.close()


def _warn_of_place(library: Path) -> None:
    """Say that an old library lies where it is not safe; a new one is refused there by the engine."""
    reason = location.why_unsafe(library) if library.exists() else None
    if reason:
        say(
            f"lightdesk: The library {library} is in danger: {reason}, where SQLite files get damaged. "
            f"Move it to {data_folder()}."
        )
