"""Files point at contents: attached, changed, moved, gone and back."""

from __future__ import annotations

import os

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.library import contents, files, sources, upkeep
from engine.schemas.files import FoundFile
from tests.engine.library.small_library import SmallLibrary


def statements_of(small: SmallLibrary, work) -> list[str]:
    """Return the statements that `work` runs, without their values."""
    seen: list[str] = []
    small.conn.exec_trace = lambda _cursor, sql, _values: seen.append(sql) or True
    try:
        work()
    finally:
        small.conn.exec_trace = None
    return seen


def test_known_by_path_size_and_time(small: SmallLibrary) -> None:
    content_id = small.add("/photos/a.jpg", "aa", mtime_ns=5)
    found = [
        FoundFile("/photos/a.jpg", "/photos", 2, 5),
        FoundFile("/photos/a.jpg", "/photos", 3, 5),
        FoundFile("/photos/a.jpg", "/photos", 2, 6),
        FoundFile("/photos/b.jpg", "/photos", 2, 5),
    ]
    first, *others = files.known(small.conn, found, small.model_id)
    assert first is not None and (first.content_id, first.has_prediction) == (content_id, True)
    assert others == [None, None, None]
    (other_model,) = files.known(small.conn, found[:1], small.model_id + 1)
    assert other_model is not None and not other_model.has_prediction


def test_a_file_changed_in_place_leaves_no_ghost(small: SmallLibrary) -> None:
    old = small.add("/photos/a.jpg", "before")
    small.conn.execute("INSERT INTO labels VALUES(?, 'accepted', 1, 'me', 1, 'now', '')", (old,))
    new = small.add("/photos/a.jpg", "after", mtime_ns=2)
    assert small.shown() == {old: ("a.jpg", False), new: ("a.jpg", True)}
    assert small.rows("SELECT content_id, size_bytes, mtime_ns FROM file_history") == [(old, 6, 1)]
    assert small.rows("SELECT content_id, class_id FROM labels") == [(old, 1)]
    assert small.rows("SELECT content_id FROM predictions ORDER BY 1") == [(old,), (new,)]
    assert upkeep.info(small.conn, small.path).hidden == 0, "nobody took it away"
    assert upkeep.check(small.path).ok
    # What was there before comes back, elsewhere and under another name.
    assert small.add("/photos/old copy.jpg", "before", mtime_ns=3) == old
    assert small.shown() == {old: ("old copy.jpg", True), new: ("a.jpg", True)}
    assert upkeep.check(small.path).ok


def test_a_hidden_ghost_stays_hidden_when_it_comes_back(small: SmallLibrary) -> None:
    old = small.add("/photos/a.jpg", "before")
    small.conn.execute("UPDATE contents SET hidden = 1, visible = 0")
    small.add("/photos/a.jpg", "after", mtime_ns=2)
    assert upkeep.info(small.conn, small.path).hidden == 1, "a person hid it"
    small.add("/photos/b.jpg", "before")
    assert small.shown()[old] == ("b.jpg", False)


def test_the_name_is_that_of_the_first_file_that_is_there(small: SmallLibrary) -> None:
    content_id = small.add("/photos/old.jpg", "same", mtime_ns=1)
    small.add("/photos/new.jpg", "same", mtime_ns=2)
    assert small.shown()[content_id] == ("old.jpg", True)
    assert files.mark_absent(small.conn, small.placed("/photos/old.jpg")) == 1
    assert small.shown()[content_id] == ("new.jpg", True)
    assert small.rows("SELECT name_folded, mtime_ns FROM contents") == [("new.jpg", 2)]
    assert files.paths_of(small.conn, content_id) == ["/photos/new.jpg", "/photos/old.jpg"]
    # Nothing is there: it keeps its name, and is shown, since its files lie in a source that is not removed.
    assert files.mark_absent(small.conn, small.placed("/photos/new.jpg", "/photos/old.jpg")) == 1
    assert small.shown()[content_id] == ("new.jpg", True)
    small.add("/photos/old.jpg", "same", mtime_ns=9)
    assert small.shown()[content_id] == ("old.jpg", True)
    assert small.rows("SELECT present, mtime_ns FROM files ORDER BY id") == [(1, 9), (0, 2)]
    assert upkeep.check(small.path).ok


def test_what_was_attached_anew_is_not_marked_absent(small: SmallLibrary) -> None:
    small.add("/photos/a.jpg", "one")
    seen = small.placed("/photos/a.jpg")
    small.add("/photos/a.jpg", "two", mtime_ns=2)
    assert files.mark_absent(small.conn, seen) == 0
    assert small.rows("SELECT present FROM files") == [(1,)]


def test_a_file_as_it_was_costs_one_statement(small: SmallLibrary) -> None:
    """Dropping a folder again writes nothing."""
    paths = [f"/photos/{i}.jpg" for i in range(50)]
    ids = {path: small.add(path, path) for path in paths}
    source_id = sources.add(small.conn, "/photos")
    before = small.conn.total_changes()

    def again() -> None:
        for path, content_id in ids.items():
            assert files.attach(small.conn, path, source_id, content_id, len(path), 1) == ()

    assert len(statements_of(small, again)) == 50
    assert small.conn.total_changes() == before


def test_a_file_dropped_alone_keeps_its_folder_unless_that_was_removed(small: SmallLibrary) -> None:
    content_id = small.add("/photos/a.jpg", "one", root="/photos")
    small.add("/photos/a.jpg", "one", root="/photos/a.jpg")
    assert small.rows("SELECT s.path FROM files f JOIN sources s ON s.id = f.source_id") == [(b"/photos",)]
    small.add("/photos/a.jpg", "one", root="/")
    assert small.rows("SELECT s.path FROM files f JOIN sources s ON s.id = f.source_id") == [(b"/",)]
    sources.set_removed(small.conn, sources.add(small.conn, "/"), removed=True)
    assert small.shown()[content_id] == ("a.jpg", False)
    small.add("/photos/a.jpg", "one", root="/photos/a.jpg")
    assert small.shown()[content_id] == ("a.jpg", True)


def test_unmet_are_those_below_the_folder_that_the_job_has_not(small: SmallLibrary) -> None:
    odd = os.fsdecode(b"/photos/\xff\xff.jpg")
    below = ["/photos/a.jpg", "/photos/b/c.jpg", "/photos/b/d.jpg", "/photos/gone.jpg", odd]
    beside = ["/photos.jpg", "/photos2/a.jpg", "/photo/a.jpg", "/photos-old/x.jpg"]
    for path in below + beside:
        small.add(path, repr(path), root=os.path.dirname(path))
    files.mark_absent(small.conn, small.placed("/photos/gone.jpg"))
    small.job(["/photos/b/c.jpg"])
    job_id = small.job(["/photos/a.jpg"])
    unmet = files.placed(small.conn, files.unmet(small.conn, job_id, "/photos"))
    assert sorted(file.path for file in unmet) == ["/photos/b/c.jpg", "/photos/b/d.jpg", odd]
    everything = files.placed(small.conn, files.unmet(small.conn, job_id, "/"))
    assert len(everything) == len(below + beside) - 2
    assert files.unmet(small.conn, job_id, "/nothing").size == 0


def test_names_that_are_no_text(small: SmallLibrary) -> None:
    path = os.fsdecode(b"/photos/caf\xe9.jpg")
    content_id = small.add(path, "one", root="/photos")
    assert small.shown()[content_id] == ("caf\\xe9.jpg", True)
    assert small.placed(path)[0].path == path
    assert upkeep.check(small.path).ok


step = st.tuples(
    st.sampled_from(["put", "put", "put", "gone", "remove", "back"]), st.integers(0, 4), st.integers(0, 3), st.integers(1, 2)
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(step, max_size=14))
def test_shown_and_named_as_by_definition(small: SmallLibrary, steps: list[tuple]) -> None:
    """After any sequence of drops, changes, moves and removals, columns kept in step equal what their rule says."""
    placed: dict[str, list] = {}  # path: [order, source, text, mtime, present]
    removed: set[str] = set()
    ever: dict[str, tuple[str, int]] = {}
    with small.tried():
        for kind, number, text, mtime_ns in steps:
            root = f"/d{number % 2}"
            path = f"{root}/{number}.jpg"
            if kind == "put":
                small.add(path, f"text {text}", root=root, mtime_ns=mtime_ns)
                order = placed[path][0] if path in placed else len(placed)
                placed[path] = [order, root, f"text {text}", mtime_ns, True]
                ever.setdefault(f"text {text}", (os.path.basename(path), mtime_ns))
            elif kind == "gone" and path in placed:
                files.mark_absent(small.conn, small.placed(path))
                placed[path][4] = False
            elif kind == "remove":
                sources.set_removed(small.conn, sources.add(small.conn, root), removed=True)
                removed.add(root)
            elif kind == "back":
                found = sources.removed_among(small.conn, [root])
                assert bool(found) == (root in removed)
                for source_id in found:
                    sources.set_removed(small.conn, source_id, removed=False)
                removed.discard(root)
            for known in ever:
                there = sorted(f[0] for f in placed.values() if f[2] == known and f[4])
                for name, file in placed.items():
                    if there and file[0] == there[0]:
                        ever[known] = (os.path.basename(name), file[3])
        rows = small.rows("SELECT sha256, name, mtime_ns, visible FROM contents")
        got = {row[0]: row[1:] for row in rows}
        for known, (name, mtime_ns) in ever.items():
            visible = any(f[2] == known and f[1] not in removed for f in placed.values())
            sha256 = small.rows("SELECT sha256 FROM contents WHERE id = ?", small.content_of(known))[0][0]
            assert got[sha256] == (name, mtime_ns, int(visible)), (known, steps)
        assert upkeep.broken_promises(small.conn) == []


def test_refreshing_writes_only_what_is_wrong(small: SmallLibrary) -> None:
    content_id = small.add("/photos/a.jpg", "one")
    before = small.conn.total_changes()
    contents.refresh(small.conn, [content_id])
    assert small.conn.total_changes() == before
    small.conn.execute("UPDATE contents SET visible = 0, name = 'wrong'")
    contents.refresh(small.conn, [content_id])
    assert small.shown()[content_id] == ("a.jpg", True)


def test_a_path_has_one_row(small: SmallLibrary) -> None:
    small.add("/photos/a.jpg", "one")
    with pytest.raises(apsw.ConstraintError):
        small.conn.execute("INSERT INTO files(path, source_id, content_id, size_bytes, mtime_ns) SELECT path, source_id, content_id, 1, 1 FROM files")
