"""Steps of the schema: all that are due or none, after a backup."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import apsw
import numpy as np
import pytest

from engine.errors import ErrorCode, LibraryError
from engine.library import database, files, migrations, models, queries, upkeep
from engine.schemas.library import Query
from engine.view import LibraryView
from tests.engine.library.small_library import SmallLibrary, made, new_content

ROOT = Path(__file__).resolve().parents[3]


def rows(path: Path, sql: str) -> list[tuple]:
    conn = database.connect(path, read_only=True)
    try:
        return list(conn.execute(sql).fetchall())
    finally:
        conn.close()


def backups(path: Path) -> list[Path]:
    return sorted((path.parent / "backups").glob("*"))


@pytest.fixture
def first_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library as the first version wrote it: two cranes in one class, a ghost, a name that is old."""
    path = tmp_path / "old.lightdesk"
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        migrations.open_library(path, create=True)
    conn = database.connect(path)
    conn.execute("INSERT INTO models VALUES(1, 'old@1', '', 0)")
    conn.execute("INSERT INTO classes VALUES(1, 'ant', 'ant'), (2, 'crane', 'crane')")
    conn.execute("INSERT INTO model_classes VALUES(1, 0, 1), (1, 1, 2), (1, 300, 2)")
    conn.execute("INSERT INTO sources VALUES(1, CAST('/d' AS BLOB), 'd', 0, 'now')")
    for i, (name, number, class_id) in enumerate([("a", 0, 1), ("b", 1, 2), ("c", 300, 2), ("ghost", 1, 2)], 1):
        content = new_content(name)
        conn.execute(
            """INSERT INTO contents(id, sha256, kind, content_type, width, height, size_bytes, added_at, name, name_folded,
                 mtime_ns) VALUES(?, ?, 'image', 'image/png', 1, 1, 1, 'now', ?2, ?2, 1)""".replace("?2", "?3"),
            (i, content.sha256, f"{name}.png"),
        )
        top = np.array([number], "<i4").tobytes() + np.array([0.9], "<f4").tobytes()
        conn.execute(
            "INSERT INTO predictions VALUES(1, ?, ?, 0.9, 0.9, 0.1, ?, 'cpu', 1.0, 'now')", (i, class_id, top)
        )
        if name != "ghost":
            path_of = os.fsencode(f"/d/{name}.png")
            conn.execute("INSERT INTO files VALUES(?, ?, 1, ?, 1, ?, 1)", (i, path_of, i, 7 if name == "a" else 1))
    conn.execute("INSERT INTO file_history VALUES(1, 1, 4, 1, 1, 'now')")
    conn.execute("INSERT INTO labels VALUES(3, 'accepted', 2, 'me', 1, 'now', '')")
    for state in ("done", "running"):
        conn.execute(
            "INSERT INTO jobs(kind, state, title, model_ref, options, created_at) VALUES('ingest', ?, 't', 'm', '{}', 'then')",
            (state,),
        )
    conn.close()
    return path


def test_a_new_library_knows_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "inner" / "new.lightdesk"
    assert migrations.open_library(path, create=True) is False
    assert rows(path, "PRAGMA user_version") == [(migrations.schema_version(),)] == [(3,)]
    assert rows(path, "PRAGMA application_id") == [(database.APPLICATION_ID,)]
    names = [name for (name,) in rows(path, "SELECT key FROM meta WHERE key LIKE 'migration%' ORDER BY key")]
    assert names == [f"migration {n}: {name}" for n, (name, _step) in enumerate(migrations.MIGRATIONS, 1)]
    ((library_id,),) = rows(path, "SELECT value FROM meta WHERE key = 'library_id'")
    migrations.open_library(path, create=False)
    assert rows(path, "SELECT value FROM meta WHERE key = 'library_id'") == [(library_id,)]
    assert not backups(path), "nothing to lose"


def test_the_second_version(first_version: Path) -> None:
    migrations.open_library(first_version, create=False)
    assert upkeep.check(first_version).findings == ()
    assert rows(first_version, "SELECT name FROM contents WHERE visible = 1 ORDER BY 1") == [("a.png",), ("b.png",), ("c.png",)]
    assert rows(first_version, "SELECT mtime_ns FROM contents WHERE id = 1") == [(7,)]
    assert rows(first_version, "SELECT state, ended_at, pruned FROM jobs ORDER BY id") == [("done", "then", 0), ("running", None, 0)]
    classes = rows(
        first_version,
        """SELECT m.number, c.name, m.label FROM model_classes m JOIN classes c ON c.id = m.class_id ORDER BY 1""",
    )
    assert classes == [(0, "ant", None), (1, "crane (1)", "crane"), (300, "crane (300)", "crane")]
    view = LibraryView(first_version)
    counts = {c.class_name: c.n for c in view.facets("old@1").classes}
    # Which of the two the person meant by the label, nobody knows: it stays what they typed.
    assert counts == {"ant": 1, "crane (1)": 1, "crane": 1}
    assert [t.top1 for t in view.tiles([1, 2, 3], "old@1")] == ["ant", "crane (1)", "crane (300)"]
    detail = view.detail(3, "old@1")
    assert detail is not None and [s.class_name for s in detail.predictions[0].top] == ["crane"]
    view.close()
    ((before,),) = rows(backups(first_version)[0], "PRAGMA user_version")
    assert before == 1


def test_the_backup_before_it_can_be_checked_and_put_back(first_version: Path) -> None:
    before = rows(first_version, "SELECT * FROM predictions")
    migrations.open_library(first_version, create=False)
    (copy,) = backups(first_version)
    assert copy.name.startswith("old-v1-") and upkeep.check(copy).findings == ()
    upkeep.restore(first_version, copy)
    assert rows(first_version, "SELECT * FROM predictions") == before
    migrations.open_library(first_version, create=False)
    assert upkeep.check(first_version).ok


def test_an_old_library_that_cannot_be_written_can_be_looked_at(
    first_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = database._opened

    def opened(name: str, flags: int, path: Path) -> database.Connection:
        if flags & apsw.SQLITE_OPEN_READWRITE:
            raise apsw.ReadOnlyError("the file is write-protected")
        return real(name, flags, path)

    monkeypatch.setattr(database, "_opened", opened)
    assert migrations.open_library(first_version, create=False) is True
    view = LibraryView(first_version)
    assert len(view.ids(Query(model_ref="old@1"))) == 4
    detail = view.detail(3, "old@1")
    assert detail is not None and [s.class_name for s in detail.predictions[0].top] == ["crane"]
    assert view.facets("old@1").n_all == 4 and view.jobs() and view.class_names("", 10, "old@1") == ["crane", "ant"]
    view.close()
    assert upkeep.check(first_version).ok
    assert rows(first_version, "PRAGMA user_version") == [(1,)] and not backups(first_version)


def test_a_step_that_fails_leaves_the_old_version(first_version: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = rows(first_version, "SELECT type, name, sql FROM sqlite_schema ORDER BY name")
    contents = rows(first_version, "SELECT * FROM contents")

    def fails(conn: database.Connection) -> None:
        conn.execute("DELETE FROM predictions")
        raise apsw.FullError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, ("next", "CREATE TABLE third(a)"), ("bad", fails)))
        with pytest.raises(LibraryError) as caught:
            migrations.open_library(first_version, create=False)
    assert caught.value.code is ErrorCode.DISK_FULL
    assert rows(first_version, "PRAGMA user_version") == [(1,)]
    assert rows(first_version, "SELECT type, name, sql FROM sqlite_schema ORDER BY name") == before
    assert rows(first_version, "SELECT * FROM contents") == contents
    assert len(rows(first_version, "SELECT * FROM predictions")) == 4
    assert len(backups(first_version)) == 1
    migrations.open_library(first_version, create=False)
    assert upkeep.check(first_version).ok


def test_a_disk_that_fills_up_is_told_of_although_sqlite_rolled_back_by_itself(
    first_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def grows(conn: database.Connection) -> None:
        ((n_pages,),) = conn.execute("PRAGMA page_count").fetchall()
        conn.execute(f"PRAGMA max_page_count = {n_pages}")
        for i in range(1000):
            conn.execute("INSERT INTO meta VALUES(?, ?)", (f"filler {i}", "x" * 1000))

    before = rows(first_version, "SELECT * FROM meta")
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, ("next", grows)))
        with pytest.raises(LibraryError) as caught:
            migrations.open_library(first_version, create=False)
    assert caught.value.code is ErrorCode.DISK_FULL, caught.value
    assert rows(first_version, "SELECT * FROM meta") == before
    migrations.open_library(first_version, create=False)


def test_two_classes_with_one_long_name(first_version: Path) -> None:
    """The number must not make a name that nobody could type: the library could never be opened again."""
    name = "crane, of the kind that " + "x" * 176
    conn = database.connect(first_version)
    conn.execute("UPDATE classes SET name = ?1, name_folded = ?1 WHERE id = 2", (name,))
    conn.close()
    migrations.open_library(first_version, create=False)
    names = rows(first_version, "SELECT c.name, m.label FROM model_classes m JOIN classes c ON c.id = m.class_id ORDER BY number")
    assert names == [("ant", None), (f"{name[:196]} (1)", name), (f"{name[:194]} (300)", name)]


def test_a_number_does_not_lead_into_another_class_of_the_model(first_version: Path) -> None:
    conn = database.connect(first_version)
    conn.execute("UPDATE classes SET name = 'crane (1)', name_folded = 'crane (1)' WHERE id = 1")
    conn.close()
    migrations.open_library(first_version, create=False)
    names = rows(first_version, "SELECT c.name FROM model_classes m JOIN classes c ON c.id = m.class_id ORDER BY number")
    assert names == [("crane (1)",), ("crane (1) (1)",), ("crane (300)",)]


def test_who_it_belongs_to_is_read_once(small: SmallLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    real = database.version_of

    def version_of(conn: database.Connection, path: Path, *, may_be_new: bool) -> int:
        asked.append(path)
        return real(conn, path, may_be_new=may_be_new)

    monkeypatch.setattr(database, "version_of", version_of)
    migrations.open_library(small.path, create=False)
    migrations.open_for_reading(small.path).close()
    assert asked == [small.path] * 2


def test_a_step_to_come_is_written_down(small: SmallLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    small.add("/photos/a.jpg", "one")
    small.conn.close()
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, ("next", "CREATE TABLE third(a)")))
    migrations.open_library(small.path, create=False)
    assert rows(small.path, "PRAGMA user_version") == [(4,)] and rows(small.path, "SELECT * FROM third") == []
    assert len(rows(small.path, "SELECT key FROM meta WHERE key = 'migration 4: next'")) == 1
    (copy,) = backups(small.path)
    assert copy.name.startswith("small-v3-") and rows(copy, "SELECT name FROM contents") == [("a.jpg",)]
    monkeypatch.undo()
    for open_it in (lambda: migrations.open_library(small.path, create=False), lambda: LibraryView(small.path)):
        with pytest.raises(LibraryError) as caught:
            open_it()
        assert caught.value.code is ErrorCode.LIBRARY_TOO_NEW and "version 4" in caught.value.message


def test_no_migration_without_a_backup(first_version: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (first_version.parent / "backups").write_text("a file where the folder should be")
    with pytest.raises(LibraryError) as caught:
        migrations.open_library(first_version, create=False)
    assert caught.value.code is ErrorCode.PERMISSION_DENIED and "backups" in caught.value.message
    (first_version.parent / "backups").unlink()

    def full(*_arguments: object) -> None:
        raise apsw.FullError("database or disk is full")

    monkeypatch.setattr(upkeep.apsw, "Connection", full)
    with pytest.raises(LibraryError) as caught:
        migrations.open_library(first_version, create=False)
    assert caught.value.code is ErrorCode.DISK_FULL
    monkeypatch.undo()
    assert rows(first_version, "PRAGMA user_version") == [(1,)]


def test_five_backups_are_kept_and_those_of_other_libraries_all(first_version: Path) -> None:
    folder = first_version.parent / "backups"
    folder.mkdir()
    mine = [folder / f"old-v1-2025010{day}-120000-000000.lightdesk" for day in range(1, 8)]
    others = [
        folder / "old-v1-photos-v1-20250101-120000-000000.lightdesk",
        folder / "old-v1-20250101-120000-000000.txt",
        folder / "older-v1-20250101-120000-000000.lightdesk",
        folder / "old-vacation.lightdesk",
    ]
    for path in mine + others:
        path.touch()
    migrations.open_library(first_version, create=False)
    left = set(folder.iterdir())
    assert set(others) <= left
    assert set(mine) & left == set(mine[-4:])
    assert len(left) == len(others) + 5


def test_a_name_that_would_be_a_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "my [1] library*.lightdesk"
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        migrations.open_library(path, create=True)
    migrations.open_library(path, create=False)
    assert len(backups(path)) == 1


CHILD = """
import sys
from pathlib import Path
from engine.library import migrations
print("ready", flush=True)
sys.stdin.readline()
migrations.open_library(Path(sys.argv[1]), create=True)
"""


@pytest.mark.parametrize("known", [False, True], ids=["new", "old"])
def test_several_processes_migrate_at_once(first_version: Path, tmp_path: Path, known: bool) -> None:
    path = first_version if known else tmp_path / "new.lightdesk"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for child in children:
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"\n")
        child.stdin.flush()
    complaints = [child.communicate(timeout=60)[1].decode() for child in children]
    assert [child.returncode for child in children] == [0, 0, 0, 0], complaints
    assert len(upkeep.backups_of(path)) == known
    assert upkeep.check(path).ok
    assert len(rows(path, "SELECT key FROM meta WHERE key LIKE 'migration 2%'")) == 1
    assert len(rows(path, "SELECT key FROM meta WHERE key = 'library_id'")) == 1


def test_labels_of_the_file_stay_and_classes_are_apart(tmp_path: Path) -> None:
    """As ImageNet has it: two cranes, one of which the person means."""
    small = made(tmp_path / "a.lightdesk", ["ant", "crane", "Ant ", "crane", "x" * 300, "crane (1)"])
    names = small.rows("SELECT c.name FROM model_classes m JOIN classes c ON c.id = m.class_id ORDER BY m.number")
    assert len({name for (name,) in names}) == 6
    assert [name for (name,) in names][:4] == ["ant (0)", "crane (1) (1)", "Ant (2)", "crane (3)"]
    from tests.engine.library.small_library import scores

    a = small.add("/d/a.jpg", "a", answer=scores((1, 3, 2, 4), (0.5, 0.3, 0.1, 0.05)))
    b = small.add("/d/b.jpg", "b", answer=scores((3, 1, 0)))
    detail = queries.detail(small.conn, a, small.model_id)
    assert detail is not None
    assert [s.class_name for s in detail.predictions[0].top] == ["crane", "crane", "Ant ", "x" * 300]
    assert [c.n for c in queries.facets(small.conn, small.model_id).classes] == [1, 1]
    assert queries.ids(small.conn, Query(class_name="crane (3)"), small.model_id).tolist() == [b]
    assert models.find(small.conn, "small@1") == small.model_id and models.find(small.conn, "other@1") is None
    assert files.paths_of(small.conn, a) == ["/d/a.jpg"]
    small.conn.close()
