"""``lightdesk words``: the models with which pictures are found by words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.cli.interrupt import Interrupt, Interrupted
from engine.cli.output import counted, say, write_json, write_line, write_table
from engine.cli.running import Running, running
from engine.cli.status import StatusLine
from engine.errors import ErrorCode, JobError
from engine.registry.catalogue import Registry
from engine.schemas.job import Job
from engine.settings import load, models_dir

_LOOK_S = 0.1
_ADVICE = "`lightdesk words add FOLDER` takes one from a folder with a CLIP-like model exported to ONNX."


def add(folder: Path, *, as_json: bool) -> int:
    """Take the pair of towers in a folder into the models folder."""
    from engine.towers.installing import Stopped, install_pair

    status = StatusLine()
    with Interrupt() as interrupt:
        try:
            pair = install_pair(
                folder,
                models_dir(load()),
                progress=lambda message, _fraction: status.show(message),
                stopped=lambda: _is_wanted(interrupt),
            )
        except Stopped:
            return 130
        finally:
            status.clear()
    manifest = pair.manifest
    if as_json:
        write_json(
            {"model": manifest.ref, "dim": manifest.dim, "title": manifest.title, "assumed": list(manifest.assumed)}
        )
        return 0
    write_line(f"{manifest.ref} ({manifest.title}) is there; its vectors have {manifest.dim} numbers.")
    for sentence in manifest.assumed:
        write_line(f"Assumed: {sentence}")
    write_line("The window prepares the library for it by itself; `lightdesk words prepare` does so here and now.")
    return 0


def _is_wanted(interrupt: Interrupt) -> bool:
    try:
        interrupt.check()
    except Interrupted:
        return True
    return False


def print_pairs(*, as_json: bool) -> int:
    """List the pairs, the one in use last."""
    pairs = Registry(models_dir(load())).pairs()
    if as_json:
        write_json([{"model": p.ref, "dim": p.dim, "title": p.title, "in_use": p is pairs[-1]} for p in pairs])
    elif not pairs:
        write_line(f"There is no model for search with words yet. {_ADVICE}")
    else:
        rows = [("*" if p is pairs[-1] else "", p.ref, str(p.dim), p.title) for p in pairs]
        write_table(("", "model", "numbers", "title"), rows, right=(2,))
        write_line()
        write_line("* in use: the one that was added last.")
    return 0


def prepare(overrides: Mapping[str, Any], *, as_json: bool) -> int:
    """Make the vectors that search with words needs, with progress, until all pictures have theirs."""
    with running(overrides) as now:
        before = _newest(now)
        ref = now.engine.prepare_words()
        try:
            job = _followed(now, 0 if before is None else before.id)
        except Interrupted as stopped:
            now.status.clear()
            say("Stopped. What was prepared is kept; run it again to go on with the rest.")
            return stopped.exit_code
        now.status.clear()
        view = now.engine.view()
        try:
            _, _, n = view.space(ref)
        finally:
            view.close()
    skipped = 0 if job is None else job.n_skipped + job.n_failed
    if as_json:
        write_json({"model": ref, "prepared": n, "skipped": skipped})
    else:
        unread = f" {counted(skipped, 'picture')} could not be read." if skipped else ""
        write_line(f"{counted(n, 'picture')} can be found with words.{unread}")
    return 1 if skipped else 0


def _newest(now: Running) -> Job | None:
    view = now.engine.view()
    try:
        return next((job for job in view.jobs() if job.kind == "embed"), None)
    finally:
        view.close()


def _followed(now: Running, before: int) -> Job | None:
    """Wait until nothing is missing any more; returns the job that did it, None where nothing was.

    Parameters
    ----------
    before
        The newest job of the kind before this began.
    """
    is_open = False
    while True:
        now.interrupt.check()
        job = _newest(now)
        if job is not None and job.state == "paused" and job.pause_reason:
            raise JobError(ErrorCode(job.pause_code or ErrorCode.JOB_STATE), job.pause_reason)
        if job is not None and job.state in ("queued", "running", "paused"):
            is_open = True
            now.status.counted(job.n_done + job.n_skipped, job.n_total, counting=False)
        elif job is not None and (is_open or job.id > before):
            return job
        elif now.engine.words_are_prepared():
            return None
        time.sleep(_LOOK_S)
