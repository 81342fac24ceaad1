"""When the groups are read, and which answers are shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject

from desktop.ui.duplicates_finder import DuplicatesFinder
from desktop.ui.duplicates_model import ListedGroup
from engine.errors import ErrorCode, LibraryError
from engine.schemas.duplicates import DuplicatesState, KeepRules
from tests.desktop.ui.duplicates_hands import READY, DuplicatesEngine, DuplicatesLibrary, group
from tests.desktop.ui.held_ports import HeldReads

BUSY = LibraryError(ErrorCode.LIBRARY_BUSY, "Another program holds the library.", way_out="Wait.")


class Found:
    """A finder and what it tells."""

    def __init__(self, parent: QObject) -> None:
        self.library, self.reads = DuplicatesLibrary(), HeldReads()
        self.reads.view = self.library  # type: ignore[assignment]
        self.reads.at_once = True
        self.engine = DuplicatesEngine(self.library)
        self.finder = DuplicatesFinder(self.engine, self.reads, parent)  # type: ignore[arg-type]
        self.lists: list[list[ListedGroup]] = []
        self.states: list[DuplicatesState] = []
        self.errors: list[object] = []
        self.finder.groupsCame.connect(self.lists.append)
        self.finder.stateCame.connect(self.states.append)
        self.finder.failed.connect(self.errors.append)

    def ids(self) -> list[tuple[int, ...]]:
        return [one.found.group.members for one in self.lists[-1]]

    def n_read(self) -> int:
        return len(self.engine.named("duplicates"))


@pytest.fixture
def found(qapp) -> Iterator[Found]:
    parent = QObject()
    yield Found(parent)
    parent.deleteLater()


def test_where_nobody_looked_nothing_is_read_and_nothing_begun(found: Found) -> None:
    found.finder.open("m@1", read_only=False)
    found.finder.moved()
    assert found.engine.calls == [] and found.lists == []


def test_where_it_was_begun_it_goes_on_and_what_is_known_is_read(found: Found) -> None:
    found.library.n_looked, found.library.listed = 5, [group(1, 2)]
    found.finder.open("m@1", read_only=False)
    assert found.engine.named("find_duplicates") == [()] and found.ids() == [(1, 2)]


def test_of_a_library_that_can_only_be_read_what_is_known_is_read(found: Found) -> None:
    found.library.n_looked, found.library.listed = 5, [group(1, 2)]
    found.finder.open("m@1", read_only=True)
    assert found.engine.named("find_duplicates") == [] and found.ids() == [(1, 2)]


def test_the_answer_to_the_beginning_does_not_say_that_nothing_is_done(found: Found) -> None:
    found.finder.open("m@1", read_only=False)
    found.finder.begin()
    assert found.finder.state.phase == "building", "its thread has not come to say so"
    found.engine.state = READY
    found.finder.begin()
    assert found.finder.state == READY and found.n_read() == 1


def test_new_groups_are_read_when_the_search_says_so(found: Found, qtbot) -> None:
    found.finder.open("m@1", read_only=False)
    found.finder.show_state(DuplicatesState("building", 0.5))
    assert found.lists == []
    found.library.listed = [group(1, 2)]
    found.finder.show_state(READY)
    assert found.ids() == [(1, 2)]
    found.library.listed = [group(1, 2), group(3, 4)]
    found.finder.show_state(DuplicatesState("building", 0.1))
    found.finder.show_state(READY)
    qtbot.waitUntil(lambda: found.ids() == [(1, 2), (3, 4)], timeout=10_000)


def test_a_word_of_the_search_after_the_library_was_left_is_dropped(found: Found) -> None:
    found.finder.open("m@1", read_only=False)
    found.finder.close()
    found.finder.show_state(READY)
    assert found.finder.state.phase == "absent" and found.n_read() == 0


def test_an_answer_for_a_library_that_was_left_is_dropped(found: Found) -> None:
    found.library.n_looked, found.library.listed = 5, [group(1, 2)]
    found.engine.held = True
    found.finder.open("m@1", read_only=False)
    found.finder.close()
    found.engine.answer_all()
    assert found.lists == [] and found.finder.state.phase == "absent"


def test_other_kinds_and_rules_are_asked_for_at_once_and_only_when_they_differ(found: Found) -> None:
    found.library.n_looked = 5
    found.finder.open("m@1", read_only=True)
    rules = KeepRules(("size",))
    found.finder.choose(("near",), rules)
    found.finder.choose(("near",), rules)
    assert found.engine.named("duplicates")[1:] == [(None, ("near",), rules)]


def test_while_nobody_looks_at_it_the_list_can_wait(found: Found) -> None:
    found.library.n_looked = 5
    found.finder.open("m@1", read_only=True)
    for _ in range(50):
        found.finder.moved()
    assert found.n_read() == 1


def test_a_step_whose_list_was_read_meanwhile_is_read_again(found: Found, qtbot) -> None:
    found.library.n_looked, found.library.listed = 5, [group(1, 2), group(3, 4)]
    found.finder.is_seen = True
    found.finder.open("m@1", read_only=True)
    n_lists = len(found.lists)
    found.engine.held = True
    found.finder.step("part_duplicates", [1, 2], done=lambda _c: None, failed=lambda: None)
    found.finder._refresher.at_once()
    found.engine._waiting.pop()()  # the list comes before the step is done
    assert len(found.lists) == n_lists
    found.engine.held = False
    found.engine.answer_all()
    qtbot.waitUntil(lambda: len(found.lists) > n_lists and found.ids() == [(3, 4)], timeout=10_000)


def test_a_list_that_cannot_be_read_is_said_once_and_tried_again(found: Found, qtbot) -> None:
    found.library.n_looked, found.library.listed = 5, [group(1, 2)]
    found.engine.errors["duplicates"] = BUSY
    found.finder.open("m@1", read_only=True)
    qtbot.waitUntil(lambda: found.n_read() > 2, timeout=20_000)
    assert found.errors == [BUSY]
    del found.engine.errors["duplicates"]
    qtbot.waitUntil(lambda: bool(found.lists), timeout=20_000)
    assert found.ids() == [(1, 2)]
