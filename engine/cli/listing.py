"""``lightdesk models`` and ``lightdesk jobs``."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from engine.library import database, jobs
from engine.library.writer import Writer
from engine.registry.catalogue import Registry
from engine.schemas.job import JobState
from engine.settings import library_path, load, models_dir
from engine.view import LibraryView

_ACTIONS: dict[str, JobState] = {"pause": "paused", "resume": "running", "cancel": "cancelled"}


def print_models(*, as_json: bool) -> None:
    """Print every usable model."""
    manifests = Registry(models_dir(load({}))).list()
    if as_json:
        rows = [
            {"name": m.name, "version": m.version, "title": m.title, "licence": m.licence, "classes": len(m.labels)}
            for m in manifests
        ]
        click.echo(json.dumps(rows))
        return
    for m in manifests:
        click.echo(f"{m.ref:<28} {m.title}  ({len(m.labels)} classes, {m.licence})")


def print_jobs(library: Path | None, *, as_json: bool) -> None:
    """Print the library's jobs, newest first."""
    view = LibraryView(_path(library))
    try:
        found = view.jobs()
    finally:
        view.close()
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(job) for job in found]))
        return
    if not found:
        click.echo("There are no jobs.")
    for job in found:
        counts = f"{job.n_done}/{job.n_total} done, {job.n_failed} failed"
        click.echo(f"{job.id:>5}  {job.state:<10} {counts:<30} {job.title}")


def change_job(library: Path | None, action: str, job_id: int) -> None:
    """Pause, resume or cancel a job; the process that holds it follows within a second."""
    path = _path(library)
    database.connect(path).close()
    writer = Writer(path)
    try:
        writer.submit(lambda conn: jobs.set_state(conn, job_id, _ACTIONS[action]), urgent=True).result()
    finally:
        writer.close()
    click.echo(f"Job {job_id}: {_ACTIONS[action]}.")


def _path(library: Path | None) -> Path:
    return library_path(load({"library": library} if library else {}))
