"""``lightdesk similar``: what in the library is most like these pictures, or these words."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.cli import where
from engine.cli.asking import Asked, Search, searches
from engine.cli.interrupt import Interrupted
from engine.cli.output import counted, is_terminal, say, shortened, shown, terminal_columns, write_json, write_line
from engine.cli.running import Running, running
from engine.errors import ErrorCode, LightdeskError, UsageError
from engine.schemas.encoding import encodable
from engine.schemas.library import Query
from engine.schemas.similar import Example, Ranking, SimilarQuery
from engine.view import LibraryView

_TABLE_K, _JSON_K = 20, 100
_PAGE = 500
_MANY = 1000


def run(
    queries: Sequence[str],
    minus: Sequence[str],
    conditions: Sequence[str],
    folder: str | None,
    k: int | None,
    overrides: Mapping[str, Any],
    *,
    as_json: bool,
) -> int:
    """Search and print; returns the exit code: 0, 1 where a query could not be used, 130 after Ctrl+C."""
    asked = [query for query in queries if not os.path.isdir(query)]
    folders = [query for query in queries if os.path.isdir(query)] + ([folder] if folder is not None else [])
    if len(folders) > 1:
        raise UsageError(
            ErrorCode.INVALID_ARGUMENT,
            f"{len(folders)} folders were given to look in.",
            way_out="Give one, or none to look in the whole library.",
        )
    if not asked and not minus:
        raise UsageError(
            ErrorCode.INVALID_ARGUMENT,
            "There is no picture to look for.",
            way_out="Give one, besides the folder to look in.",
        )
    with running(overrides) as now:
        try:
            return _search(now, asked, minus, conditions, folders, k or (_JSON_K if as_json else _TABLE_K), as_json)
        except Interrupted as stopped:
            now.status.clear()
            return stopped.exit_code


def _search(
    now: Running,
    asked: Sequence[str],
    minus: Sequence[str],
    conditions: Sequence[str],
    folders: Sequence[str],
    k: int,
    as_json: bool,
) -> int:
    query = Query(model_ref=now.engine.model_ref)
    n_failed = 0
    for path in folders:
        n_failed += ingest(now, path)
        query = replace(query, source_id=source_id(now, path))
    view = now.engine.view()
    try:
        query = where.parsed(conditions, lambda: view.facets(query.model_ref).sources, query)
        for search in searches(asked, minus):
            n_failed += _one(now, view, search, query, k, as_json)
            now.interrupt.check()
    finally:
        view.close()
    return 1 if n_failed else 0


def _one(now: Running, view: LibraryView, search: Search, query: Query, k: int, as_json: bool) -> int:
    """Search once and print; returns how many of its examples could not be used."""
    ref = now.engine.use_words() if search.has_words else query.model_ref
    plus, n_failed = _examples(now, search.plus, ref)
    less, n_minus_failed = _examples(now, search.minus, ref)
    n_failed += n_minus_failed
    if (search.plus and not plus) or not (plus or less):
        return n_failed
    ranking = now.engine.similar(SimilarQuery(plus, less, replace(query, model_ref=ref), search.k or k))
    now.status.clear()
    if ranking.note:
        say(f"lightdesk: {ranking.note}")
    for start in range(0, len(ranking.content_ids), _PAGE):
        _print(view, ranking, start, search.number, as_json=as_json)
        now.interrupt.check()
    sys.stdout.flush()
    if search.has_words and (missing := len(view.without_vector(ref, _MANY))):
        many = f"{missing:,}" if missing < _MANY else f"{_MANY:,} or more"
        say(f"lightdesk: {many} pictures are not prepared for words yet: `lightdesk words prepare` does so.")
    elif not len(ranking.content_ids):
        nothing = "Nothing passes the filter." if ranking.n_searched else "The library is empty."
        say(f"{nothing} {counted(ranking.n_searched, 'picture')} searched.")
    elif is_terminal(sys.stderr):
        say(f"{counted(ranking.n_searched, 'picture')} searched in {ranking.took_ms:.0f} ms.")
    return n_failed


def ingest(now: Running, folder: str) -> int:
    """Take a folder into the library, with progress; returns how many of its files failed."""
    job = now.following.submit([folder])
    failed: set[str] = set()
    for items in now.following.results(job.id):
        failed.update(item.path for item in items if item.state == "failed")
    failed.update(problem.path for problem in now.following.unseen(job, failed))
    now.status.clear()
    if failed:
        say(f"lightdesk: {counted(len(failed), 'file')} in {shown(encodable(folder))} could not be used.")
    return len(failed)


def source_id(now: Running, folder: str) -> int:
    """Return the source of a folder that was taken in. Raises UsageError where it holds no picture."""
    view = now.engine.view()
    try:
        full = os.path.abspath(folder)
        found = [s.id for s in view.facets(now.engine.model_ref).sources if s.path == full]
    finally:
        view.close()
    if not found:
        raise UsageError(
            ErrorCode.INVALID_ARGUMENT,
            f"{shown(encodable(folder))} holds no picture that could be used.",
            way_out="Give another folder.",
        )
    return found[0]


def _examples(now: Running, asked: Sequence[Asked], ref: str) -> tuple[tuple[Example, ...], int]:
    found: list[Example] = []
    n_failed = 0
    for one in asked:
        now.interrupt.check()
        if one.is_words:
            found.append(Example(text=one.value, weight=one.weight))
            continue
        now.status.show(f"Looking at {shown(encodable(os.path.basename(one.value)))}...")
        try:
            found.append(replace(now.engine.example(one.value, model_ref=ref), weight=one.weight))
        except LightdeskError as error:
            now.status.clear()
            say(f"lightdesk: {error.code}: {error}")
            n_failed += 1
    now.status.clear()
    return tuple(found), n_failed


def _print(view: LibraryView, ranking: Ranking, start: int, number: int | None, *, as_json: bool) -> None:
    ids = ranking.content_ids[start : start + _PAGE].tolist()
    scores = ranking.scores[start : start + _PAGE].tolist()
    files = view.files_of(ids)
    columns = terminal_columns() - 18 if is_terminal(sys.stdout) else 10_000
    for rank, (content_id, score) in enumerate(zip(ids, scores, strict=True), start + 1):
        sha256, paths = files.get(content_id, ("", []))
        if as_json:
            row = {"rank": rank, "score": round(score, 6), "sha256": sha256, "paths": [encodable(p) for p in paths]}
            write_json(row if number is None else {"query": number, **row})
        else:
            if number is not None and rank == 1:
                write_line(f"Query {number}")
            name = shown(encodable(paths[0])) if paths else "(no file)"
            more = f" +{len(paths) - 1}" if len(paths) > 1 else ""
            write_line(f"{rank:>6,}  {score:6.3f}  {shortened(name, columns - len(more), keep_end=True)}{more}")
