"""Thumbnails in memory: the wish list, the bound in bytes, nothing of another library."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
import simplejpeg
from PySide6.QtGui import QColor, QImage

from desktop import thumbnails as module
from desktop.thumbnails import Thumbnails, decoded

IMAGE_BYTES = 4 * 64 * 48


def jpeg(color: tuple[int, int, int], width: int = 64, height: int = 48) -> bytes:
    return bytes(simplejpeg.encode_jpeg(np.full((height, width, 3), color, np.uint8), quality=95))


def color_of(image: QImage | None) -> tuple[int, int, int]:
    assert image is not None
    color = QColor(image.pixel(image.width() // 2, image.height() // 2))
    return color.red(), color.green(), color.blue()


def about(image: QImage | None, color: tuple[int, int, int]) -> bool:
    return max(abs(a - b) for a, b in zip(color_of(image), color, strict=True)) <= 4


class Store:
    """A library's thumbnails, with a gate."""

    def __init__(self, color: tuple[int, int, int] = (200, 30, 30)) -> None:
        self.data: dict[str, bytes | Exception | None] = {}
        self.color = color
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)

    def __call__(self, sha256: str) -> bytes | None:
        self.asked.append(sha256)
        self.entered.release()
        assert self.gate.wait(20)
        data = self.data.get(sha256, jpeg(self.color))
        if isinstance(data, Exception):
            raise data
        return data


@pytest.fixture
def thumbnails(qtbot) -> Iterator[Thumbnails]:
    thumbnails = Thumbnails(memory_bytes=10 * IMAGE_BYTES)
    yield thumbnails
    thumbnails.close()


def keys(*ids: int) -> list[tuple[int, str]]:
    return [(i, f"{i:064x}") for i in ids]


def test_decoded_is_what_qt_paints_without_converting_and_keeps_the_colours() -> None:
    image = decoded(jpeg((200, 30, 90), 33, 21))
    assert image.format() == QImage.Format.Format_RGB32
    assert (image.width(), image.height()) == (33, 21)
    assert about(image, (200, 30, 90))


def test_grey_pictures_are_decoded_too() -> None:
    data = simplejpeg.encode_jpeg(np.full((20, 30, 1), 120, np.uint8), colorspace="GRAY", colorsubsampling="Gray")
    assert about(decoded(bytes(data)), (120, 120, 120))


def test_wishes_come_true_on_the_gui_thread(qtbot, thumbnails: Thumbnails) -> None:
    came: list[int] = []
    threads: set[str] = set()

    def listen(ids: list[int]) -> None:
        came.extend(ids)
        threads.add(threading.current_thread().name)

    thumbnails.subscribe(listen)
    thumbnails.open(Store())
    assert thumbnails.peek(1) is None
    thumbnails.want(keys(1, 2, 3))
    qtbot.waitUntil(lambda: sorted(came) == [1, 2, 3])
    assert threads == {"MainThread"}
    assert about(thumbnails.peek(2), (200, 30, 30))


def test_memory_is_bounded_in_bytes_and_what_was_looked_at_last_stays(qtbot, thumbnails: Thumbnails) -> None:
    thumbnails.open(Store())
    for i in range(1, 41):
        thumbnails.want(keys(i))
        qtbot.waitUntil(lambda i=i: thumbnails.peek(i) is not None)
        if i > 1:
            assert thumbnails.peek(1) is not None  # on the screen all the time
    assert sum(image.sizeInBytes() for image in thumbnails._images.values()) == thumbnails._bytes
    assert thumbnails._bytes <= 10 * IMAGE_BYTES
    assert sum(thumbnails.peek(i) is not None for i in range(1, 41)) == 10
    assert thumbnails.peek(2) is None


def test_one_picture_larger_than_the_bound_is_still_shown(qtbot, thumbnails: Thumbnails) -> None:
    store = Store()
    store.data[keys(1)[0][1]] = jpeg((1, 2, 3), 400, 400)
    thumbnails.open(store)
    thumbnails.want(keys(1))
    qtbot.waitUntil(lambda: thumbnails.peek(1) is not None)


def test_all_that_is_wanted_now_stays_even_beyond_the_bound(qtbot, thumbnails: Thumbnails) -> None:
    """The tiles of one large screen: were some let go, they would be asked for again for ever."""
    store = Store()
    thumbnails.open(store)
    thumbnails.want(keys(*range(1, 26)))
    qtbot.waitUntil(lambda: all(thumbnails.peek(i) is not None for i in range(1, 26)))
    thumbnails.want(keys(*range(1, 26)))
    assert thumbnails._bytes == 25 * IMAGE_BYTES
    assert len(store.asked) == 25
    thumbnails.want(keys(101))  # gone on: the bound holds again
    qtbot.waitUntil(lambda: thumbnails.peek(101) is not None)
    assert thumbnails._bytes <= 10 * IMAGE_BYTES


def test_the_newest_wish_list_replaces_the_one_before(qtbot, thumbnails: Thumbnails) -> None:
    """Scrolled past: nobody waits for those any more."""
    store = Store()
    store.gate.clear()
    thumbnails.open(store)
    thumbnails.want(keys(*range(100)))
    for _ in range(2):
        assert store.entered.acquire(timeout=5)  # both threads are at work
    thumbnails.want(keys(500, 501))
    store.gate.set()
    qtbot.waitUntil(lambda: thumbnails.peek(501) is not None and thumbnails.peek(500) is not None)
    assert sorted(store.asked[:2]) == [keys(0)[0][1], keys(1)[0][1]]
    assert sorted(store.asked[2:]) == [keys(500)[0][1], keys(501)[0][1]]


def test_most_wanted_first(qtbot, thumbnails: Thumbnails) -> None:
    store = Store()
    thumbnails.open(store)
    thumbnails.want(keys(*range(8)))
    qtbot.waitUntil(lambda: all(thumbnails.peek(i) is not None for i in range(8)))
    order = [int(sha, 16) for sha in store.asked]
    # Two threads take them: neighbours may change places.
    assert all(abs(place - i) <= 1 for place, i in enumerate(order))


def test_nothing_is_fetched_twice(qtbot, thumbnails: Thumbnails) -> None:
    store = Store()
    store.gate.clear()
    thumbnails.open(store)
    thumbnails.want(keys(1, 2))
    for _ in range(2):
        assert store.entered.acquire(timeout=5)
    thumbnails.want(keys(1, 2))  # under way
    store.gate.set()
    qtbot.waitUntil(lambda: thumbnails.peek(1) is not None and thumbnails.peek(2) is not None)
    thumbnails.want(keys(1, 2))  # in memory
    thumbnails.want(keys(3))
    qtbot.waitUntil(lambda: thumbnails.peek(3) is not None)
    assert len(store.asked) == 3


@pytest.mark.parametrize("trouble", [None, b"no JPEG", OSError("drive gone")])
def test_what_cannot_be_had_is_asked_for_again_only_after_a_while(
    qtbot, thumbnails: Thumbnails, monkeypatch: pytest.MonkeyPatch, trouble, caplog
) -> None:
    store = Store()
    store.data[keys(1)[0][1]] = trouble
    came: list[int] = []
    thumbnails.subscribe(came.extend)
    thumbnails.open(store)
    thumbnails.want(keys(1))
    qtbot.waitUntil(lambda: 1 in thumbnails._missing)
    assert not came and thumbnails.peek(1) is None
    thumbnails.want(keys(1))
    thumbnails.want(keys(1, 2))
    qtbot.waitUntil(lambda: thumbnails.peek(2) is not None)
    assert store.asked.count(keys(1)[0][1]) == 1
    assert ("could not be made" in caplog.text) == (trouble is not None)
    del store.data[keys(1)[0][1]]
    monkeypatch.setattr(module, "_ASK_AGAIN_S", 0.0)
    thumbnails.want(keys(1))
    qtbot.waitUntil(lambda: came[-1:] == [1])


def test_what_is_still_on_the_screen_comes_by_itself_when_the_drive_is_back(
    qtbot, thumbnails: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ASK_AGAIN_S", 0.0)
    store = Store()
    for key in keys(1, 2):
        store.data[key[1]] = None
    thumbnails.open(store)
    thumbnails.want(keys(1))
    qtbot.waitUntil(lambda: 1 in thumbnails._missing)
    thumbnails.want(keys(2))  # scrolled on
    qtbot.waitUntil(lambda: 2 in thumbnails._missing)
    store.data.clear()
    qtbot.waitUntil(lambda: thumbnails.peek(2) is not None)
    assert thumbnails.peek(1) is None
    assert store.asked.count(keys(1)[0][1]) == 1


def test_answers_of_another_library_are_dropped(qtbot, thumbnails: Thumbnails) -> None:
    first, second = Store((200, 0, 0)), Store((0, 0, 200))
    first.gate.clear()
    came: list[int] = []
    thumbnails.subscribe(came.extend)
    thumbnails.open(first)
    thumbnails.want(keys(1, 2))
    for _ in range(2):
        assert first.entered.acquire(timeout=5)
    thumbnails.open(second)
    thumbnails.want(keys(1, 2))
    first.gate.set()
    qtbot.waitUntil(lambda: sorted(came) == [1, 2])
    qtbot.wait(30)
    assert about(thumbnails.peek(1), (0, 0, 200)) and about(thumbnails.peek(2), (0, 0, 200))
    assert sorted(came) == [1, 2]


def test_another_library_forgets_pictures_absences_and_bytes(qtbot, thumbnails: Thumbnails) -> None:
    first, second = Store((200, 0, 0)), Store((0, 0, 200))
    first.data[keys(2)[0][1]] = None
    thumbnails.open(first)
    thumbnails.want(keys(1, 2))
    qtbot.waitUntil(lambda: thumbnails.peek(1) is not None and 2 in thumbnails._missing)
    thumbnails.open(second)
    assert thumbnails.peek(1) is None and thumbnails._bytes == 0
    thumbnails.want(keys(1, 2))
    qtbot.waitUntil(lambda: thumbnails.peek(1) is not None and thumbnails.peek(2) is not None)
    assert about(thumbnails.peek(2), (0, 0, 200))


def test_one_that_was_ready_when_the_library_changed_is_not_shown(qtbot, thumbnails: Thumbnails) -> None:
    came: list[int] = []
    thumbnails.subscribe(came.extend)
    thumbnails.open(Store((200, 0, 0)))
    thumbnails.want(keys(1))
    until_s = time.monotonic() + 5
    while not thumbnails._done and time.monotonic() < until_s:  # without letting this thread's events run
        time.sleep(0.005)
    assert thumbnails._done
    thumbnails.open(Store((0, 0, 200)))
    qtbot.wait(50)
    assert not came and thumbnails.peek(1) is None


def test_the_end_does_not_wait_for_a_drive(qtbot) -> None:
    thumbnails, store = Thumbnails(), Store()
    store.gate.clear()
    thumbnails.open(store)
    thumbnails.want(keys(1))
    assert store.entered.acquire(timeout=5)
    started_s = time.monotonic()
    thumbnails.close()
    assert time.monotonic() - started_s < 1.0
    store.gate.set()
