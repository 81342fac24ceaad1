"""What the doctor found, as data and as text."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["ok", "note", "warn", "fail"]

# Words, not colours, carry the meaning; all of one width.
_WORDS: dict[State, str] = {"ok": "OK  ", "note": "note", "warn": "WARN", "fail": "FAIL"}
_NAME_COLUMNS = 24
_TEXT_COLUMNS = 88
_INDENT = " " * (2 + 4 + 2 + _NAME_COLUMNS + 1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One examined thing.

    Attributes
    ----------
    state
        ``ok``; ``note``: fine, but worth knowing; ``warn``: works, and will hurt; ``fail``: something
        that should work on this machine does not.
    way_out
        What the person can do about it.
    facts
        JSON-serialisable numbers and names behind the text.
    """

    section: str
    name: str
    state: State
    text: str
    way_out: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything examined, in order."""

    version: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """True where nothing that should work fails."""
        return not self.of("fail")

    def of(self, state: State) -> list[Finding]:
        """Return the findings in one state."""
        return [finding for finding in self.findings if finding.state == state]


def render_text(report: Report) -> str:
    """Return the report as aligned text, without a line end."""
    lines = [f"Lightdesk {report.version}: what works on this machine. Nothing of this leaves it."]
    section = ""
    for finding in report.findings:
        if finding.section != section:
            section = finding.section
            lines += ["", section]
        lines += _rows(finding)
    lines += ["", _summary(report)]
    return "\n".join(lines)


def as_data(report: Report) -> dict[str, Any]:
    """Return the report as a JSON-serialisable dict."""
    return {
        "version": report.version,
        "ok": report.ok,
        "n_warnings": len(report.of("warn")),
        "findings": [dataclasses.asdict(finding) for finding in report.findings],
    }


def render_json(report: Report) -> str:
    """Return the report as JSON text."""
    return json.dumps(as_data(report), indent=2, ensure_ascii=False)


def _rows(finding: Finding) -> list[str]:
    first, *rest = _wrapped(finding.text) or [""]
    rows = [f"  {_WORDS[finding.state]}  {finding.name:<{_NAME_COLUMNS}} {first}".rstrip()]
    rows += [_INDENT + line for line in rest]
    if finding.way_out:
        first, *rest = _wrapped("-> " + finding.way_out)
        rows += [_INDENT + first, *(f"{_INDENT}   {line}" for line in rest)]
    return rows


def _wrapped(text: str) -> list[str]:
    shown = "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
    return textwrap.wrap(shown, _TEXT_COLUMNS, break_long_words=False, break_on_hyphens=False)


def _summary(report: Report) -> str:
    fails, warnings = report.of("fail"), report.of("warn")
    if fails:
        names = ", ".join(finding.name for finding in fails)
        return f"Something that should work does not: {names}. See FAIL above."
    if warnings:
        names = ", ".join(finding.name for finding in warnings)
        return f"Everything that should work does. Worth a look: {names}."
    return "Everything that should work does."
