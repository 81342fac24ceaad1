"""The table's lines on searching by example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks import similar_words
from benchmarks.row import Row


def rows() -> list[Row]:
    """Return what is asked of searching by example."""

    def each(size: str, said: Callable[[dict[str, Any]], str]) -> Callable[[dict[str, Any]], str]:
        return lambda d: "; ".join(f"noise {noise}: {said(found)}" for noise, found in d[size].items())

    def all_of(size: str, held: Callable[[dict[str, Any]], bool]) -> Callable[[dict[str, Any]], bool]:
        return lambda d: all(held(found) for found in d[size].values())

    words = similar_words
    few, many = words.P95_MS[100_000], words.P95_MS[1_000_000]
    recalls = f"recall@10 >= {words.RECALL_10}, @50 >= {words.RECALL_50}"
    return [
        Row(
            "similar", "Nearest 50 of the smaller index", f"p95 <= {few} ms, {recalls}",
            lambda d: f"{d['n_small']:,}: {each('small', words.of_query)(d)}",
            all_of("small", lambda found: words.query_holds(found, 100_000)),
        ),
        Row(
            "similar", "Nearest 50 of the larger index", f"p95 <= {many} ms, {recalls}",
            lambda d: f"{d['n_large']:,}: {each('large', words.of_query)(d)}",
            all_of("large", lambda found: words.query_holds(found, 1_000_000)),
        ),
        Row(
            "similar", "Memory of the larger index, mapped files too", f"<= {words.MEMORY_MB} MB",
            each("large", words.of_memory), all_of("large", words.memory_holds),
        ),
        Row(
            "similar", "Under masks, the larger index", f"p95 <= {words.FILTERED_MS} ms, recall >= {words.FILTERED_RECALL}",
            each("large", words.of_filters), all_of("large", words.filters_hold),
        ),
        Row(
            "similar", "Under filters of a library", f"p95 <= {words.FILTERED_MS} ms, recall >= {words.FILTERED_RECALL}",
            lambda d: f"{d['n_small']:,}: {words.of_library_filters(d['library'])}",
            lambda d: words.library_filters_hold(d["library"]),
        ),
        Row(
            "similar", "Index built, the compact stage of the larger one", f"<= {words.BUILD_S} s",
            each("large", lambda found: f"{found['build']['took_s']['compact stage']} s"),
            all_of("large", lambda found: found["build"]["took_s"]["compact stage"] <= words.BUILD_S),
        ),
        Row(
            "similar", "Start over a ready index, to the first answer", f"<= {words.START_S:g} s",
            lambda d: f"{d['library']['start']['first_answer_s']} s ({d['n_small']:,})",
            lambda d: d["library"]["start"]["first_answer_s"] <= words.START_S,
        ),
        Row(
            "similar", "Vectors committed until searchable, 20 times the ingest", f">= {words.VECTORS_PER_S:,} vectors/s",
            lambda d: (
                f"{d['library']['feed']['vectors_per_s']:,} vectors/s; one is found after "
                f"{d['library']['feed']['one_found_after_ms']} ms ({d['n_small']:,})"
            ),
            lambda d: d["library"]["feed"]["vectors_per_s"] >= words.VECTORS_PER_S,
        ),
        Row(
            "similar", "Beside others that are built in seconds", "nobody quicker at this recall and memory",
            lambda d: _beside(d["peers"]), lambda d: not d["peers"].get("ahead_of_us", ["failed"]),
        ),
    ]  # fmt: skip


def _beside(peers: dict[str, Any]) -> str:
    if "failed" in peers:
        return f"not measured: {peers['failed']}"
    return "; ".join(
        f"{d['title']} given up"
        if "given_up" in d
        else f"{d['title']} {d['ms']['p50']} ms, recall@50 {d['recall_50']:.3f}, {d['memory_mb']:,} MB"
        for d in peers["ways"].values()
    )
