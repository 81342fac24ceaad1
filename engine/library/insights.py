"""The reason why a content stands out, from its neighbours."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from engine.library import mistakes, neighbourhoods
from engine.library.database import Connection
from engine.schemas.insight import Insight


def of(conn: Connection, content_id: int, model_id: int) -> Insight | None:
    """Return what a content's neighbours say of it; None where they are not known."""
    rows = conn.execute(
        "SELECT near, outlierness FROM neighbourhoods WHERE model_id = ? AND content_id = ?", (model_id, content_id)
    ).fetchall()
    if not rows:
        return None
    near, outlierness = rows[0]
    ids, cosines = neighbourhoods.unpacked(near)
    label = conn.execute(
        "SELECT class_id FROM labels WHERE content_id = ? AND state = 'accepted'", (content_id,)
    ).fetchall()
    own = int(label[0][0]) if label else 0
    classes = mistakes.classes_of(conn, model_id, ids)
    voices = Counter(int(c) for c in classes if c)
    other, n_other = next(((c, n) for c, n in voices.most_common() if c != own), (0, 0))
    amount = float(mistakes.amounts_of(conn, model_id, np.array([own]), [near])[0]) if own else 0.0
    return Insight(
        nearest_id=int(ids[0]) if len(ids) else None,
        nearest_score=float(cosines[0]) if len(ids) else 0.0,
        mean_score=float(cosines.mean()) if len(ids) else 0.0,
        outlier=outlierness > neighbourhoods.outlier_limit(conn, model_id),
        n_neighbours=sum(voices.values()),
        n_other=n_other,
        own_class=_name(conn, own),
        other_class=_name(conn, other),
        mistake=amount,
    )


def classes_of(
    conn: Connection, content_ids: NDArray[np.int64], model_id: int | None
) -> tuple[list[str | None], list[bool]]:
    """Return each content's class, by its label or else by the model, and whether it is by a label."""
    classes = mistakes.classes_of(conn, model_id or 0, content_ids)
    labelled = conn.execute("SELECT content_id FROM labels WHERE state = 'accepted'").get
    by_label = np.isin(content_ids, [] if labelled is None else labelled)
    names = dict(conn.execute("SELECT id, name FROM classes").fetchall())
    return [names.get(c) for c in classes.tolist()], by_label.tolist()


def _name(conn: Connection, class_id: int) -> str | None:
    rows = conn.execute("SELECT name FROM classes WHERE id = ?", (class_id,)).fetchall()
    return str(rows[0][0]) if rows else None
