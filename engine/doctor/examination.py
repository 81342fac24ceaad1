"""The examination: every section in turn; one that fails itself is a finding, not the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module, metadata

from engine.doctor.report import Finding, Report, as_data, render_json, render_text
from engine.schemas.settings import Settings

__all__ = ["Finding", "Report", "as_data", "examine", "render_json", "render_text"]

# By name: a section whose own imports are broken is then reported like any other failure.
_SECTIONS = (
    ("Machine", "engine.doctor.machine"),
    ("GPU", "engine.doctor.gpu"),
    ("Inference", "engine.doctor.inference"),
    ("Storage", "engine.doctor.storage"),
    ("Formats", "engine.doctor.codecs"),
    ("Window", "engine.doctor.window"),
    ("Settings", "engine.doctor.configuration"),
)


def examine(settings: Settings, *, on_section: Callable[[str], None] | None = None) -> Report:
    """Examine the machine. Takes some seconds, since the model is really run: not for the GUI thread.

    Parameters
    ----------
    on_section
        Called with the name of each section before it is looked at.
    """
    findings: list[Finding] = []
    for section, module in _SECTIONS:
        if on_section is not None:
            on_section(section)
        findings += _examined(section, module, settings)
    return Report(_version(), tuple(findings))


def _examined(section: str, module: str, settings: Settings) -> list[Finding]:
    found: list[Finding] = []
    try:
        look: Callable[[Settings], Iterator[Finding]] = import_module(module).examine
        found.extend(look(settings))
    except Exception as error:
        # A doctor that faints helps nobody: what was found so far stays, and the failure is a finding.
        text = f"the check itself failed: {type(error).__name__}: {error}"
        found.append(Finding(section, section.lower(), "fail", text, "Please report this."))
    return found


def _version() -> str:
    try:
        return metadata.version("lightdesk")
    except metadata.PackageNotFoundError:
        return "(not installed)"
