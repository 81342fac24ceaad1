"""An engine for one verb: started, ended in time, with Ctrl+C understood."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.cli.following import Following
from engine.cli.interrupt import Interrupt
from engine.cli.status import StatusLine
from engine.schemas.settings import Settings
from engine.service import Engine
from engine.settings import load


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
