"""Asked and measured, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks import exploring_rows, similar_rows
from benchmarks.row import Row

Documents = Mapping[str, dict[str, Any]]
_BY = {"wheel": "wheel", "glide": "glide", "drag": "drag of the bar", "jumps": "jumps"}


def _rows() -> list[Row]:
    def drop(size: str, when: str) -> Callable[[dict[str, Any]], str]:
        return lambda d: f"p95 {d[size][when]['p95']} ms, p50 {d[size][when]['p50']} ms ({d[size]['n_items']:,} items)"

    rows = [
        Row(
            "ingest", "Folder to stored rows, the window open and painting, against the plain loop", ">= 1.25 x",
            lambda d: (
                f"{d['times_the_plain_loop']['window']} x ({d['median_images_per_s']['window']} against "
                f"{d['median_images_per_s']['plain']} images/s; without a window {d['times_the_plain_loop']['no_window']}"
                f" x, newest first {d['times_the_plain_loop']['window_newest_first']} x)"
            ),
            lambda d: d["times_the_plain_loop"]["window"] >= 1.25,
        ),
        Row(
            "ingest", "The same as a share of the machine's limit", ">= 0.80",
            lambda d: (
                f"{d['share_of_the_limit']['window']} of {d['limit']['images_per_s']} images/s (without a window "
                f"{d['share_of_the_limit']['no_window']}, newest first {d['share_of_the_limit']['window_newest_first']})"
            ),
            lambda d: d["share_of_the_limit"]["window"] >= 0.80,
        ),
        *(
            Row(
                "drop", f"One photo dropped until painted, {title}, {doing}", "p95 <= 80 ms", drop(size, when),
                lambda d, size=size, when=when: d[size][when]["p95"] <= 80,  # type: ignore[misc]
            )
            for size, title in (("small_library", "small library"), ("large_library", "large library"))
            for when, doing in (("idle_ms", "idle"), ("folder_job_ms", "a folder job running"))
        ),
        *(
            Row(
                "second_window", f"A second window sees it, {title}", "<= 2 s",
                lambda d, size=size: (  # type: ignore[misc]
                    f"median {d[size]['p50_ms'] / 1000:.2f} s, p95 {d[size]['p95_ms'] / 1000:.2f} s "
                    f"({d[size]['n_items']:,} items, {d['n_photos']} photos)"
                ),
                lambda d, size=size: d[size]["p95_ms"] <= 2000,  # type: ignore[misc]
            )
            for size, title in (("small_library", "small library"), ("large_library", "large library"))
        ),
        Row(
            "filling", "Gaps of a 5 ms timer on the GUI thread during an ingest", "p99.9 <= 50 ms, none over 100 ms",
            lambda d: f"p99.9 {d['gui_gap_ms']['p99.9']} ms, max {d['gui_gap_ms']['max']} ms ({d['n_images']:,} images)",
            lambda d: d["gui_gap_ms"]["p99.9"] <= 50 and d["gui_gap_ms"]["max"] <= 100,
        ),
        Row(
            "filling", "Resident size, last tenth against after the first", "within 10 %",
            lambda d: (
                f"{d['resident_mb']['growth']:+.1%} ({d['resident_mb']['after_first_tenth']} to "
                f"{d['resident_mb']['last_tenth']} MB, {d['n_images']:,} images)"
            ),
            lambda d: abs(d["resident_mb"]["growth"]) <= 0.10,
        ),
        Row(
            "filling", "A known folder dropped again, to all predictions shown", "<= 2 s",
            lambda d: f"{d['dropped_again_s']} s ({d['n_dropped_again']:,}; the library itself {d['open_again_s']} s)",
            lambda d: d["dropped_again_s"] <= 2,
        ),
        Row(
            "filling", "Closing", "<= 2 s", lambda d: f"{d['close_s']} s", lambda d: d["close_s"] <= 2,
        ),
        Row(
            "grid", "Grid of a large library: open", "<= 1 s", lambda d: f"{d['open_ms']} ms ({d['n_items']:,} items)",
            lambda d: d["open_ms"] <= 1000,
        ),
        Row(
            "grid", "Scrolling, p99 of a frame", "<= 16.7 ms",
            lambda d: (
                ", ".join(f"{name} {d[key]['frame_p99_ms']}" for key, name in _BY.items())
                + " ms; the event loop late, p99: "
                + ", ".join(f"{d[key]['event_loop_late_p99_ms']}" for key in _BY)
                + " ms"
            ),
            lambda d: all(d[key]["frame_p99_ms"] <= 16.7 for key in _BY),
        ),
        Row(
            "grid", "Visible tiles with pictures 200 ms after the scroll", ">= 95 %",
            lambda d: (
                ", ".join(f"{name} {d[key]['share_with_pictures_200_ms_after']:.0%}" for key, name in _BY.items())
                + "; jumps with the cache on the disk emptied "
                + f"{d['without_a_cache']['jumps']['share_with_pictures_200_ms_after']:.0%}"
            ),
            lambda d: all(d[key]["share_with_pictures_200_ms_after"] >= 0.95 for key in _BY),
        ),
        Row(
            "browsing", "Filter or order changed, to the first page painted", "<= 200 ms",
            lambda d: (
                f"p50 {d['painted_p50_ms']} ms, p95 {d['painted_p95_ms']} ms, max {d['painted_max_ms']} ms "
                f"({len(d['choices'])} choices, {d['n_items']:,} items)"
            ),
            lambda d: d["painted_p95_ms"] <= 200,
        ),
        Row(
            "start", "Start to first click accepted, large library", "<= 1.5 s",
            lambda d: f"median {d['median_ms'] / 1000:.2f} s, slowest {d['max_ms'] / 1000:.2f} s ({d['platform']})",
            lambda d: d["median_ms"] <= 1500,
        ),
        Row(
            "growth", "Rate with many rows against few", ">= 0.9",
            lambda d: (
                f"{d['ratio']['no_window']} without, {d['ratio']['window']} with a window "
                f"({d['n_rows']:,} against {d['against']:,} rows)"
            ),
            lambda d: d["ratio"]["no_window"] >= 0.9,
        ),
        Row(
            "peers", "Beside peers, same photos and network", "faster, though it stores",
            lambda d: "; ".join(
                f"{times} x {name} ({d['median_images_per_s'][name]} images/s, same first class "
                f"{d['agreement_of_the_first_class'][name]:.0%})"
                for name, times in d["lightdesk_is_times_as_fast"].items()
            ),
            lambda d: all(times > 1 for times in d["lightdesk_is_times_as_fast"].values()),
        ),
        *similar_rows.rows(),
        *exploring_rows.rows(),
    ]  # fmt: skip
    return rows


def rendered(documents: Documents) -> str:
    """Return the table in Markdown, of the parts that were run."""
    lines = ["| What | Asked | Measured | |", "| --- | --- | --- | --- |"]
    for row in _rows():
        document = documents.get(row.part)
        if document is None:
            continue
        if "failed" in document:
            measured, verdict = f"not measured: {document['failed']}", "-"
        else:
            measured, verdict = row.measured(document), "yes" if row.holds(document) else "**no**"
        lines.append(f"| {row.what} | {row.asked} | {measured} | {verdict} |")
    return "\n".join([*lines, "", *_ledger(documents.get("ingest", {})), *_seconds(documents)])


def _ledger(document: dict[str, Any]) -> list[str]:
    return [
        f"Core-ms an image, {title}: "
        + ", ".join(f"{stage} {ms:.2f}" for stage, ms in document["ledger_core_ms"][kind]["stages"].items())
        + f"; in all {document['ledger_core_ms'][kind]['total']:.2f}."
        for kind, title in (("no_window", "no window"), ("window", "with the window"))
        if "ledger_core_ms" in document
    ]


def _seconds(documents: Documents) -> list[str]:
    took_s = {part: document["with_start_s"] for part, document in documents.items() if "with_start_s" in document}
    if not took_s:
        return []
    each = ", ".join(f"{part} {seconds:.0f}" for part, seconds in took_s.items())
    return [f"Seconds: {each}; in all {sum(took_s.values()):.0f}, {sum(took_s.values()) / 60:.1f} minutes."]
