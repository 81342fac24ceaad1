"""One wish list for two widgets: only who has its turn is heard."""

from __future__ import annotations

from desktop.ui.wish_turns import WishTurns
from tests.desktop.ui.held_ports import HeldThumbnails


def test_the_first_one_is_heard_until_another_has_its_turn() -> None:
    port = HeldThumbnails(instant=False)
    turns = WishTurns(port)
    one, other = turns.share(), turns.share()
    one.want([(1, "a")])
    other.want([(2, "b")])
    assert port.wishes == [(1, "a")]
    turns.give_to(other)
    assert port.wishes == [(2, "b")]
    one.want([(3, "c")])
    other.want([(4, "d")])
    assert port.wishes == [(4, "d")]
    turns.give_to(one)
    assert port.wishes == [(3, "c")]
    port.wishes = []
    turns.give_to(one)
    assert port.wishes == []


def test_pictures_come_to_both(qapp) -> None:
    port = HeldThumbnails(instant=False)
    turns = WishTurns(port)
    came: list[tuple[str, list[int]]] = []
    for name in ("one", "other"):
        turns.share().subscribe(lambda ids, name=name: came.append((name, ids)))
    port.give([7])
    assert came == [("one", [7]), ("other", [7])] and turns.share().peek(7) is not None and turns.share().peek(8) is None
