"""The gate before the fake model, and engines that are closed at the end."""

from __future__ import annotations

from tests.faults.conftest import gate, start

__all__ = ["gate", "start"]
