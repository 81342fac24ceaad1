"""What a check has found, in a form that tests compare."""

from __future__ import annotations

from typing import Any


def states(findings: Any) -> dict[str, str]:
    return {finding.name: finding.state for finding in findings}


def texts(findings: Any) -> str:
    return "\n".join(f"{f.name}: {f.text} {f.way_out}" for f in findings)
