"""The selection against a naive model, and what it hands over to when contents go."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from desktop.ui.grid_selection import GridSelection

IDS = st.lists(st.integers(1, 30), unique=True, max_size=14)


def array(ids: list[int]) -> np.ndarray:
    return np.array(ids, np.int64)


class SelectionMachine(RuleBasedStateMachine):
    """Sets of ids and plain lists, done the slow way."""

    def __init__(self) -> None:
        super().__init__()
        self.real = GridSelection()
        self.ids: list[int] = []
        self.marked: set[int] = set()
        self.current: int | None = None
        self.anchor: int | None = None

    def place(self, data) -> int:
        return data.draw(st.integers(0, len(self.ids) - 1))

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def select_only(self, data) -> None:
        place = self.place(data)
        self.real.select_only(place)
        self.current = self.anchor = self.ids[place]
        self.marked = {self.current}

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), keep=st.booleans())
    def select_range(self, data, keep) -> None:
        place = self.place(data)
        self.real.select_range(place, keep=keep)
        if self.anchor is None:
            self.anchor = self.ids[0] if self.current is None else self.current
        low, high = sorted((self.ids.index(self.anchor), place))
        self.marked = (self.marked if keep else set()) | set(self.ids[low : high + 1])
        self.current = self.ids[place]

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def toggle(self, data) -> None:
        place = self.place(data)
        self.real.toggle(place)
        self.current = self.anchor = self.ids[place]
        self.marked ^= {self.current}

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def move_current(self, data) -> None:
        place = self.place(data)
        self.real.current = place
        self.current = self.ids[place]

    @rule()
    def select_all(self) -> None:
        self.real.select_all()
        self.marked = set(self.ids)

    @rule(marked=IDS, current=st.none() | st.integers(1, 30))
    def take_over(self, marked: list[int], current: int | None) -> None:
        self.real.take_over(array(marked), current)
        self.marked = set(marked) & set(self.ids)
        self.current = self.anchor = current if current in self.ids else None

    @rule()
    def clear(self) -> None:
        self.real.clear()
        self.marked = set()

    @rule(more=st.lists(st.integers(31, 60), unique=True, max_size=5))
    def append(self, more) -> None:
        self.change(self.ids + [i for i in more if i not in self.ids])

    @rule(ids=IDS)
    def change(self, ids) -> None:
        before = self.ids
        self.real.set_ids(array(ids))
        self.marked &= set(ids)
        if self.anchor not in ids:
            self.anchor = None
        if self.current is not None and self.current not in ids:
            place = before.index(self.current)
            near = [i for i in before[place + 1 :] if i in ids] + [i for i in reversed(before[:place]) if i in ids]
            self.current = (near or ids or [None])[0]
            if self.current is not None and not self.marked:
                self.marked = {self.current}
                self.anchor = self.current
        self.ids = ids

    @invariant()
    def is_the_same(self) -> None:
        real = self.real
        assert real.ids.tolist() == self.ids
        assert real.current_id == self.current
        assert (self.ids[real.anchor] if real.anchor >= 0 else None) == self.anchor
        marked = [i for i in self.ids if i in self.marked]
        assert real.marked().tolist() == marked
        assert [i for place, i in enumerate(self.ids) if real.is_selected(place)] == marked
        assert real.n_marked == len(marked)
        goes_to = marked or ([] if self.current is None else [self.current])
        assert real.selected() == goes_to and real.n == len(goes_to)
        assert all(real.place_of(i) == place for place, i in enumerate(self.ids)) and real.place_of(99) == -1


TestSelection = SelectionMachine.TestCase
TestSelection.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def selection_of(ids: list[int], current: int) -> GridSelection:
    selection = GridSelection()
    selection.set_ids(array(ids))
    selection.select_only(ids.index(current))
    return selection


def test_labelled_away_goes_on_to_the_next() -> None:
    selection = selection_of([1, 2, 3, 4], 2)
    selection.set_ids(array([1, 3, 4]))
    assert selection.current_id == 3 and selection.selected() == [3]


def test_the_last_one_goes_back_to_the_one_before_it() -> None:
    selection = selection_of([1, 2, 3, 4], 4)
    selection.set_ids(array([1, 2, 3]))
    assert selection.current_id == 3


def test_the_next_one_is_found_in_another_order() -> None:
    selection = selection_of([1, 2, 3, 4], 2)
    selection.set_ids(array([4, 3, 1]))
    assert selection.current_id == 3


def test_another_list_begins_at_its_first() -> None:
    selection = selection_of(list(range(1, 500)), 300)
    selection.set_ids(np.arange(1000, 2000))
    assert selection.current_id == 1000 and selection.selected() == [1000]


def test_a_command_does_not_lose_the_rest_of_the_selection() -> None:
    selection = selection_of([1, 2, 3, 4, 5], 2)
    selection.toggle(3)
    selection.set_ids(array([1, 2, 3, 5]))  # the current one, 4, is gone; 2 was selected too
    assert selection.current_id == 5 and selection.selected() == [2]


def test_nothing_left_and_back_again() -> None:
    selection = selection_of([1, 2], 1)
    selection.set_ids(array([]))
    assert selection.current_id is None and selection.selected() == [] and selection.n == 0
    selection.set_ids(array([1, 2]))
    assert selection.current_id is None and selection.n == 0


def test_a_hundred_thousand_with_all_selected_take_new_ids_quickly() -> None:
    selection = GridSelection()
    ids = np.arange(100_000, dtype=np.int64)
    selection.set_ids(ids)
    selection.select_all()
    shuffled = np.random.default_rng(1).permutation(ids)
    took_s = []
    for new in (np.arange(100_300, dtype=np.int64), shuffled, shuffled[50_000:]):
        started_s = time.perf_counter()
        selection.set_ids(new)
        took_s.append(time.perf_counter() - started_s)
    assert selection.n == 50_000
    assert max(took_s) < 1.0  # a few ms; whatever is quadratic takes minutes


def test_arrays_handed_in_and_out_are_not_shared() -> None:
    selection = selection_of([1, 2, 3], 2)
    kept = selection.marked()
    selection.select_only(0)
    assert kept.tolist() == [2]
