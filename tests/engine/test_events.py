"""The event bus: who subscribed hears everything, in order, until they leave."""

from __future__ import annotations

import dataclasses
import threading
import typing

from engine import events
from engine.events import EventBus, LibraryChanged, PredictionsStored, ProblemsChanged


def test_handlers_hear_in_order_until_they_leave() -> None:
    bus, first, second = EventBus(), [], []
    leave = bus.subscribe(first.append)
    bus.subscribe(second.append)
    bus.publish(LibraryChanged())
    leave()
    leave()  # twice is no harm
    bus.publish(PredictionsStored(1, (2, 3)))
    assert first == [LibraryChanged()]
    assert second == [LibraryChanged(), PredictionsStored(1, (2, 3))]


def test_a_handler_may_leave_while_it_is_called() -> None:
    bus, heard = EventBus(), []

    def once(event: object) -> None:
        heard.append(event)
        leave()

    leave = bus.subscribe(once)
    bus.subscribe(heard.append)
    bus.publish(ProblemsChanged())
    bus.publish(ProblemsChanged())
    assert len(heard) == 3


def test_many_threads_lose_nothing() -> None:
    bus, heard = EventBus(), []
    bus.subscribe(heard.append)

    def work() -> None:
        for _ in range(200):
            bus.subscribe(lambda _event: None)()
            bus.publish(LibraryChanged())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard) == 800
    assert len(bus._handlers) == 1


def test_events_are_frozen_and_named_in_the_past() -> None:
    for kind in typing.get_args(events.Event):
        assert dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen
        assert kind.__name__.endswith(("ed",)), kind.__name__
