"""``lightdesk evaluate``: the model's answers beside the truth. Answers already stored are used."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.cli.classify import record_of
from engine.cli.interrupt import Interrupted
from engine.cli.output import say, shortened, shown, write_json, write_line, write_table
from engine.cli.running import Running, running
from engine.cli.truth import ClassNames, CsvTruth, FolderTruth, Truth, has_class_folders
from engine.errors import ErrorCode, UsageError
from engine.evaluation import Evaluation, evaluate
from engine.registry.catalogue import Registry
from engine.schemas.model import ModelManifest
from engine.settings import load, models_dir

_GUESSES = 5
_ROWS_SHOWN = 10
_UNKNOWN_SHOWN = 5


@dataclasses.dataclass(slots=True)
class _Counts:
    """What was left out of the comparison, and why."""

    n_failed: int = 0
    n_without_truth: int = 0
    n_not_found: int = 0


def run(folder: Path, truth_file: Path | None, overrides: Mapping[str, Any], *, as_json: bool) -> int:
    """Classify a folder, compare, print.

    Returns
    -------
    int
        Exit code: 0 all good, 1 some pictures failed or the truth names classes the model does not have.
    """
    settings = load(overrides)
    manifest = Registry(models_dir(settings)).get(settings.model)
    truth = _truth(folder, truth_file, manifest)
    with running(overrides) as now:
        try:
            counts = _Counts()
            compared = _compare(now, folder, truth, counts)
        except Interrupted as stopped:
            now.status.clear()
            say("Stopped. What was classified is kept; run it again to go on with the rest.")
            return stopped.exit_code
    if compared is None:
        raise UsageError(
            ErrorCode.INVALID_ARGUMENT,
            f"Nothing in {folder} could be compared: {_left_out(counts, truth) or 'there are no images'}.",
            way_out="Name the folders, or the classes in the CSV, as `lightdesk models` and the model's labels do.",
        )
    if as_json:
        write_json(_as_data(compared, manifest, counts, truth), indent=2)
    else:
        _print(compared, manifest, counts, truth)
    return 1 if counts.n_failed or truth.unknown else 0


def _truth(folder: Path, truth_file: Path | None, manifest: ModelManifest) -> Truth:
    if not folder.is_dir():
        raise UsageError(
            ErrorCode.FILE_NOT_FOUND, f"There is no folder {folder}.", way_out="Check the path.", path=str(folder)
        )
    names = ClassNames(manifest.labels)
    if truth_file is not None:
        return CsvTruth(names, os.fspath(folder), truth_file)
    if not has_class_folders(os.fspath(folder)):
        raise UsageError(
            ErrorCode.INVALID_ARGUMENT,
            f"{folder} has no folders named like classes, so the truth is not known.",
            way_out="Give it with --truth FILE.csv (columns file and class), or sort the pictures into folders.",
            path=str(folder),
        )
    return FolderTruth(names, os.fspath(folder))


def _compare(now: Running, folder: Path, truth: Truth, counts: _Counts) -> Evaluation | None:
    true_ids: list[int] = []
    guesses: list[list[int]] = []
    confidences: list[float] = []
    job = now.following.submit([os.fspath(folder)])
    for items in now.following.results(job.id):
        for item in items:
            class_id = truth.of(item.path)
            record = record_of(now.engine, item, _GUESSES, job.created_at)
            if not record["success"]:
                counts.n_failed += 1
            elif class_id is None:
                counts.n_without_truth += 1
            else:
                top = [score["class_id"] for score in record["data"]["top_predictions"]]
                true_ids.append(class_id)
                guesses.append(top + [-1] * (_GUESSES - len(top)))
                confidences.append(record["data"]["prediction"]["confidence"])
    now.following.tell_device()
    counts.n_failed += now.following.n_unseen
    counts.n_not_found = truth.unmet()
    counts.n_without_truth -= truth.unknown.total()
    if not true_ids:
        return None
    return evaluate(np.array(true_ids), np.array(guesses), np.array(confidences, np.float64))


def _as_data(result: Evaluation, manifest: ModelManifest, counts: _Counts, truth: Truth) -> dict[str, Any]:
    def named(row: Any, *fields: str) -> dict[str, Any]:
        data = dataclasses.asdict(row)
        for field in fields:
            data[field.replace("_id", "_name")] = manifest.labels[data[field]]
        return {key: round(value, 6) if isinstance(value, float) else value for key, value in data.items()}

    return {
        "model": manifest.name,
        "version": manifest.version,
        "n": result.n,
        "top1": round(result.top1, 6),
        "top5": round(result.top5, 6),
        "mean_confidence": round(result.mean_confidence, 6),
        "ece": round(result.ece, 6),
        "n_failed": counts.n_failed,
        "n_without_truth": counts.n_without_truth,
        "n_not_found": counts.n_not_found,
        "unknown_classes": dict(truth.unknown),
        "classes": [named(row, "class_id") for row in result.classes],
        "confusions": [named(row, "true_id", "guessed_id") for row in result.confusions],
        "calibration": [named(row) for row in result.calibration],
    }


def _print(result: Evaluation, manifest: ModelManifest, counts: _Counts, truth: Truth) -> None:
    write_line(f"{manifest.ref} on {result.n:,} pictures")
    write_line()
    write_line(f"top-1        {result.top1:7.2%}  ({round(result.top1 * result.n):,} right)")
    write_line(f"top-5        {result.top5:7.2%}")
    write_line(f"confidence   {result.mean_confidence:7.2%}  on average; calibration error (ECE) {result.ece:.4f}")
    left_out = _left_out(counts, truth)
    if left_out:
        write_line(f"left out     {left_out}")
    _print_classes(result, manifest.labels)
    _print_confusions(result, manifest.labels)
    write_line()
    write_table(
        ("confidence", "pictures", "said", "right"),
        [
            (f"{b.low:4.0%} -{b.high:5.0%}", f"{b.n:,}", _percent(b.confidence), _percent(b.accuracy))
            for b in result.calibration
            if b.n
        ],
        right=(1, 2, 3),
    )


def _print_classes(result: Evaluation, labels: Sequence[str]) -> None:
    seen = [row for row in result.classes if row.n]
    worst = sorted(seen, key=lambda row: (row.top1 or 0.0, -row.n, row.class_id))[:_ROWS_SHOWN]
    write_line()
    write_table(
        (f"class ({len(worst)} worst of {len(seen)})", "pictures", "top-1", "top-5", "precision"),
        [
            (_name(labels, row.class_id), f"{row.n:,}", _percent(row.top1), _percent(row.top5), _percent(row.precision))
            for row in worst
        ],
        right=(1, 2, 3, 4),
    )


def _print_confusions(result: Evaluation, labels: Sequence[str]) -> None:
    if not result.confusions:
        return
    write_line()
    write_table(
        ("what was", "taken for", "times", "share"),
        [
            (_name(labels, row.true_id), _name(labels, row.guessed_id), f"{row.n:,}", _percent(row.share))
            for row in result.confusions[:_ROWS_SHOWN]
        ],
        right=(2, 3),
    )


def _left_out(counts: _Counts, truth: Truth) -> str:
    parts = []
    if counts.n_failed:
        parts.append(f"{counts.n_failed:,} that could not be used")
    if counts.n_without_truth:
        parts.append(f"{counts.n_without_truth:,} of unknown class")
    if counts.n_not_found:
        parts.append(f"{counts.n_not_found:,} listed but not there")
    if truth.unknown:
        words = [shown(word) for word, _ in truth.unknown.most_common(_UNKNOWN_SHOWN)]
        more = ", ..." if len(truth.unknown) > _UNKNOWN_SHOWN else ""
        parts.append(
            f"{truth.unknown.total():,} of classes the model does not have or has twice ({', '.join(words)}{more})"
        )
    return "; ".join(parts)


def _name(labels: Sequence[str], class_id: int) -> str:
    return f"{class_id} {shortened(shown(labels[class_id]), 36)}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
