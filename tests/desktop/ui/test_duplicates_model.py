"""Groups, where the person is in them, and what stays the same while they come and go."""

from __future__ import annotations

from desktop.ui.duplicates_model import DuplicatesModel, listed
from tests.desktop.ui.duplicates_hands import DuplicatesLibrary, exact, group, many


def at(*groups) -> DuplicatesModel:
    model = DuplicatesModel()
    model.replace(list(groups))
    return model


def ids(model: DuplicatesModel) -> list[tuple[int, ...]]:
    return [one.found.group.members for one in model.groups]


def test_it_begins_with_the_first_tile_of_the_first_group() -> None:
    model = at()
    assert model.current is None and model.current_member is None and model.group == -1
    model.replace([group(3, 4), group(7, 9)])
    assert model.current is not None and model.current_member is not None and model.current_member.content_id == 3


def test_the_proposed_one_is_the_first_tile() -> None:
    model = at(group(1, 2, 3, keep=3))
    assert [m.content_id for m in model.groups[0].members] == [3, 1, 2]
    assert model.groups[0].proposed is model.groups[0].members[0]


def test_groups_that_come_before_do_not_move_the_person() -> None:
    model = at(group(10, 11), group(20, 21, 22))
    model.go(1, 2)
    model.replace([group(1, 2), group(10, 11), group(15, 16), group(20, 21, 22)])
    assert (model.group, model.member) == (3, 2)


def test_a_group_that_has_grown_is_still_the_current_one() -> None:
    model = at(group(10, 11), group(20, 21, 22))
    model.go(1, 2)
    model.replace([group(1, 2), group(20, 21, 22, 40), group(50, 51)])
    assert model.group == 1 and model.current_member is not None and model.current_member.content_id == 22


def test_where_the_current_group_is_gone_the_next_one_is_current() -> None:
    model = at(group(10, 11), group(20, 21), group(30, 31))
    model.go(1, 1)
    model.replace([group(10, 11), group(30, 31)])
    assert model.group == 1 and model.current is not None and model.current.found.group.members == (30, 31)
    model.replace([])
    assert model.group == -1 and model.current is None
    model.replace([group(10, 11)])
    assert model.group == 0


def test_of_a_group_that_lost_its_current_member_the_next_one_is_current() -> None:
    model = at(group(1, 2, 3, 4))
    model.go(0, 2)
    model.replace([group(1, 2, 4)])
    assert model.current_member is not None and model.current_member.content_id == 4


def test_what_is_dealt_with_goes_at_once_and_the_next_is_current() -> None:
    model = at(group(1, 2), group(3, 4), group(5, 6))
    model.go(1, 1)
    model.take_off([model.groups[1].key])
    assert ids(model) == [(1, 2), (5, 6)] and (model.group, model.member) == (1, 0)
    model.take_off([model.groups[1].key])
    assert model.group == 0, "the last one was taken off"
    model.take_off([model.groups[0].key])
    assert model.groups == [] and model.group == -1


def test_what_goes_elsewhere_leaves_the_person_where_they_are() -> None:
    model = at(group(1, 2), group(3, 4, 5), group(6, 7))
    model.go(1, 2)
    model.take_off([model.groups[0].key, model.groups[2].key])
    assert ids(model) == [(3, 4, 5)] and (model.group, model.member) == (0, 2)


def test_an_undo_brings_the_person_to_what_came_back() -> None:
    groups = [group(1, 2), group(3, 4), group(5, 6)]
    model = at(*groups)
    model.take_off([groups[0].key])
    model.go(1, 0)
    assert not model.replace(groups[1:]), "nothing came back yet"
    assert model.replace(groups) and model.group == 0
    model.go(2, 0)
    assert not model.replace(groups) and model.group == 2, "it is gone to once"


def test_an_undo_of_many_leaves_the_person_where_they_are() -> None:
    groups = [group(1, 2), group(3, 4), group(5, 6)]
    model = at(*groups)
    model.take_off([groups[0].key, groups[1].key])
    assert not model.replace(groups) and model.group == 2


def test_a_chosen_label_lasts_while_the_group_and_the_label_do() -> None:
    conflict = group(1, 2, labels=("Swan", "Banjo"))
    model = at(conflict)
    assert model.label_of(conflict) is None and conflict.labels == ["Swan", "Banjo"]
    model.choose_label(conflict, "Banjo")
    model.replace([conflict])
    assert model.label_of(conflict) == "Banjo"
    model.replace([group(1, 2, labels=("Swan", "Tench"))])
    assert model.label_of(model.groups[0]) is None
    model.choose_label(model.groups[0], "Tench")
    model.choose_label(model.groups[0], None)
    assert model.label_of(model.groups[0]) is None


def test_moves_stop_at_the_ends() -> None:
    model = at(*many(3))
    model.go(99, 99)
    assert (model.group, model.member) == (2, 1)
    model.go(-5, -5)
    assert (model.group, model.member) == (0, 0)


def test_what_is_read_of_a_library() -> None:
    library = DuplicatesLibrary()
    library.listed = [exact(9, 3), group(1, 2, labels=(None, "Swan"), keep=2)]
    near, same = listed([one.found for one in library.listed], library)  # type: ignore[arg-type]
    assert near.kind == "near" and [m.content_id for m in near.members] == [2, 1], "what is to be chosen comes first"
    assert near.members[0].label == "Swan" and near.members[0].is_proposed and near.members[0].n_files == 1
    assert [m.path for m in same.members] == ["/photos/0/a.jpg", "/photos/1/a.jpg", "/photos/2/a.jpg"]
    assert not any(m.is_proposed for m in same.members) and same.proposed is None
    assert near.members[0].name == "IMG_00002.jpg" and near.members[0].folder == "/photos"


def test_a_picture_without_files_or_facts_is_still_listed() -> None:
    one = group(1, 2)
    (shown,) = listed([one.found], DuplicatesLibrary())  # type: ignore[arg-type]
    assert [m.name for m in shown.members] == ["#1", "#2"] and shown.members[0].size_bytes == 0
