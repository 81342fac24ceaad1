"""What was measured about searching by example, in tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.exploring_words import (
    copies_hold,
    hover_holds,
    lasso_holds,
    moving_holds,
    of_copies,
    of_hover,
    of_ingest,
    of_lasso,
    of_moving,
    of_presses,
    of_search,
    presses_hold,
    search_holds,
)

Document = Mapping[str, Any]
P95_MS = {100_000: 8, 1_000_000: 30}
RECALL_10, RECALL_50, FILTERED_RECALL = 0.99, 0.98, 0.99
FILTERED_MS, MEMORY_MB = 40, 400
VECTORS_PER_S, START_S, BUILD_S = 3000, 1.0, 180


def of_query(document: Document) -> str:
    """Return latency and recall of one index."""
    q = document["query"]
    return f"p50 {q['ms']['p50']}, p95 {q['ms']['p95']} ms, recall {q['recall_10']:.3f}, {q['recall_50']:.3f}"


def query_holds(document: Document, n: int) -> bool:
    """Tell whether that is what was asked for at this size."""
    q = document["query"]
    most = P95_MS.get(n, P95_MS[1_000_000])
    return bool(q["ms"]["p95"] <= most and q["recall_10"] >= RECALL_10 and q["recall_50"] >= RECALL_50)


def of_filters(document: Document) -> str:
    """Return latency and recall under masks."""
    return "; ".join(
        f"{d['share'] * 100:g} %: p95 {d['ms']['p95']} ms, recall {d['recall_50']:.3f}"
        for d in document["filtered"].values()
    )


def filters_hold(document: Document) -> bool:
    """Tell whether they are as quick and as exact as asked."""
    return all(
        d["ms"]["p95"] <= FILTERED_MS and min(d["recall_10"], d["recall_50"]) >= FILTERED_RECALL
        for d in document["filtered"].values()
    )


def of_library_filters(document: Document) -> str:
    """Return latency and recall under a library's own filters."""
    return "; ".join(
        f"{name} ({d['n_allowed']:,}): first {d['first_ms']} ms, p95 {d['ms']['p95']} ms, recall {d['recall_50']:.3f}"
        for name, d in document["ask"]["filters"].items()
    )


def library_filters_hold(document: Document) -> bool:
    """Tell whether those are as quick and as exact as asked."""
    return all(
        d["ms"]["p95"] <= FILTERED_MS and min(d["recall_10"], d["recall_50"]) >= FILTERED_RECALL
        for d in document["ask"]["filters"].values()
    )


def of_memory(document: Document) -> str:
    """Return the memory of an index."""
    m = document["memory_mb"]
    return f"{m['index']} MB between queries, at most {m['at_most_during_queries']} MB during one"


def memory_holds(document: Document) -> bool:
    """Tell whether it stays within what was asked, at any time."""
    m = document["memory_mb"]
    return bool(max(m["index"], m["at_most_during_queries"]) <= MEMORY_MB)


def of_ways(documents: Mapping[str, Document]) -> str:
    """Return a comparison as a table."""
    lines = [
        "| Way | p50 | p95 | recall@10, @50 | memory | built in | 10,000 added in |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, d in documents.items():
        title = d.get("title", name)
        if "given_up" in d:
            lines.append(f"| {title} | given up: {d['given_up']} | | | | | |")
            continue
        mark = "" if d["reaches_the_recall"] else ", **below**"
        lines.append(
            f"| {title} | {d['ms']['p50']} ms | {d['ms']['p95']} ms | {d['recall_10']:.3f}, {d['recall_50']:.3f}{mark} | "
            f"{d['memory_mb']:,} MB | {d['build_s']} s | {d['adding']['seconds_for_10000']} s |"
        )
    return "\n".join(lines)


def of_steps(documents: Mapping[str, Document]) -> str:
    """Return all that a full run has found."""
    lines = ["| What | Measured | |", "| --- | --- | --- |"]

    def row(what: str, measured: str, holds: bool) -> None:
        lines.append(f"| {what} | {measured} | {'yes' if holds else '**no**'} |")

    for name, d in documents.items():
        if name.startswith("index-"):
            cloud, took_s = d["cloud"], d["build"]["took_s"]
            what = f"{cloud['n']:,} around {cloud['n_real']:,}, noise {cloud['noise']}"
            row(what, of_query(d), query_holds(d, cloud["n"]))
            row(f"{what}: memory", of_memory(d), memory_holds(d))
            row(f"{what}: masks", of_filters(d), filters_hold(d))
            row(f"{what}: compact stage built", f"{took_s['compact stage']} s", took_s["compact stage"] <= BUILD_S)
        elif name.startswith("library-"):
            build_s, start_s = d["build"]["seconds"], d["start"]["first_answer_s"]
            row(f"{name}: built from the library", f"{build_s} s", build_s <= BUILD_S)
            row(f"{name}: first answer after a start", f"{start_s} s", start_s <= START_S)
            row(f"{name}: filters", of_library_filters(d), library_filters_hold(d))
            rate = d["feed"]["vectors_per_s"]
            row(f"{name}: taken in", f"{rate:,} vectors/s", rate >= VECTORS_PER_S)
        elif name.startswith("press-"):
            rest, busy = d["at_rest"], d["with_ingest"]
            row(f"{name}: key press to results painted", of_presses(rest), presses_hold(rest))
            row(f"{name}: while photos are taken in", f"{of_presses(busy)}; {of_ingest(busy)}", presses_hold(busy))
        elif name == "map":
            for widget in (d["widget"] | {"n_points": d["n_points"]}, d["widget_of_many"]):
                n = widget["n_points"]
                row(f"Map of {n:,}: pan and zoom, p99 of a frame", of_moving(widget), moving_holds(widget))
                row(f"Map of {n:,}: hover, p99", of_hover(widget), hover_holds(widget))
                row(f"Map of {n:,}: lasso", of_lasso(widget), lasso_holds(widget))
        elif name == "duplicates":
            row("Near-duplicates: edited copies", of_copies(d["held_out"]), copies_hold(d["held_out"]))
            row("Near-duplicates: a whole search", of_search(d["planted"]), search_holds(d["planted"]))
    for name, d in documents.items():
        for n, ways in d.get("by_size", {}).items():
            ahead = d["ahead_of_us"][n]
            lines += ["", f"{name}: {int(n):,} vectors, noise {d['noise']}, shape {d['shape']}", "", of_ways(ways), ""]
            lines.append("Ahead of us in time, with no more memory: " + (", ".join(ahead) or "none") + ".")
    return "\n".join(lines)
