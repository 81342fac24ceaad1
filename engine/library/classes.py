"""Class names, shared by people's labels and the predictions of every model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set

from engine.errors import ErrorCode, UsageError
from engine.library.database import Connection, fold

MAX_NAME_CHARS = 200


def clean(name: str) -> str:
    """Return the name without stray white space. Raises UsageError when nothing or too much is left."""
    text = " ".join(name.split())
    if not text or len(text) > MAX_NAME_CHARS or not text.isprintable():
        raise UsageError(
            ErrorCode.INVALID_ARGUMENT,
            f"{text[:40]!r} cannot be the name of a class.",
            way_out=f"Type 1 to {MAX_NAME_CHARS} visible characters.",
        )
    return text


def id_of(conn: Connection, name: str) -> int:
    """Return the class of that name, whatever its case, made when it is new."""
    name = clean(name)
    rows = conn.execute("SELECT id FROM classes WHERE name = ?", (name,)).fetchall()
    rows = rows or conn.execute("SELECT id FROM classes WHERE name_folded = ? ORDER BY id", (fold(name),)).fetchall()
    if rows:
        return int(rows[0][0])
    conn.execute("INSERT INTO classes(name, name_folded) VALUES(?, ?)", (name, fold(name)))
    return conn.last_insert_rowid()


def names_apart(labels: Sequence[str]) -> list[str]:
    """Return a name for each class of a model, no two alike.

    ImageNet has two cranes, the bird and the machine: their numbers in the network's output tell them
    apart, ``crane (134)`` and ``crane (517)``. One class for both would mix their counts and filters. What
    no person could type as a name (too long, unprintable) is made fit.
    """
    fitting = [_fitting(label, number) for number, label in enumerate(labels)]
    times = Counter(fold(name) for name in fitting)
    taken = {name for name, n in times.items() if n == 1}
    names = []
    for number, name in enumerate(fitting):
        if times[fold(name)] > 1:
            name = numbered(name, number, taken)
            taken.add(fold(name))
        names.append(name)
    return names


def numbered(name: str, number: int, taken: Set[str]) -> str:
    """Return the name with its number behind it, cut so that a person could type it.

    Parameters
    ----------
    taken
        Folded names that it must not be.
    """
    suffix = ending = f" ({number})"
    while fold(found := name[: MAX_NAME_CHARS - len(ending)].rstrip() + ending) in taken:
        ending += suffix
    return found


def _fitting(label: str, number: int) -> str:
    visible = "".join(c if c.isprintable() else " " for c in label)
    return " ".join(visible.split())[:MAX_NAME_CHARS].strip() or f"class {number}"
