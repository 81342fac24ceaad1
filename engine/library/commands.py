"""The command log: every change by a person, with what was before, so that it can be undone for good."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from engine.errors import ErrorCode, UsageError
from engine.library import classes, duplicates, problems, sources
from engine.library.database import Connection, now
from engine.schemas.duplicates import Resolution
from engine.schemas.library import Command

_COLUMNS = "id, kind, title, by, at, n_items, undone"
# state, class_id, set_by, by_person, set_at, note
_LabelRow = list[Any]
_Payload = dict[str, Any]


def label(conn: Connection, content_ids: Sequence[int], class_name: str, by: str) -> Command:
    """Label contents with a class, new or known."""
    class_id = classes.id_of(conn, class_name)
    name = classes.clean(class_name)
    rows = [["accepted", class_id, by, 1, now(), ""]] * len(content_ids)
    return _set_labels(conn, "label", f"label {_items(content_ids)} as {name}", content_ids, rows, by)


def accept(conn: Connection, content_ids: Sequence[int], model_id: int, k: int, by: str) -> Command:
    """Label each content with the k-th class (from 1) of its prediction."""
    at = now()
    ids: list[int] = []
    rows: list[_LabelRow | None] = []
    for content_id in content_ids:
        found = conn.execute(
            "SELECT top FROM predictions WHERE model_id = ? AND content_id = ?", (model_id, content_id)
        ).fetchall()
        numbers = np.frombuffer(found[0][0], "<i4")[: len(found[0][0]) // 8] if found else np.empty(0, np.int32)
        if k > len(numbers):
            continue
        row = conn.execute(
            "SELECT class_id FROM model_classes WHERE model_id = ? AND number = ?", (model_id, int(numbers[k - 1]))
        ).fetchall()
        ids.append(content_id)
        rows.append(["accepted", row[0][0], by, 1, at, ""])
    if not ids:
        raise UsageError(
            ErrorCode.INVALID_ARGUMENT,
            "There is no prediction to accept yet.",
            way_out="Wait for the model's answer, or type a label.",
        )
    return _set_labels(conn, "accept", f"accept prediction {k} for {_items(ids)}", ids, rows, by)


def reject(conn: Connection, content_ids: Sequence[int], by: str) -> Command:
    """Say that the prediction is wrong, without naming the right class."""
    rows = [["rejected", None, by, 1, now(), ""]] * len(content_ids)
    return _set_labels(conn, "reject", f"reject {_items(content_ids)}", content_ids, rows, by)


def clear(conn: Connection, content_ids: Sequence[int], by: str) -> Command:
    """Take labels away; what was noted beside them stays for the next label."""
    rows: list[_LabelRow | None] = [None] * len(content_ids)
    return _set_labels(conn, "clear", f"clear the label of {_items(content_ids)}", content_ids, rows, by)


def note(conn: Connection, content_ids: Sequence[int], text: str, by: str) -> Command:
    """Write a note beside the label, if there is one."""
    text = text.strip()[:10_000]
    before = _labels(conn, content_ids)
    rows = [[*(row[:5] if row else [None, None, by, 1, now()]), text] for row in before]
    return _set_labels(conn, "note", f"note on {_items(content_ids)}", content_ids, rows, by, keep_notes=False)


def hide(conn: Connection, content_ids: Sequence[int], by: str) -> Command:
    """Take contents out of view; nothing on disk changes."""
    ids = [int(i) for i in content_ids]
    payload = {"ids": _packed_ids(ids), "before": _hidden(conn, ids)}
    return _do(conn, "hide", f"remove {_items(ids)} from the library", payload, len(ids), by)


def remove_source(conn: Connection, source_id: int, by: str) -> Command:
    """Take a dropped folder out of view, with what no other source shows."""
    rows = conn.execute("SELECT title, removed FROM sources WHERE id = ?", (source_id,)).fetchall()
    if not rows or rows[0][1]:
        raise UsageError(ErrorCode.INVALID_ARGUMENT, "That source is not in the library.", way_out="Choose another.")
    n_items = len(sources.contents_of(conn, source_id))
    return _do(conn, "remove_source", f"remove the source {rows[0][0]}", {"source_id": source_id}, n_items, by)


def bring_back(conn: Connection, paths: Iterable[str], by: str) -> Command | None:
    """Show those of the sources again that were removed from view; None where none was.

    A step of its own, for a new drop: otherwise the next undo would take a removal back that holds no more, and the
    redo after it would hide what was dropped.
    """
    source_ids = sources.removed_among(conn, paths)
    if not source_ids:
        return None
    title = f"show {len(source_ids):,} sources again"
    if len(source_ids) == 1:
        title = f"show the source {sources.title_of(conn, source_ids[0])} again"
    n_items = len({content for source_id in source_ids for content in sources.contents_of(conn, source_id)})
    return _do(conn, "bring_back", title, {"source_ids": source_ids}, n_items, by)


def dismiss(conn: Connection, problem_ids: Sequence[int], by: str) -> Command:
    """Take files off the list of problems."""
    rows = problems.taken_off(conn, problem_ids)
    if not rows:
        raise UsageError(ErrorCode.INVALID_ARGUMENT, "Those files are off the list already.", way_out="Choose others.")
    title = f"take {len(rows):,} file{'s' if len(rows) != 1 else ''} off the list"
    return _do(conn, "dismiss", title, {"rows": rows}, len(rows), by)


def part(conn: Connection, content_ids: Sequence[int], by: str, from_ids: Sequence[int] = ()) -> Command:
    """Say that contents are no duplicates of each other, or only of those in `from_ids`."""
    ones = {int(i) for i in content_ids}
    others = {int(i) for i in from_ids} or ones
    known = set(duplicates.parted(conn))
    between = {(min(a, b), max(a, b)) for a in ones for b in others if a != b}
    ids = sorted(ones | others)
    title = f"part {_items(ids)} that are no duplicates"
    if from_ids:
        title = f"part {_items(sorted(ones))} from {len(others):,} other{'s' if len(others) != 1 else ''}"
    return _do(
        conn, "part", title, {"pairs": [list(pair) for pair in sorted(between - known)], "ids": ids}, len(ids), by
    )


def resolve(conn: Connection, resolutions: Sequence[Resolution], by: str) -> Command:
    """Keep one of each group and take the others out of view, with their labels merged onto the kept one.

    Where the others' labels are at odds, and none is chosen, the kept one stays as it is.
    """
    kept = [resolution.keep for resolution in resolutions]
    gone = [int(i) for resolution in resolutions for i in resolution.hide if i != resolution.keep]
    if not gone or len(set(gone)) != len(gone) or set(gone) & set(kept):
        raise UsageError(
            ErrorCode.INVALID_ARGUMENT,
            "Nothing can be tidied up so: no group has one that goes, or one is to stay and to go.",
            way_out="Choose one to keep in each group.",
        )
    before = _labels(conn, kept)
    after = [_merged(conn, resolution, old, by) for resolution, old in zip(resolutions, before, strict=True)]
    payload = {
        "ids": _packed_ids(gone),
        "before": _hidden(conn, gone),
        "labels": {"ids": _packed_ids(kept), "before": _packed_rows(before), "after": _packed_rows(after)},
    }
    n_groups = f"{len(kept):,} group{'s' if len(kept) != 1 else ''}"
    return _do(conn, "resolve", f"keep one of {n_groups}, take {_items(gone)} out", payload, len(gone), by)


def _merged(conn: Connection, resolution: Resolution, own: _LabelRow | None, by: str) -> _LabelRow | None:
    if resolution.label is not None:
        row: _LabelRow = ["accepted", classes.id_of(conn, resolution.label), by, 1, now(), ""]
    else:
        said = [row for row in _labels(conn, resolution.hide) if row is not None and row[0] == "accepted"]
        if (own is not None and own[0] is not None) or len({row[1] for row in said}) != 1:
            return own
        row = [*said[0][:5], ""]  # still theirs who has said it, and when
    return [*row[:5], own[5] if own is not None else ""]


def undo(conn: Connection) -> tuple[Command, list[int]] | None:
    """Take the newest standing command back; returns it with the contents it touched."""
    return _turn(conn, "undone = 0", "DESC", undone=True)


def redo(conn: Connection) -> tuple[Command, list[int]] | None:
    """Do the oldest undone command again, unless a new one has come since."""
    return _turn(conn, "undone = 1 AND abandoned = 0", "ASC", undone=False)


def can_undo(conn: Connection) -> Command | None:
    """Return what `undo` would take back."""
    return _first(conn, "undone = 0", "DESC")


def can_redo(conn: Connection) -> Command | None:
    """Return what `redo` would do again."""
    return _first(conn, "undone = 1 AND abandoned = 0", "ASC")


def listed(conn: Connection, limit: int) -> list[Command]:
    """Return the history, newest first."""
    rows = conn.execute(f"SELECT {_COLUMNS} FROM commands ORDER BY id DESC LIMIT ?", (limit,)).fetchall()
    return [_command(row) for row in rows]


def _set_labels(
    conn: Connection,
    kind: str,
    title: str,
    content_ids: Sequence[int],
    rows: Sequence[_LabelRow | None],
    by: str,
    *,
    keep_notes: bool = True,
) -> Command:
    ids = [int(i) for i in content_ids]
    before = _labels(conn, ids)
    after = [
        _with_note(new, old) if keep_notes and old and old[5] else new for new, old in zip(rows, before, strict=True)
    ]
    payload = {"ids": _packed_ids(ids), "before": _packed_rows(before), "after": _packed_rows(after)}
    return _do(conn, kind, title, payload, len(ids), by)


def _with_note(new: _LabelRow | None, old: _LabelRow) -> _LabelRow:
    return [*new[:5], old[5]] if new is not None else [None, None, *old[2:]]


def _do(conn: Connection, kind: str, title: str, payload: _Payload, n_items: int, by: str) -> Command:
    conn.execute("UPDATE commands SET abandoned = 1 WHERE undone = 1 AND abandoned = 0")
    packed = zlib.compress(json.dumps(payload, separators=(",", ":")).encode(), 3)
    conn.execute(
        "INSERT INTO commands(kind, title, by, at, n_items, payload) VALUES(?, ?, ?, ?, ?, ?)",
        (kind, title, by, now(), n_items, packed),
    )
    command_id = conn.last_insert_rowid()
    _KINDS[kind](conn, payload, False)
    return _command(conn.execute(f"SELECT {_COLUMNS} FROM commands WHERE id = ?", (command_id,)).fetchall()[0])


def _turn(conn: Connection, where: str, order: str, *, undone: bool) -> tuple[Command, list[int]] | None:
    command = _first(conn, where, order)
    if command is None:
        return None
    (packed,) = conn.execute("SELECT payload FROM commands WHERE id = ?", (command.id,)).fetchall()[0]
    payload = json.loads(zlib.decompress(packed))
    touched = _KINDS[command.kind](conn, payload, undone)
    conn.execute(
        "UPDATE commands SET undone = ?, undone_at = ? WHERE id = ?",
        (int(undone), now() if undone else None, command.id),
    )
    return command, touched


def _first(conn: Connection, where: str, order: str) -> Command | None:
    rows = conn.execute(f"SELECT {_COLUMNS} FROM commands WHERE {where} ORDER BY id {order} LIMIT 1").fetchall()
    return _command(rows[0]) if rows else None


def _apply_labels(conn: Connection, payload: _Payload, backwards: bool) -> list[int]:
    ids = _unpacked_ids(payload["ids"])
    rows = _unpacked_rows(payload["before" if backwards else "after"])
    gone = [(i,) for i, row in zip(ids, rows, strict=True) if row is None]
    conn.executemany("DELETE FROM labels WHERE content_id = ?", gone)
    conn.executemany(
        """INSERT INTO labels VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(content_id) DO UPDATE SET
           state = excluded.state, class_id = excluded.class_id, set_by = excluded.set_by,
           by_person = excluded.by_person, set_at = excluded.set_at, note = excluded.note""",
        [(i, *row) for i, row in zip(ids, rows, strict=True) if row is not None],
    )
    return ids


def _apply_hide(conn: Connection, payload: _Payload, backwards: bool) -> list[int]:
    ids = _unpacked_ids(payload["ids"])
    values = payload["before"] if backwards else [1] * len(ids)
    conn.executemany("UPDATE contents SET hidden = ? WHERE id = ?", list(zip(values, ids, strict=True)))
    sources.refresh_visible(conn, ids)
    return ids


def _apply_remove_source(conn: Connection, payload: _Payload, backwards: bool) -> list[int]:
    sources.set_removed(conn, payload["source_id"], removed=not backwards)
    return sources.contents_of(conn, payload["source_id"])


def _apply_bring_back(conn: Connection, payload: _Payload, backwards: bool) -> list[int]:
    touched: dict[int, None] = {}
    for source_id in payload["source_ids"]:
        sources.set_removed(conn, source_id, removed=backwards)
        touched.update(dict.fromkeys(sources.contents_of(conn, source_id)))
    return list(touched)


def _apply_dismiss(conn: Connection, payload: _Payload, backwards: bool) -> list[int]:
    if backwards:
        problems.put_back(conn, payload["rows"])
    else:
        problems.resolve(conn, [os.fsdecode(bytes.fromhex(row[1])) for row in payload["rows"]])
    return []


def _apply_part(conn: Connection, payload: _Payload, backwards: bool) -> list[int]:
    duplicates.part(conn, (tuple(pair) for pair in payload["pairs"]), together=backwards)
    return list(payload["ids"])


def _apply_resolve(conn: Connection, payload: _Payload, backwards: bool) -> list[int]:
    return _apply_hide(conn, payload, backwards) + _apply_labels(conn, payload["labels"], backwards)


_KINDS: dict[str, Callable[[Connection, _Payload, bool], list[int]]] = {
    "label": _apply_labels,
    "accept": _apply_labels,
    "reject": _apply_labels,
    "clear": _apply_labels,
    "note": _apply_labels,
    "hide": _apply_hide,
    "remove_source": _apply_remove_source,
    "bring_back": _apply_bring_back,
    "dismiss": _apply_dismiss,
    "part": _apply_part,
    "resolve": _apply_resolve,
}


def _labels(conn: Connection, content_ids: Sequence[int]) -> list[_LabelRow | None]:
    rows: list[_LabelRow | None] = []
    for content_id in content_ids:
        found = conn.execute(
            "SELECT state, class_id, set_by, by_person, set_at, note FROM labels WHERE content_id = ?",
            (int(content_id),),
        ).fetchall()
        rows.append(list(found[0]) if found else None)
    return rows


def _hidden(conn: Connection, ids: Sequence[int]) -> list[int]:
    return [int(conn.execute("SELECT hidden FROM contents WHERE id = ?", (i,)).fetchall()[0][0]) for i in ids]


def _packed_ids(ids: Sequence[int]) -> list[int]:
    """Differences of neighbours: a selection of 100,000 then takes a few bytes an item."""
    return [b - a for a, b in zip([0, *ids[:-1]], ids, strict=True)]


def _unpacked_ids(deltas: Sequence[int]) -> list[int]:
    return [int(i) for i in np.cumsum(np.asarray(deltas, dtype=np.int64))]


def _packed_rows(rows: Sequence[_LabelRow | None]) -> _Payload:
    """Distinct rows once, then a place for each item: a bulk step writes mostly equal rows."""
    distinct: dict[str, int] = {}
    places = [distinct.setdefault(json.dumps(row), len(distinct)) for row in rows]
    return {"rows": [json.loads(text) for text in distinct], "places": places}


def _unpacked_rows(packed: _Payload) -> list[_LabelRow | None]:
    return [packed["rows"][place] for place in packed["places"]]


def _items(content_ids: Sequence[int]) -> str:
    return f"{len(content_ids):,} item{'s' if len(content_ids) != 1 else ''}"


def _command(row: Sequence[Any]) -> Command:
    command_id, kind, title, by, at, n_items, undone = row
    return Command(command_id, kind, title, by, at, n_items, bool(undone))
