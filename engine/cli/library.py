"""``lightdesk library``: counting, checking, backing up, restoring."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from engine.library import database, upkeep
from engine.settings import library_path, load


def print_info(library: Path | None, *, as_json: bool) -> None:
    """Print the counts."""
    path = _path(library)
    conn = database.connect(path, read_only=True)
    try:
        facts = dataclasses.asdict(upkeep.info(conn, path))
    finally:
        conn.close()
    if as_json:
        click.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        click.echo(
            f"{name.replace('_', ' '):<16} {value:,}"
            if isinstance(value, int)
            else f"{name.replace('_', ' '):<16} {value}"
        )


def print_check(library: Path | None, *, as_json: bool) -> int:
    """Print what is wrong; returns the exit code."""
    path = _path(library)
    report = upkeep.check(path)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(report)))
    elif report.ok:
        click.echo(f"{path}: no damage found.")
    else:
        click.echo(f"{path}: damaged.")
        for finding in report.findings:
            click.echo(f"  {finding}")
        click.echo(
            f"Restore a backup with `lightdesk library restore FILE`; automatic ones lie in {path.parent / 'backups'}."
        )
    return 0 if report.ok else 1


def back_up(library: Path | None, target: Path) -> None:
    """Copy the library to `target`."""
    path = _path(library)
    upkeep.backup(path, target)
    click.echo(f"{path} was copied to {target}.")


def put_back(library: Path | None, source: Path) -> None:
    """Put a backup in the library's place."""
    path = _path(library)
    aside = upkeep.restore(path, source)
    click.echo(f"{source} is now the library {path}." + (f" The one before lies in {aside}." if aside else ""))


def _path(library: Path | None) -> Path:
    return library_path(load({"library": library} if library else {}))
