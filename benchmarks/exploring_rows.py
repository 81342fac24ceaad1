"""The table's lines on what people do with similarity: the first screen of a search, the map, duplicates."""

from __future__ import annotations

from typing import Any

from benchmarks import exploring_words as words
from benchmarks.row import Row


def rows() -> list[Row]:
    """Return what is asked of the parts `press`, `map` and `duplicates`."""
    painted = f"p95 <= {words.PAINTED_MS} ms at {words.OF_ROWS:,}"
    return [
        Row(
            "press", "Key press to results painted", painted,
            lambda d: f"{d['n_rows']:,}: {words.of_presses(d['at_rest'])}", lambda d: words.presses_hold(d["at_rest"]),
        ),
        Row(
            "press", "The same while photos are taken in", painted,
            lambda d: f"{d['n_rows']:,}: {words.of_presses(d['with_ingest'])}; {words.of_ingest(d['with_ingest'])}",
            lambda d: words.presses_hold(d["with_ingest"]),
        ),
        Row(
            "map", "Map: pan and zoom, p99 of a frame", f"<= {words.FRAME_MS} ms",
            lambda d: f"{d['n_points']:,}: {words.of_moving(d['widget'])}", lambda d: words.moving_holds(d["widget"]),
        ),
        Row(
            "map", "Map: hover, p99", f"<= {words.HOVER_MS} ms",
            lambda d: f"{d['n_points']:,}: {words.of_hover(d['widget'])}", lambda d: words.hover_holds(d["widget"]),
        ),
        Row(
            "map", "Map: lasso, to the painted selection", f"<= {words.LASSO_MS} ms",
            lambda d: f"{d['n_points']:,}: {words.of_lasso(d['widget'])}", lambda d: words.lasso_holds(d["widget"]),
        ),
        Row(
            "map", "Map: what is near stays near", "stated against PCA",
            lambda d: (
                f"{_of_layout(d['projection']['neighbours'])}, made in {d['projection']['whole_s']} s; "
                f"PCA {_of_layout(d['projection']['pca'])}, in {d['projection']['pca_s']} s"
            ),
            lambda d: all(d["projection"]["neighbours"][name] > value for name, value in d["projection"]["pca"].items()),
        ),
        Row(
            "duplicates", "Near-duplicates: edited copies among hard company",
            f"recall >= {words.RECALL}, precision >= {words.PRECISION}",
            lambda d: words.of_copies(d["held_out"]), lambda d: words.copies_hold(d["held_out"]),
        ),
        Row(
            "duplicates", "Near-duplicates: a whole search", f"{words.OF_ITEMS:,} in <= {words.SEARCH_S} s",
            lambda d: words.of_search(d["planted"]), lambda d: words.search_holds(d["planted"]),
        ),
    ]  # fmt: skip


def _of_layout(found: dict[str, Any]) -> str:
    return f"{found['kept_of_10']:.0%} of the ten nearest kept, trustworthiness {found['trustworthiness']:.4f}"
