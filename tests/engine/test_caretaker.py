"""The thread that looks, rests and looks again."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.caretaker import Caretaker
from engine.errors import ErrorCode, LibraryError, LightdeskError
from tests.waiting import until


class Looked:
    """What a caretaker did, and what its next looks raise."""

    def __init__(self, rest_s: float = 60, retry_s: float = 60, look: Callable[[], None] | None = None) -> None:
        self.raises: list[Exception] = []
        self.done: list[str] = []
        self.reasons: list[LightdeskError] = []
        self.caretaker = Caretaker(
            "care",
            "The garden",
            look or self._look,
            self.reasons.append,
            rest_s=rest_s,
            retry_s=retry_s,
            begin=lambda: self.done.append(f"begin on {threading.current_thread().name}"),
            end=lambda: self.done.append("end"),
        )

    def _look(self) -> None:
        self.done.append("look")
        if self.raises:
            raise self.raises.pop(0)


def test_it_looks_when_woken_and_ends_once() -> None:
    looked = Looked()
    looked.caretaker.start()
    looked.caretaker.start()
    until(lambda: looked.done == ["begin on care", "look"])
    looked.caretaker.wake()
    until(lambda: looked.done.count("look") == 2)
    looked.caretaker.close(10)
    assert looked.done[-1] == "end" and looked.caretaker.is_closing()
    looked.caretaker.start()
    assert looked.done.count("begin on care") == 1


def test_it_looks_again_after_a_rest_and_after_a_failure() -> None:
    looked = Looked(rest_s=0.001, retry_s=0.001)
    looked.raises = [LibraryError(ErrorCode.LIBRARY_BUSY, "Somebody digs.", way_out="Wait."), ZeroDivisionError()]
    looked.caretaker.start()
    until(lambda: looked.done.count("look") > 5)
    looked.caretaker.close(10)
    assert [reason.code for reason in looked.reasons] == [ErrorCode.LIBRARY_BUSY, ErrorCode.INTERNAL]
    assert "The garden could not be made, on a bug of ours" in str(looked.reasons[1])


def test_a_bug_while_it_closes_is_none() -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def look() -> None:
        arrived.set()
        assert go_on.wait(30)
        raise ValueError("closed beneath it")

    looked = Looked(look=look)
    looked.caretaker.start()
    assert arrived.wait(30)
    closing = threading.Thread(target=looked.caretaker.close, args=(30,))
    closing.start()
    until(looked.caretaker.is_closing)
    go_on.set()
    closing.join(30)
    assert not looked.reasons and looked.done[-1] == "end"


def test_closed_before_it_began_it_never_does() -> None:
    looked = Looked()
    looked.caretaker.close(1)
    looked.caretaker.start()
    assert not looked.done
