"""Contents made up at random, as rows and as plain Python, so that answers about them can be worked out twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from engine.library.database import fold
from tests.engine.library.small_library import LABELS, SmallLibrary, new_content

NAMES = ("a.jpg", "B.jpg", "b.JPG", "Ärger.png", "50%_off.png", "ant.jpg", "ẞ.gif", "ss.gif", "dog cat.jpg")
# Also a class that no model knows, and one that differs from another by its case only in part.
CLASSES = (*LABELS, "my own", "CATTLE")
CONFIDENCES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Made:
    """One content. `prediction` is (class, confidence, margin); `label` is (state, class)."""

    gap: int
    name: str
    mtime_ns: int
    sources: tuple[int, ...]
    hidden: bool
    prediction: tuple[int, float, float] | None
    label: tuple[str | None, int | None] | None


made_content = st.builds(
    Made,
    gap=st.sampled_from([0, 0, 0, 0, 1, 40]),
    name=st.sampled_from(NAMES),
    mtime_ns=st.integers(0, 3),
    sources=st.lists(st.integers(1, 3), max_size=2, unique=True).map(tuple),
    hidden=st.sampled_from([False, False, False, True]),
    prediction=st.none()
    | st.tuples(st.integers(0, len(LABELS) - 1), st.sampled_from(CONFIDENCES), st.sampled_from(CONFIDENCES)),
    label=st.none()
    | st.sampled_from([("rejected", None), (None, None)])
    | st.tuples(st.just("accepted"), st.integers(0, len(CLASSES) - 1)),
)
made_contents = st.lists(made_content, max_size=14)
removed_sources = st.sets(st.integers(1, 3), max_size=1)


@dataclass(slots=True)
class Known:
    """A content as it lies in the library, with what follows from its parts."""

    id: int
    made: Made
    visible: bool

    @property
    def folded(self) -> str:
        return fold(self.made.name)

    @property
    def has_label(self) -> bool:
        return self.made.label is not None and self.made.label[0] is not None

    @property
    def class_name(self) -> str | None:
        """The class it counts as."""
        if self.made.label is not None and self.made.label[0] is not None:
            return None if self.made.label[1] is None else CLASSES[self.made.label[1]]
        return None if self.made.prediction is None else LABELS[self.made.prediction[0]]


def class_ids(small: SmallLibrary) -> dict[str, int]:
    """Return the ids of all classes; those that no model knows are made."""
    for name in CLASSES:
        small.conn.execute("INSERT OR IGNORE INTO classes(name, name_folded) VALUES(?, ?)", (name, fold(name)))
    return {str(name): int(str(i)) for i, name in small.rows("SELECT id, name FROM classes")}


def write(small: SmallLibrary, contents: Sequence[Made], removed: set[int]) -> list[Known]:
    """Write contents into an empty library; returns them as they are known there."""
    ids = class_ids(small)
    for number in (1, 2, 3):
        small.conn.execute(
            "INSERT INTO sources VALUES(?, ?, ?, ?, 'now')",
            (number, f"/source {number}".encode(), f"source {number}", number in removed),
        )
    # Another model's answers, which must not be mixed up with those of the one that is asked about.
    small.conn.execute("INSERT INTO models VALUES(77, 'other@1', '', 0)")
    known = []
    content_id = 0
    for made in contents:
        content_id += 1 + made.gap
        visible = not made.hidden and any(source not in removed for source in made.sources)
        known.append(Known(content_id, made, visible))
        small.conn.execute(
            "INSERT INTO contents VALUES(?, ?, 'image', 'image/jpeg', 4, 3, 10, NULL, 'now', ?, ?, ?, ?, ?, NULL)",
            (
                content_id,
                new_content(str(content_id)).sha256,
                made.name,
                fold(made.name),
                made.mtime_ns,
                made.hidden,
                visible,
            ),
        )
        for source in made.sources:
            for copy in range(1 + source % 2):
                small.conn.execute(
                    "INSERT INTO files(path, source_id, content_id, size_bytes, mtime_ns) VALUES(?, ?, ?, 10, ?)",
                    (f"/source {source}/{content_id}.{copy}/{made.name}".encode(), source, content_id, made.mtime_ns),
                )
        if made.prediction is not None:
            number, confidence, margin = made.prediction
            top = np.array([number], "<i4").tobytes() + np.array([confidence], "<f4").tobytes()
            row = (content_id, ids[LABELS[number]], confidence, margin, 0.1, top, "cpu", 1.0, "now")
            small.conn.execute("INSERT INTO predictions VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (small.model_id, *row))
        other = (77, content_id, ids["ant"], 0.6, 0.6, 0.1, b"", "cpu", 1.0, "now")
        small.conn.execute("INSERT INTO predictions VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", other)
        if made.label is not None:
            state, number_of = made.label
            class_id = None if number_of is None else ids[CLASSES[number_of]]
            small.conn.execute("INSERT INTO labels VALUES(?, ?, ?, 'me', 1, 'now', 'n')", (content_id, state, class_id))
    return known
