"""From groups to steps: which one stays, which go, with which label, and what is left out."""

from __future__ import annotations

from desktop.ui.resolving import done_by, plans, resolution
from engine.schemas.duplicates import Resolution
from tests.desktop.ui.duplicates_hands import exact, group, member


def nothing(_group: object) -> None:
    return None


def test_the_proposed_one_stays_and_the_others_go() -> None:
    (plan,) = plans([group(1, 2, 3, keep=2)], nothing)
    assert plan.resolution == Resolution(2, (1, 3), None) and not plan.left_out
    assert plan.hidden_bytes == 120_000


def test_files_of_one_picture_are_no_choice() -> None:
    assert plans([exact(9)], nothing) == []


def test_labels_at_odds_come_first_and_wait_for_a_choice() -> None:
    plain, conflict = group(1, 2), group(3, 4, labels=("Swan", "Banjo"))
    one, other = plans([plain, conflict], nothing)
    assert one.group is conflict and one.left_out == "labels" and other.left_out == ""
    assert [plan.group for plan in done_by([one, other])] == [plain]
    chosen, _ = plans([plain, conflict], lambda g: "Banjo" if g is conflict else None)
    assert chosen.left_out == "" and chosen.resolution == Resolution(3, (4,), "Banjo")


def test_a_label_that_the_kept_one_has_stays_theirs_who_gave_it() -> None:
    (plan,) = plans([group(3, 4, labels=("Swan", "Banjo"))], lambda _g: "Swan")
    assert plan.resolution == Resolution(3, (4,), None)
    assert resolution(member(1, label="Swan"), [member(2)], "Banjo") == Resolution(1, (2,), "Banjo")


def test_labels_that_agree_are_no_conflict() -> None:
    (plan,) = plans([group(1, 2, labels=(None, "Swan"))], nothing)
    assert plan.left_out == "" and plan.resolution == Resolution(1, (2,), None)


def test_a_picture_takes_part_in_one_group_only_copies_before_scenes() -> None:
    scene, copies, other = group(2, 5, 6, kind="similar", keep=5), group(1, 2), group(7, 8, kind="similar")
    made = plans([scene, copies, other], nothing)
    assert {plan.group.key: plan.left_out for plan in made} == {scene.key: "overlap", copies.key: "", other.key: ""}
    kept = [plan.resolution.keep for plan in done_by(made)]
    gone = [i for plan in done_by(made) for i in plan.resolution.hide]
    assert set(kept).isdisjoint(gone) and len(set(gone)) == len(gone), "the engine would refuse it all"


def test_a_group_that_waits_for_its_label_keeps_its_pictures_from_others() -> None:
    copies, scene = group(1, 2, labels=("Swan", "Banjo")), group(2, 5, kind="similar", keep=5)
    assert [plan.left_out for plan in plans([scene, copies], nothing)] == ["labels", "overlap"]
