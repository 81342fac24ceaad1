"""``lightdesk doctor``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from engine.cli.output import is_terminal, write_json, write_line
from engine.doctor.examination import examine
from engine.doctor.report import as_data, render_text
from engine.settings import load


def run(overrides: Mapping[str, Any], *, as_json: bool) -> int:
    """Examine and print; returns 1 where something that should work does not."""

    def tell(section: str) -> None:
        if is_terminal(sys.stderr):
            sys.stderr.write(f"\r{'Looking at: ' + section:<40}")
            sys.stderr.flush()

    try:
        report = examine(load(overrides), on_section=tell)
    finally:
        if is_terminal(sys.stderr):
            sys.stderr.write("\r" + " " * 40 + "\r")
            sys.stderr.flush()
    if as_json:
        write_json(as_data(report), indent=2)
    else:
        write_line(render_text(report))
    return 0 if report.ok else 1
