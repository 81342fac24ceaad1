"""How far a library is prepared for search with words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WordsState:
    """The pair of towers in use, and what has its vectors.

    Attributes
    ----------
    ref
        The space, ``name@version``; empty where there is no model for words.
    added_at
        When the model was taken in (ISO 8601, UTC).
    assumed
        What no file of the model said and was taken to be as usual, one sentence each.
    n_prepared, n_total
        Visible pictures that words can find, and all.
    """

    ref: str = ""
    title: str = ""
    dim: int = 0
    added_at: str = ""
    assumed: tuple[str, ...] = ()
    n_prepared: int = 0
    n_total: int = 0
