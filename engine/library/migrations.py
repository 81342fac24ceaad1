"""The schema, as named steps; all that are due and their record are one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

from engine.errors import ErrorCode, LibraryError
from engine.library import classes, contents, database, vectors
from engine.library.database import Connection, now
from engine.library.upkeep import backup_before_migration, backups_of

_FIRST = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE sources(
  id INTEGER PRIMARY KEY,
  path BLOB NOT NULL UNIQUE,          -- os.fsencode of the dropped folder; empty for files dropped alone
  title TEXT NOT NULL,
  removed INTEGER NOT NULL DEFAULT 0,
  added_at TEXT NOT NULL
) STRICT;

CREATE TABLE contents(
  id INTEGER PRIMARY KEY,
  sha256 BLOB NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  content_type TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  perceptual_hash INTEGER,
  added_at TEXT NOT NULL,
  -- kept in step with files, sources and commands by the same transaction:
  name TEXT NOT NULL,                 -- of the first file
  name_folded TEXT NOT NULL,
  mtime_ns INTEGER NOT NULL,
  hidden INTEGER NOT NULL DEFAULT 0,  -- hidden by a person
  visible INTEGER NOT NULL DEFAULT 1  -- not hidden, and a file of it lies in a source that is not removed
) STRICT;
CREATE INDEX contents_by_name ON contents(name_folded, id);
CREATE INDEX contents_by_time ON contents(mtime_ns, id);
CREATE INDEX contents_invisible ON contents(id) WHERE visible = 0;

CREATE TABLE files(
  id INTEGER PRIMARY KEY,
  path BLOB NOT NULL UNIQUE,
  source_id INTEGER NOT NULL REFERENCES sources(id),
  content_id INTEGER NOT NULL REFERENCES contents(id),
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  present INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX files_by_content ON files(content_id);
CREATE INDEX files_by_source ON files(source_id, content_id);

CREATE TABLE file_history(
  id INTEGER PRIMARY KEY,
  file_id INTEGER NOT NULL REFERENCES files(id),
  content_id INTEGER NOT NULL REFERENCES contents(id),
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  until TEXT NOT NULL
) STRICT;
CREATE INDEX file_history_by_content ON file_history(content_id);

CREATE TABLE classes(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, name_folded TEXT NOT NULL) STRICT;
CREATE INDEX classes_by_folded ON classes(name_folded);

CREATE TABLE models(id INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, dim INTEGER NOT NULL) STRICT;
CREATE TABLE model_classes(
  model_id INTEGER NOT NULL REFERENCES models(id),
  number INTEGER NOT NULL,            -- the class's place in the network's output
  class_id INTEGER NOT NULL REFERENCES classes(id),
  PRIMARY KEY(model_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE predictions(
  model_id INTEGER NOT NULL REFERENCES models(id),
  content_id INTEGER NOT NULL REFERENCES contents(id),
  class_id INTEGER NOT NULL REFERENCES classes(id),
  confidence REAL NOT NULL,
  margin REAL NOT NULL,
  entropy_nats REAL NOT NULL,
  top BLOB NOT NULL,                  -- int32 numbers, then float32 confidences, best first
  device TEXT NOT NULL,
  inference_ms REAL NOT NULL,
  predicted_at TEXT NOT NULL,
  PRIMARY KEY(model_id, content_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX predictions_by_class ON predictions(model_id, class_id, confidence, content_id);
CREATE INDEX predictions_by_confidence ON predictions(model_id, confidence, content_id);
CREATE INDEX predictions_by_margin ON predictions(model_id, margin, content_id);

CREATE TABLE labels(
  content_id INTEGER PRIMARY KEY REFERENCES contents(id),
  state TEXT CHECK(state IN ('accepted', 'rejected')),  -- null where there is only a note
  class_id INTEGER REFERENCES classes(id),
  set_by TEXT NOT NULL,
  by_person INTEGER NOT NULL,
  set_at TEXT NOT NULL,
  note TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX labels_by_class ON labels(class_id, content_id);

CREATE TABLE commands(
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  by TEXT NOT NULL,
  at TEXT NOT NULL,
  n_items INTEGER NOT NULL,
  payload BLOB NOT NULL,              -- zlib of JSON: what to do, and what was before
  undone INTEGER NOT NULL DEFAULT 0,
  undone_at TEXT,
  abandoned INTEGER NOT NULL DEFAULT 0 -- undone, then followed by a new command: no redo
) STRICT;
CREATE INDEX commands_undone ON commands(undone, abandoned, id);

CREATE TABLE jobs(
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  title TEXT NOT NULL,
  model_ref TEXT NOT NULL,
  options TEXT NOT NULL,
  scanning INTEGER NOT NULL DEFAULT 1,
  n_total INTEGER NOT NULL DEFAULT 0,
  n_done INTEGER NOT NULL DEFAULT 0,
  n_failed INTEGER NOT NULL DEFAULT 0,
  n_skipped INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  pause_code TEXT,
  pause_reason TEXT,
  lease_owner TEXT,
  lease_until REAL
) STRICT;

CREATE TABLE job_items(
  job_id INTEGER NOT NULL REFERENCES jobs(id),
  seq INTEGER NOT NULL,
  path BLOB NOT NULL,
  root BLOB NOT NULL,
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  state TEXT NOT NULL,
  n_crashes INTEGER NOT NULL DEFAULT 0,
  suspect INTEGER NOT NULL DEFAULT 0,  -- was in flight when a process died, and has not been cleared
  content_id INTEGER REFERENCES contents(id),
  problem_id INTEGER,
  PRIMARY KEY(job_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_items_open ON job_items(job_id, suspect, seq) WHERE state = 'pending';
CREATE INDEX job_items_in_flight ON job_items(job_id) WHERE state = 'in_flight';

CREATE TABLE problems(
  id INTEGER PRIMARY KEY,
  path BLOB NOT NULL UNIQUE,
  root BLOB NOT NULL,
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  way_out TEXT NOT NULL,
  n_tries INTEGER NOT NULL,
  first_at TEXT NOT NULL,
  last_at TEXT NOT NULL
) STRICT;
"""

_SECOND = """
ALTER TABLE model_classes ADD COLUMN label TEXT;  -- as the model's label file has it; null where the class has that name
ALTER TABLE jobs ADD COLUMN ended_at TEXT;
ALTER TABLE jobs ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;  -- its items were thrown away, or some of them
UPDATE jobs SET ended_at = created_at WHERE state IN ('done', 'cancelled', 'failed');
UPDATE contents SET visible = 0
WHERE visible = 1 AND NOT EXISTS (SELECT 1 FROM files f WHERE f.content_id = contents.id);
"""


def _second(conn: Connection) -> None:
    """Let contents follow their files, keep a job's end, and part classes to which a model gives one name."""
    conn.execute(_SECOND)
    # Where the name or time may be that of a file which is not the first any more.
    doubtful = conn.execute(
        """SELECT id FROM contents c WHERE EXISTS (SELECT 1 FROM file_history h WHERE h.content_id = c.id)
           OR (SELECT count(*) FROM files f WHERE f.content_id = c.id) > 1
           OR mtime_ns <> (SELECT mtime_ns FROM files f WHERE f.content_id = c.id ORDER BY id LIMIT 1)"""
    ).fetchall()
    contents.refresh(conn, [row[0] for row in doubtful])
    for model_id, class_id, name in conn.execute(
        """SELECT m.model_id, m.class_id, c.name FROM model_classes m JOIN classes c ON c.id = m.class_id
           GROUP BY m.model_id, m.class_id HAVING count(*) > 1"""
    ).fetchall():
        numbers = conn.execute(
            "SELECT number FROM model_classes WHERE model_id = ? AND class_id = ?", (model_id, class_id)
        ).fetchall()
        taken = {
            folded
            for (folded,) in conn.execute(
                """SELECT c.name_folded FROM model_classes m JOIN classes c ON c.id = m.class_id WHERE m.model_id = ?""",
                (model_id,),
            ).fetchall()
        }
        for (number,) in numbers:
            apart = classes.id_of(conn, classes.numbered(name, number, taken))
            conn.execute(
                "UPDATE model_classes SET class_id = ?, label = ? WHERE model_id = ? AND number = ?",
                (apart, name, model_id, number),
            )
            conn.execute(
                "UPDATE predictions SET class_id = ? WHERE model_id = ? AND class_id = ? AND substr(top, 1, 4) = ?",
                (apart, model_id, class_id, int(number).to_bytes(4, "little")),
            )


_THIRD = """
CREATE TABLE vector_rows(
  model_id INTEGER NOT NULL REFERENCES models(id),
  position INTEGER NOT NULL,          -- 0, 1, 2 ... in the order in which the vectors of the space came
  content_id INTEGER NOT NULL REFERENCES contents(id),
  chain INTEGER NOT NULL,             -- made of all contents up to this one (engine/library/vectors.py)
  PRIMARY KEY(model_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE neighbourhoods(
  model_id INTEGER NOT NULL REFERENCES models(id),
  content_id INTEGER NOT NULL REFERENCES contents(id),
  near BLOB NOT NULL,                 -- the nearest others, best first: int64 content and float32 cosine each
  uniqueness REAL NOT NULL,
  outlierness REAL NOT NULL,
  PRIMARY KEY(model_id, content_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX neighbourhoods_by_uniqueness ON neighbourhoods(model_id, uniqueness, content_id);
CREATE INDEX neighbourhoods_by_outlierness ON neighbourhoods(model_id, outlierness, content_id);

ALTER TABLE contents ADD COLUMN sharpness REAL;  -- null where it was not measured
CREATE TABLE duplicate_pairs(
  "first" INTEGER NOT NULL REFERENCES contents(id),
  "second" INTEGER NOT NULL REFERENCES contents(id),
  near INTEGER NOT NULL,              -- an edited copy; else another shot
  score REAL NOT NULL,
  cosine REAL,
  apart INTEGER NOT NULL,
  checked INTEGER NOT NULL,           -- their thumbnails were compared
  PRIMARY KEY("first", "second")
) STRICT, WITHOUT ROWID;
CREATE TABLE parted(                  -- by a person: no duplicates
  "first" INTEGER NOT NULL REFERENCES contents(id),
  "second" INTEGER NOT NULL REFERENCES contents(id),
  PRIMARY KEY("first", "second")
) STRICT, WITHOUT ROWID;
"""


def _third(conn: Connection) -> None:
    """Give the vectors of each space an order, so that who has read some of them knows which are new."""
    conn.execute(_THIRD)
    for (model_id,) in conn.execute("SELECT id FROM models WHERE dim > 0").fetchall():
        chain = 0
        rows = []
        for position, (content_id, sha256) in enumerate(
            conn.execute(
                f"""SELECT v.rowid, c.sha256 FROM vectors_{int(model_id)}_rowids v JOIN contents c ON c.id = v.rowid
                    ORDER BY v.chunk_id, v.chunk_offset"""
            ).fetchall()
        ):
            chain = vectors.linked(chain, sha256)
            rows.append((model_id, position, content_id, chain))
        conn.executemany("INSERT INTO vector_rows VALUES(?, ?, ?, ?)", rows)


Step = str | Callable[[Connection], None]
MIGRATIONS: tuple[tuple[str, Step], ...] = (
    ("first schema", _FIRST),
    ("classes apart, ends of jobs", _second),
    ("vectors in order", _third),
)

# How a library of an older version, that may only be read and so cannot be migrated, looks to today's queries: views that
# stand before its tables, on the connection of the one who reads.
# Without an order of its vectors a library is searched by sqlite-vec alone.
_NO_ORDER = """
CREATE TEMP VIEW vector_rows AS SELECT 0 AS model_id, 0 AS position, 0 AS content_id, 0 AS chain WHERE 0;
CREATE TEMP VIEW neighbourhoods AS
SELECT 0 AS model_id, 0 AS content_id, x'' AS near, 0.0 AS uniqueness, 0.0 AS outlierness WHERE 0;
CREATE TEMP VIEW contents AS SELECT *, NULL AS sharpness FROM main.contents;
CREATE TEMP VIEW duplicate_pairs AS
SELECT 0 AS "first", 0 AS "second", 0 AS near, 0.0 AS score, 0.0 AS cosine, 0 AS apart, 0 AS checked WHERE 0;
CREATE TEMP VIEW parted AS SELECT 0 AS "first", 0 AS "second" WHERE 0;
"""
_AS_TODAY = {
    1: "CREATE TEMP VIEW model_classes AS SELECT *, NULL AS label FROM main.model_classes;" + _NO_ORDER,
    2: _NO_ORDER,
}


def schema_version() -> int:
    """The version that this program writes."""
    return len(MIGRATIONS)


def open_library(path: Path, *, create: bool) -> bool:
    """Make the file ready for use: create, or migrate after a backup.

    Returns
    -------
    bool
        True when the library can only be read (no right to write).

    Raises
    ------
    LibraryError
        LIBRARY_FOREIGN, LIBRARY_TOO_NEW, LIBRARY_DAMAGED and what `database.connect` raises.
    """
    if create:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(
                ErrorCode.PERMISSION_DENIED,
                f"The folder {path.parent} cannot be made: {error.strerror}.",
                way_out="Choose another place for the library.",
            ) from error
    try:
        conn = database.connect(path, create=create)
    except LibraryError as error:
        if error.code is not ErrorCode.LIBRARY_READ_ONLY:
            raise
        open_for_reading(path).close()
        return True
    with database.translated(path):
        try:
            _refuse_newer(conn.version_found, path)
            if conn.version_found < schema_version():
                _migrate(conn, path)
        finally:
            conn.close()
    return False


def open_for_reading(path: Path) -> Connection:
    """Open a library as it is, to be read by one thread; close it.

    Raises
    ------
    LibraryError
        LIBRARY_FOREIGN, LIBRARY_TOO_NEW and what `database.connect` raises.
    """
    conn = database.connect(path, read_only=True)
    try:
        _refuse_newer(conn.version_found, path)
        if conn.version_found in _AS_TODAY:
            with database.translated(path):
                conn.execute(_AS_TODAY[conn.version_found])
    except BaseException:
        conn.close()
        raise
    return conn


def _refuse_newer(version: int, path: Path) -> None:
    if version > schema_version():
        # The newer program has made one, unless the library was new to it.
        before = f"go back to an automatic backup in {path.parent / 'backups'}, " if backups_of(path) else ""
        raise LibraryError(
            ErrorCode.LIBRARY_TOO_NEW,
            f"{path} was written by a newer Lightdesk (library version {version}; this program knows {schema_version()}).",
            way_out=f"Update Lightdesk, {before}or open another library.",
            path=str(path),
        )


def _migrate(conn: Connection, path: Path) -> None:
    conn.execute("BEGIN IMMEDIATE")
    try:
        # Read again under the lock: another process may have been quicker.
        version = database.version_of(conn, path, may_be_new=True)
        _refuse_newer(version, path)
        if 0 < version < schema_version():
            backup_before_migration(path, version)
        for number, (name, step) in enumerate(MIGRATIONS[version:], version + 1):
            if isinstance(step, str):
                conn.execute(step)
            else:
                step(conn)
            conn.execute("INSERT INTO meta VALUES(?, ?)", (f"migration {number}: {name}", now()))
        if version == 0:
            conn.execute("INSERT INTO meta VALUES('library_id', ?)", (uuid.uuid4().hex,))
        conn.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
        conn.execute(f"PRAGMA user_version = {schema_version()}")
        conn.execute("COMMIT")
    except BaseException:
        # On a full disk SQLite has often done so by itself: a second one would hide the reason.
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise
