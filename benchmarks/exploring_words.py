"""What was measured about the first screen of a search, the map and duplicates: in words, and whether it is what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]
PAINTED_MS, OF_ROWS = 120, 1_000_000
FRAME_MS, HOVER_MS, LASSO_MS, N_LASSO = 16.7, 16, 200, 50_000
RECALL, PRECISION, SEARCH_S, OF_ITEMS = 0.95, 0.99, 60, 100_000
_SEEN = {"listed": "listed", "painted": "painted", "with_pictures": "with pictures", "whole": "whole"}
_MOVED = {
    "pan_all": "whole map",
    "pan_near": "near",
    "pan_pictures": "with pictures",
    "pan_with_selection": "with a selection",
    "zoom": "zoom",
}


def of_presses(found: Document) -> str:
    """Return how long after the press things are seen."""
    times = [(title, found[f"{name}_ms"]) for name, title in _SEEN.items()]
    each = "; ".join(f"{title} p50 {ms['p50']:.0f}, p95 {ms['p95']:.0f}, max {ms['max']:.0f}" for title, ms in times)
    return f"{each} ms ({found['n_presses']} presses)"


def presses_hold(found: Document) -> bool:
    """Tell whether the results, their pictures too, are seen as soon as asked; beside an ingest, if there was to be one."""
    return bool(found["with_pictures_ms"]["p95"] <= PAINTED_MS and found.get("ingest_ran_to_the_end_of_it", True))


def of_ingest(found: Document) -> str:
    """Return what the ingest did beside the presses."""
    ended = "" if found["ingest_ran_to_the_end_of_it"] else "; it had ended before the last press"
    return f"{found['images_per_s_meanwhile']} images/s meanwhile, {found['images_per_s_alone']} before{ended}"


def of_moving(widget: Document) -> str:
    """Return frames of a map while it is moved and zoomed."""
    return ", ".join(f"{title} {widget[name]['frame_p99_ms']}" for name, title in _MOVED.items()) + " ms"


def moving_holds(widget: Document) -> bool:
    """Tell whether each frame is in time for the next, but for one in a hundred."""
    return all(widget[name]["frame_p99_ms"] <= FRAME_MS for name in _MOVED)


def of_hover(widget: Document) -> str:
    """Return how long it takes to find the point below the mouse and to paint it."""
    return f"point found {widget['hover_p99_ms']} ms, frame {widget['hover_frame_p99_ms']} ms"


def hover_holds(widget: Document) -> bool:
    """Tell whether both together are as quick as asked."""
    return bool(widget["hover_p99_ms"] + widget["hover_frame_p99_ms"] <= HOVER_MS)


def of_lasso(widget: Document) -> str:
    """Return how long it takes from letting go of the mouse to the painted selection."""
    return f"{widget['lasso']['to_painted_ms']} ms ({widget['lasso']['n_selected']:,} points)"


def lasso_holds(widget: Document) -> bool:
    """Tell whether that is as quick as asked, for so many points."""
    lasso = widget["lasso"]
    return bool(lasso["to_painted_ms"] <= LASSO_MS and lasso["n_selected"] >= N_LASSO)


def of_copies(held_out: Document) -> str:
    """Say how well edited copies are told from others."""
    return (
        f"recall {held_out['recall']}, precision {held_out['precision']} "
        f"({held_out['n_copies']:,} copies of {held_out['n_photos']} photos)"
    )


def copies_hold(held_out: Document) -> bool:
    """Tell whether both are as asked."""
    return bool(held_out["recall"] >= RECALL and held_out["precision"] >= PRECISION)


def of_search(planted: Document) -> str:
    """Say how long a whole search takes."""
    return f"{planted['seconds']} s ({planted['n_items']:,} items); {planted['seconds_for_1000_more']} s for 1,000 more"


def search_holds(planted: Document) -> bool:
    """Tell whether it is as quick as asked: of fewer, each item takes as long as one of many may."""
    return bool(planted["seconds"] * OF_ITEMS <= SEARCH_S * planted["n_items"])
