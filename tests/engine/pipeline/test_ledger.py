"""The fake ledger that the tests of `Embedding` use answers to all that the real one is asked."""

from __future__ import annotations

import inspect

from engine.pipeline.ledger import Ledger
from tests.engine.pipeline.test_embedding import MemoryLedger


def test_the_fake_is_in_step() -> None:
    asked = {name: method for name, method in vars(Ledger).items() if inspect.isfunction(method) and name[0] != "_"}
    assert {"begin", "missing", "store"} <= asked.keys()
    for name, method in asked.items():
        fake = getattr(MemoryLedger, name)
        assert list(inspect.signature(fake).parameters) == list(inspect.signature(method).parameters), name
