"""Back and forward: held against a plain list, whatever is done."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desktop.ui.trail import Trail


def test_a_new_way_forgets_what_lay_ahead() -> None:
    trail = Trail("a")
    for stop in "bcd":
        trail.go(stop)
    assert trail.back() and trail.back() and trail.now == "b" and trail.can_forward
    trail.go("e")
    assert trail.stops == ("a", "b", "e") and not trail.can_forward and not trail.forward()
    assert trail.back() and trail.back() and not trail.back() and trail.now == "a"
    assert trail.forward() and trail.now == "b"


def test_the_start_stays_however_long_the_way() -> None:
    trail = Trail(0)
    for stop in range(1, 500):
        trail.go(stop)
    assert trail.now == 499 and trail.stops[0] == 0 and len(trail.stops) == 60
    while trail.back():
        pass
    assert trail.now == 0


def test_a_stop_that_is_dropped_hands_over_to_the_one_before() -> None:
    trail = Trail("a")
    for stop in "bcdb":
        trail.go(stop)
    trail.back()  # at d
    trail.drop(lambda stop: stop in "db")
    assert trail.stops == ("a", "c") and trail.now == "c"
    trail.drop(lambda stop: True)
    assert trail.stops == ("a",) and trail.now == "a"


@given(st.lists(st.one_of(st.just("back"), st.just("forward"), st.integers(0, 5)), max_size=60))
def test_it_goes_where_a_browser_would(steps: list[str | int]) -> None:
    trail: Trail[int] = Trail(-1)
    stops, at = [-1], 0
    for step in steps:
        if step == "back":
            assert trail.back() == (at > 0)
            at = max(0, at - 1)
        elif step == "forward":
            assert trail.forward() == (at < len(stops) - 1)
            at = min(len(stops) - 1, at + 1)
        else:
            trail.go(int(step))
            stops = [*stops[: at + 1], int(step)]
            stops = stops if len(stops) <= 60 else [stops[0], *stops[-59:]]
            at = len(stops) - 1
        assert trail.now == stops[at] and trail.stops == tuple(stops) and trail.behind == tuple(stops[: at + 1])
        assert (trail.can_back, trail.can_forward) == (at > 0, at < len(stops) - 1)
