"""``lightdesk classify``: records in input order, streamed as they become known."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from engine.errors import ErrorCode, JobError, LightdeskError
from engine.library.records import ItemResult
from engine.postprocess import failure_record, printable_name
from engine.service import Engine
from engine.settings import load

_PAGE = 200
_POLL_S = 0.05
Emit = Callable[[ItemResult, dict[str, Any]], None]


def run(paths: Sequence[str], overrides: dict[str, Any], *, as_json: bool) -> int:
    """Classify and print; returns the exit code (0 all good, 1 some failed, 130 interrupted)."""
    settings = load(overrides)
    engine = Engine(settings, adopt_jobs=False)
    emit = _print_json if as_json else _print_row
    try:
        engine.start()
        if not as_json:
            click.echo(f"{'file':<40} {'prediction':<36} {'conf.':>6}  device")
        with _until_ended():
            return _stream(engine, paths, settings.top_k, emit)
    except KeyboardInterrupt:
        click.echo("\nStopped; what was finished is kept, and the rest goes on when you run it again.", err=True)
        return 130
    finally:
        engine.close()


def _stream(engine: Engine, paths: Sequence[str], top_k: int, emit: Emit) -> int:
    job_id = engine.submit(paths)
    n_failed = n_printed = 0
    began_s = time.monotonic()
    view = engine.view()
    try:
        with _progress_bar() as show:
            while True:
                job = view.job(job_id)
                for item in view.job_results(job_id, n_printed - 1, _PAGE):
                    if item.state not in ("done", "failed"):
                        break
                    record = _record(engine, item, top_k, job.created_at)
                    n_failed += not record["success"]
                    emit(item, record)
                    n_printed += 1
                show(n_printed, job.n_total)
                if job.state == "done" and n_printed >= job.n_total:
                    break
                if job.state in ("cancelled", "failed") or (job.state == "paused" and job.pause_code):
                    raise JobError(ErrorCode.JOB_STATE, job.pause_reason or f"The job was {job.state}.")
                if engine.model_state().phase == "failed":
                    raise JobError(ErrorCode.JOB_STATE, engine.model_state().message)
                if job.n_total == n_printed:
                    time.sleep(_POLL_S)
                else:
                    time.sleep(_POLL_S / 5)
    except (KeyboardInterrupt, BrokenPipeError):
        engine.cancel(job_id)
        raise
    finally:
        view.close()
    if n_printed == 0:
        click.echo("There were no images in what you gave.", err=True)
    elif sys.stderr.isatty():
        click.echo(f"{n_printed} files in {time.monotonic() - began_s:.1f} s", err=True)
    return 1 if n_failed else 0


def _record(engine: Engine, item: ItemResult, top_k: int, since: str) -> dict[str, Any]:
    if item.state == "failed" or item.content_id is None:
        code = ErrorCode(item.code or "INTERNAL")
        error = LightdeskError(code, item.message or "The file could not be used.", way_out=item.way_out or "")
        error.details["filename"] = printable_name(item.path)
        return failure_record(error)
    return engine.record(item.content_id, top_k, item.path, since=since)


def _print_json(_item: ItemResult, record: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _print_row(item: ItemResult, record: dict[str, Any]) -> None:
    name = _fitted(printable_name(item.path), 40)
    if not record["success"]:
        click.echo(f"{name:<40} {record['error']['code']}: {record['error']['message']}")
        return
    best, facts = record["data"]["prediction"], record["data"]["metadata"]
    click.echo(f"{name:<40} {_fitted(best['class_name'], 36):<36} {best['confidence']:>6.1%}  {facts['device']}")


def _fitted(text: str, width: int) -> str:
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= width else text[: width - 1] + "\N{HORIZONTAL ELLIPSIS}"


@contextlib.contextmanager
def _progress_bar() -> Iterator[Callable[[int, int], None]]:
    """Yield a call that shows n of N on standard error, where that is a terminal and the results go elsewhere."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda n, total: None
        return
    with click.progressbar(length=1, file=sys.stderr, label="Classifying", show_pos=True) as bar:

        def show(n: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(n - bar.pos)

        yield show


@contextlib.contextmanager
def _until_ended() -> Iterator[None]:
    """Let SIGTERM end the run as Ctrl+C does."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
