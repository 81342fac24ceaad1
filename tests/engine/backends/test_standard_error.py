"""What native code prints is caught at the descriptor, and given back its place."""

from __future__ import annotations

import os
import threading

import pytest

from engine.backends import standard_error


def test_native_lines_are_caught_and_the_descriptor_is_restored(capfd: pytest.CaptureFixture[str]) -> None:
    with standard_error.captured() as lines:
        os.write(2, b"one\ntwo \xff\n")
        assert lines == []
    assert lines == ["one", "two \ufffd"]
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_an_error_inside_restores_it_too(capfd: pytest.CaptureFixture[str]) -> None:
    caught: list[list[str]] = []
    with pytest.raises(ValueError), standard_error.captured() as lines:
        caught.append(lines)
        os.write(2, b"said before\n")
        raise ValueError
    assert caught == [["said before"]]
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_a_flood_is_bounded_and_descriptors_are_given_back() -> None:
    before = os.open(os.devnull, os.O_RDONLY)
    os.close(before)
    for _ in range(20):
        with standard_error.captured() as lines:
            os.write(2, b"x" * 500_000)
        assert sum(map(len, lines)) == 100_000
    after = os.open(os.devnull, os.O_RDONLY)
    os.close(after)
    assert after == before


def test_threads_take_turns(capfd: pytest.CaptureFixture[str]) -> None:
    seen: dict[int, list[str]] = {}

    def capture(number: int) -> None:
        for _ in range(30):
            with standard_error.captured() as lines:
                os.write(2, b"%d\n" % number)
            seen.setdefault(number, []).extend(lines)

    threads = [threading.Thread(target=capture, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {i: [str(i)] * 30 for i in range(4)}
    assert capfd.readouterr().err == ""


def test_without_a_standard_error_nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_descriptor: int) -> int:
        raise OSError("Bad file descriptor")

    monkeypatch.setattr(os, "dup", closed)
    with standard_error.captured() as lines:
        pass
    assert lines == []
