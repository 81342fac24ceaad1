"""One line of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """What was asked of a part, and what to say of its document.

    Attributes
    ----------
    measured
        Words for what the document of the part says.
    holds
        Whether that is what was asked.
    """

    part: str
    what: str
    asked: str
    measured: Callable[[dict[str, Any]], str]
    holds: Callable[[dict[str, Any]], bool]
