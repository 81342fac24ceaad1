"""Any sequence of steps, undone, leaves the library as it was; redone, as it became; also after a restart."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import ErrorCode, UsageError
from engine.library import classes, commands, database, upkeep
from engine.schemas.library import Command
from tests.engine.library.small_library import LABELS, SmallLibrary, made, scores

N = 5
TOP = (2, 0, 1)  # of each content but the last, which has no answer
ids = st.lists(st.integers(1, N), min_size=1, unique=True)
step = st.one_of(
    st.tuples(st.just("label"), ids, st.sampled_from(["cat", "CAT", "Dog", "my own", "  my   own "])),
    st.tuples(st.just("accept"), ids, st.integers(1, 4)),
    st.tuples(st.sampled_from(["reject", "clear", "hide"]), ids),
    st.tuples(st.just("note"), ids, st.sampled_from(["look again", ""])),
    st.tuples(st.sampled_from(["remove_source", "bring_back"]), st.integers(1, 3)),
    st.sampled_from([("undo",), ("undo",), ("redo",), ("redo",)]),
)


@dataclass
class Model:
    """What the library should say: labels as (state, class, note), and what is taken out of view."""

    labels: dict[int, tuple[str | None, str | None, str]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)

    def apply(self, kind: str, *arguments: object) -> bool:
        """Do a step; False where it is refused."""
        if kind == "remove_source":
            (source,) = arguments
            if source in self.removed or source == 3:
                return False
            self.removed.add(int(str(source)))
            return True
        if kind == "bring_back":
            if arguments[0] not in self.removed:
                return False
            self.removed.discard(int(str(arguments[0])))
            return True
        content_ids = list(arguments[0])  # type: ignore[call-overload]
        if kind == "accept":
            k = int(str(arguments[1]))
            content_ids = [i for i in content_ids if i != N and k <= len(TOP)]
            if not content_ids:
                return False
        for i in content_ids:
            note = self.labels[i][2] if i in self.labels else ""
            if kind == "label":
                name = " ".join(str(arguments[1]).split())
                self.labels[i] = ("accepted", next((c for c in LABELS if c.casefold() == name.casefold()), name), note)
            elif kind == "accept":
                self.labels[i] = ("accepted", LABELS[TOP[int(str(arguments[1])) - 1]], note)
            elif kind == "reject":
                self.labels[i] = ("rejected", None, note)
            elif kind == "clear":
                if note:
                    self.labels[i] = (None, None, note)
                else:
                    self.labels.pop(i, None)
            elif kind == "note":
                state, class_name, _ = self.labels.get(i, (None, None, ""))
                self.labels[i] = (state, class_name, str(arguments[1]))
            else:
                self.hidden.add(i)
        return True

    def shown(self) -> list[int]:
        return [i for i in range(1, N + 1) if i not in self.hidden and source_of(i) not in self.removed]


def source_of(content_id: int) -> int:
    return 1 if content_id <= 3 else 2


def filled(small: SmallLibrary) -> None:
    for i in range(1, N + 1):
        small.add(f"/source {source_of(i)}/{i}.jpg", f"text {i}", answer=scores(TOP))
    small.conn.execute("DELETE FROM predictions WHERE content_id = ?", (N,))


def run(conn: database.Connection, model_id: int, kind: str, *arguments: object) -> Command | None:
    """Do a step by name; None where it is refused."""
    try:
        if kind == "remove_source":
            return commands.remove_source(conn, arguments[0], "me")  # type: ignore[arg-type]
        if kind == "bring_back":
            return commands.bring_back(conn, [f"/source {arguments[0]}"], "me")
        if kind == "accept":
            return commands.accept(conn, arguments[0], model_id, arguments[1], "me")  # type: ignore[arg-type]
        return getattr(commands, kind)(conn, *arguments, "me")
    except UsageError:
        return None


def agrees(small: SmallLibrary, model: Model) -> None:
    labels = small.rows(
        """SELECT l.content_id, l.state, c.name, l.note, l.set_by, l.by_person FROM labels l
           LEFT JOIN classes c ON c.id = l.class_id ORDER BY 1"""
    )
    assert labels == [(i, *row, "me", 1) for i, row in sorted(model.labels.items())]
    assert [i for (i,) in small.rows("SELECT id FROM contents WHERE hidden = 1 ORDER BY 1")] == sorted(model.hidden)
    assert [i for (i,) in small.rows("SELECT id FROM contents WHERE visible = 1 ORDER BY 1")] == model.shown()
    assert upkeep.broken_promises(small.conn) == []


def go_through(small: SmallLibrary, steps: Sequence[tuple], *, reopen: bool) -> None:
    """Do all steps in library and model, then undo everything, then redo everything."""
    model = Model()
    done: list[tuple[Model, Model]] = []
    undone: list[tuple[Model, Model]] = []
    for kind, *arguments in [*steps, *[("undo",)] * (len(steps) + 1), *[("redo",)] * (len(steps) + 1)]:
        if reopen:
            small.conn.close()
            small.conn = database.connect(small.path)
        if kind == "undo":
            turned = commands.undo(small.conn)
            assert (turned is not None) == bool(done)
            if done:
                undone.append(done.pop())
                model = copy.deepcopy(undone[-1][0])
        elif kind == "redo":
            turned = commands.redo(small.conn)
            assert (turned is not None) == bool(undone)
            if undone:
                done.append(undone.pop())
                model = copy.deepcopy(done[-1][1])
        else:
            before = copy.deepcopy(model)
            command = run(small.conn, small.model_id, kind, *arguments)
            assert (command is not None) == model.apply(kind, *arguments)
            if command is not None:
                assert (command.kind, command.by, command.undone) == (kind, "me", False)
                done.append((before, copy.deepcopy(model)))
                undone.clear()
        agrees(small, model)
        can_undo, can_redo = commands.can_undo(small.conn), commands.can_redo(small.conn)
        assert (can_undo is not None, can_redo is not None) == (bool(done), bool(undone))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(step, max_size=12))
def test_steps_and_their_way_back(small: SmallLibrary, steps: list[tuple]) -> None:
    with small.tried():
        filled(small)
        go_through(small, steps, reopen=False)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(step, min_size=2, max_size=6))
def test_the_way_back_outlives_the_program(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple]) -> None:
    small = made(tmp_path_factory.mktemp("reopened") / "a.lightdesk")
    filled(small)
    try:
        go_through(small, steps, reopen=True)
    finally:
        small.conn.close()
    assert upkeep.check(small.path).ok


@pytest.fixture
def full(small: SmallLibrary) -> SmallLibrary:
    filled(small)
    return small


def test_the_history(full: SmallLibrary) -> None:
    commands.label(full.conn, [1, 2], " my  own ", "ann")
    commands.accept(full.conn, [1], full.model_id, 2, "bob")
    commands.reject(full.conn, [3], "ann")
    commands.note(full.conn, [3], "why", "ann")
    commands.clear(full.conn, [1], "ann")
    commands.hide(full.conn, list(range(1, 4)), "ann")
    commands.remove_source(full.conn, 2, "ann")
    commands.undo(full.conn)
    listed = commands.listed(full.conn, 100)
    assert [(command.title, command.by, command.n_items, command.undone) for command in reversed(listed)] == [
        ("label 2 items as my own", "ann", 2, False),
        ("accept prediction 2 for 1 item", "bob", 1, False),
        ("reject 1 item", "ann", 1, False),
        ("note on 1 item", "ann", 1, False),
        ("clear the label of 1 item", "ann", 1, False),
        ("remove 3 items from the library", "ann", 3, False),
        ("remove the source source 2", "ann", 2, True),
    ]
    assert [command.kind for command in commands.listed(full.conn, 2)] == ["remove_source", "hide"]
    can_undo, can_redo = commands.can_undo(full.conn), commands.can_redo(full.conn)
    assert can_undo is not None and can_undo.kind == "hide"
    assert can_redo is not None and can_redo.kind == "remove_source"


def test_undo_tells_what_it_touched(full: SmallLibrary) -> None:
    commands.label(full.conn, [3, 1], "cat", "me")
    commands.hide(full.conn, [2], "me")
    commands.remove_source(full.conn, 2, "me")
    for kind, touched in (("remove_source", [4, 5]), ("hide", [2]), ("label", [3, 1])):
        turned = commands.undo(full.conn)
        assert turned is not None and turned[0].kind == kind and sorted(turned[1]) == sorted(touched)
    for kind in ("label", "hide", "remove_source"):
        turned = commands.redo(full.conn)
        assert turned is not None and turned[0].kind == kind


def test_a_new_step_ends_the_way_forward(full: SmallLibrary) -> None:
    commands.label(full.conn, [1], "cat", "me")
    commands.undo(full.conn)
    commands.label(full.conn, [2], "Dog", "me")
    assert commands.redo(full.conn) is None
    commands.undo(full.conn)
    redone = commands.redo(full.conn)
    assert redone is not None and redone[0].title == "label 1 item as Dog"
    assert full.rows("SELECT content_id FROM labels") == [(2,)]


def test_undo_reaches_over_processes(full: SmallLibrary) -> None:
    other = database.connect(full.path)
    commands.label(other, [1], "cat", "them")
    other.close()
    turned = commands.undo(full.conn)
    assert turned is not None and turned[0].by == "them"
    assert full.rows("SELECT * FROM labels") == []


def test_what_was_typed_by_another_comes_back_whole(full: SmallLibrary) -> None:
    commands.label(full.conn, [1], "cat", "ann")
    commands.note(full.conn, [1], "  sure?  ", "ann")
    before = full.rows("SELECT * FROM labels")
    commands.accept(full.conn, [1, 2], full.model_id, 1, "bob")
    assert full.rows("SELECT set_by, note FROM labels ORDER BY content_id") == [("bob", "sure?"), ("bob", "")]
    commands.undo(full.conn)
    assert full.rows("SELECT * FROM labels") == before
    commands.clear(full.conn, [1], "bob")
    assert full.rows("SELECT state, class_id, note FROM labels") == [(None, None, "sure?")]
    commands.label(full.conn, [1], "Dog", "bob")
    assert full.rows("SELECT note FROM labels") == [("sure?",)], "a cleared label takes no note with it"


def test_steps_that_are_refused_write_nothing(full: SmallLibrary) -> None:
    before = full.conn.total_changes()
    for work in (
        lambda: commands.label(full.conn, [1], "   ", "me"),
        lambda: commands.label(full.conn, [1], "x" * (classes.MAX_NAME_CHARS + 1), "me"),
        lambda: commands.label(full.conn, [1], "a\x00b", "me"),
        lambda: commands.accept(full.conn, [N], full.model_id, 1, "me"),
        lambda: commands.accept(full.conn, [1], full.model_id, 4, "me"),
        lambda: commands.accept(full.conn, [1], full.model_id + 1, 1, "me"),
        lambda: commands.remove_source(full.conn, 99, "me"),
    ):
        with pytest.raises(UsageError) as caught:
            work()
        assert caught.value.code is ErrorCode.INVALID_ARGUMENT and caught.value.way_out
    assert full.conn.total_changes() == before
    assert commands.undo(full.conn) is None and commands.redo(full.conn) is None


def test_a_step_over_very_many_is_small_in_the_log(full: SmallLibrary, tmp_path: Path) -> None:
    n = 6_000
    full.conn.execute(
        """WITH RECURSIVE n(i) AS (SELECT 6 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
           INSERT INTO contents SELECT i, CAST(i AS BLOB), 'image', 'image/png', 1, 1, 1, NULL, 'now', 'n', 'n', 1, 0, 1, NULL FROM n""",
        (n,),
    )
    chosen = list(range(n, 0, -1))
    with full.conn:
        commands.label(full.conn, chosen, "cat", "me")
        commands.label(full.conn, chosen[: n // 2], "Dog", "me")
    ((size,),) = full.rows("SELECT max(length(payload)) FROM commands")
    assert int(str(size)) < 2 * n
    commands.undo(full.conn)
    assert full.rows("SELECT class_id, count(*) FROM labels GROUP BY 1") == [(3, n)]
    turned = commands.undo(full.conn)
    assert turned is not None and turned[1] == chosen
    assert full.rows("SELECT count(*) FROM labels") == [(0,)]


def test_a_selection_with_twins_in_it(full: SmallLibrary) -> None:
    commands.label(full.conn, [1, 1], "cat", "me")
    commands.hide(full.conn, [2, 2], "me")
    commands.undo(full.conn)
    commands.undo(full.conn)
    assert full.rows("SELECT * FROM labels") == [] and full.rows("SELECT id FROM contents WHERE hidden = 1") == []


def test_files_that_came_in_after_a_removal_follow_its_way_back(full: SmallLibrary) -> None:
    commands.remove_source(full.conn, 2, "me")
    late = full.add("/source 2/late.jpg", "late")
    assert full.shown()[late] == ("late.jpg", False)
    commands.undo(full.conn)
    assert full.shown()[late] == ("late.jpg", True)
    commands.redo(full.conn)
    assert full.shown()[late] == ("late.jpg", False)


def test_sources_of_one_drop_come_back_in_one_step(full: SmallLibrary) -> None:
    for source_id in (1, 2):
        commands.remove_source(full.conn, source_id, "me")
    command = commands.bring_back(full.conn, ["/source 2", "/source 1", "/never dropped"], "ann")
    assert command is not None and (command.title, command.by, command.n_items) == ("show 2 sources again", "ann", N)
    assert commands.bring_back(full.conn, ["/source 2"], "ann") is None
    turned = commands.undo(full.conn)
    assert turned is not None and sorted(turned[1]) == [1, 2, 3, 4, 5]
    assert not any(shown for _, shown in full.shown().values())
    commands.undo(full.conn)
    assert [i for i, (_, shown) in full.shown().items() if shown] == [4, 5], "as before the removal of the second"
