"""``lightdesk duplicates``: groups of pictures that are the same, or nearly."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.cli.interrupt import Interrupted
from engine.cli.output import counted, say, shown, write_json, write_line
from engine.cli.running import Running, running
from engine.cli.similar import ingest, source_id
from engine.errors import ErrorCode, JobError, UsageError
from engine.schemas.duplicates import Duplicates, GroupKind
from engine.schemas.encoding import encodable
from engine.schemas.library import Query

_LOOK_S = 0.1
KINDS: tuple[GroupKind, ...] = ("exact", "near", "similar")


def run(folder: str | None, kinds: Sequence[GroupKind], overrides: Mapping[str, Any], *, as_json: bool) -> int:
    """Look for duplicates and print the groups; returns the exit code: 0, 1 where files failed, 130 after Ctrl+C."""
    if folder is not None and not os.path.isdir(folder):
        raise UsageError(
            ErrorCode.INVALID_ARGUMENT,
            f"{shown(encodable(folder))} is no folder.",
            way_out="Give a folder, or nothing.",
        )
    with running(overrides) as now:
        try:
            query = Query(model_ref=now.engine.model_ref)
            n_failed = 0
            if folder is not None:
                n_failed = ingest(now, folder)
                query = replace(query, source_id=source_id(now, folder))
            _until_found(now)
            groups = now.engine.duplicates(query, kinds=kinds)
            _print(now, groups, as_json=as_json)
        except Interrupted as stopped:
            now.status.clear()
            return stopped.exit_code
    return 1 if n_failed else 0


def _until_found(now: Running) -> None:
    now.engine.find_duplicates()
    try:
        while (state := now.engine.duplicates_state()).phase != "ready":
            now.interrupt.check()
            if state.phase == "absent" and state.note:
                raise JobError(ErrorCode.JOB_STATE, state.note, way_out="Try again, or run `lightdesk doctor`.")
            now.status.show(f"Comparing the pictures... {state.fraction:.0%} {state.note}".rstrip())
            time.sleep(_LOOK_S)
    finally:
        now.status.clear()


def _print(now: Running, groups: Sequence[Duplicates], *, as_json: bool) -> None:
    view = now.engine.view()
    try:
        files = view.files_of(sorted({member for found in groups for member in found.group.members}))
    finally:
        view.close()
    for number, found in enumerate(groups, 1):
        now.interrupt.check()
        keep = None if found.proposal is None else found.proposal.content_id
        members = []
        for member, score in zip(found.group.members, found.group.scores or (None,), strict=True):
            sha256, paths = files.get(member, ("", []))
            members.append(
                {
                    "sha256": sha256,
                    "paths": [encodable(path) for path in paths],
                    "score": None if score is None or score == float("inf") else round(score, 4),
                    "keep": member == keep,
                }
            )
        if as_json:
            reason = "" if found.proposal is None else found.proposal.reason
            write_json({"kind": found.group.kind, "members": members, "reason": reason})
            continue
        write_line(f"{number:,}  {found.group.kind}")
        for member_row in members:
            for path in member_row["paths"] or ["(no file)"]:  # type: ignore[union-attr]
                write_line(f"   {'*' if member_row['keep'] else ' '} {shown(str(path))}")
    if not groups:
        say("There are no duplicates.")
    elif not as_json:
        say(f"{counted(len(groups), 'group')}; * is the one proposed to keep. Nothing was changed.")
