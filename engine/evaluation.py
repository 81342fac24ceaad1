"""How good a model's answers are, from arrays alone: accuracy, classes, confusions, calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ClassScores:
    """One class that occurs in the truth or among the best guesses.

    Attributes
    ----------
    n
        Pictures of this class.
    n_guessed
        Pictures for which it was the best guess.
    top1, top5
        Share of its pictures for which it was the best, or among the five best; None without pictures.
    precision
        Share of its guesses that were right; None where it was never guessed.
    """

    class_id: int
    n: int
    n_guessed: int
    top1: float | None
    top5: float | None
    precision: float | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often pictures of one class were taken for another."""

    true_id: int
    guessed_id: int
    n: int
    share: float


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Pictures whose confidence lies in ``(low, high]``: how sure the model was, and how often right."""

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The whole comparison.

    Attributes
    ----------
    ece
        Expected calibration error: the gap between confidence and accuracy, over the bins, weighted by
        their pictures (Naeini, Cooper, Hauskrecht 2015; Guo et al. 2017).
    """

    n: int
    top1: float
    top5: float
    mean_confidence: float
    ece: float
    classes: tuple[ClassScores, ...]
    confusions: tuple[Confusion, ...]
    calibration: tuple[CalibrationBin, ...]


def evaluate(
    true_ids: NDArray[np.int64],
    guessed_ids: NDArray[np.int64],
    confidences: NDArray[np.float64],
    *,
    n_bins: int = 10,
    n_confusions: int = 20,
) -> Evaluation:
    """Compare guesses with the truth.

    Parameters
    ----------
    true_ids
        (n,), n >= 1: the right class of each picture.
    guessed_ids
        (n, k): classes, best first. Fewer than five columns count as all there are; -1 is no class.
    confidences
        (n,): probability of the best guess, 0..1.

    Raises
    ------
    ValueError
        When there is nothing to compare or the shapes do not fit.
    """
    n = len(true_ids)
    if n == 0 or guessed_ids.ndim != 2 or guessed_ids.shape[1] == 0:
        raise ValueError("there is nothing to compare")
    if len(guessed_ids) != n or confidences.shape != (n,):
        raise ValueError("truth, guesses and confidences must have the same length")
    best = guessed_ids[:, 0]
    right = best == true_ids
    right5 = (guessed_ids[:, :5] == true_ids[:, None]).any(axis=1)
    bins = calibration(right, confidences, n_bins=n_bins)
    return Evaluation(
        n=n,
        top1=float(right.mean()),
        top5=float(right5.mean()),
        mean_confidence=float(confidences.mean()),
        ece=expected_calibration_error(bins),
        classes=_classes(true_ids, best, right, right5),
        confusions=_confusions(true_ids, best, n_confusions),
        calibration=bins,
    )


def calibration(
    right: NDArray[np.bool_], confidences: NDArray[np.float64], *, n_bins: int = 10
) -> tuple[CalibrationBin, ...]:
    """Return equally wide bins over 0..1; the lowest takes 0 itself."""
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    place = np.clip(np.searchsorted(edges, confidences, side="left") - 1, 0, n_bins - 1)
    bins = []
    for i in range(n_bins):
        inside = place == i
        n = int(inside.sum())
        bins.append(
            CalibrationBin(
                low=float(edges[i]),
                high=float(edges[i + 1]),
                n=n,
                confidence=float(confidences[inside].mean()) if n else None,
                accuracy=float(right[inside].mean()) if n else None,
            )
        )
    return tuple(bins)


def expected_calibration_error(bins: tuple[CalibrationBin, ...]) -> float:
    """Return the mean gap between confidence and accuracy, weighted by the pictures in each bin."""
    total = sum(part.n for part in bins)
    gaps = (
        part.n * abs(part.confidence - part.accuracy)
        for part in bins
        if part.confidence is not None and part.accuracy is not None
    )
    return float(sum(gaps) / total) if total else 0.0


def _classes(
    true_ids: NDArray[np.int64], best: NDArray[np.int64], right: NDArray[np.bool_], right5: NDArray[np.bool_]
) -> tuple[ClassScores, ...]:
    found = []
    for class_id in np.union1d(true_ids, best[best >= 0]).tolist():
        of_class, guessed = true_ids == class_id, best == class_id
        n, n_guessed = int(of_class.sum()), int(guessed.sum())
        found.append(
            ClassScores(
                class_id=class_id,
                n=n,
                n_guessed=n_guessed,
                top1=float(right[of_class].mean()) if n else None,
                top5=float(right5[of_class].mean()) if n else None,
                precision=float(right[guessed].mean()) if n_guessed else None,
            )
        )
    return tuple(found)


def _confusions(true_ids: NDArray[np.int64], best: NDArray[np.int64], limit: int) -> tuple[Confusion, ...]:
    """Return the most frequent mistakes; equally frequent ones by class."""
    wrong = (best != true_ids) & (best >= 0)
    pairs, counts = np.unique(np.stack((true_ids[wrong], best[wrong]), axis=1), axis=0, return_counts=True)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -counts))[:limit]
    return tuple(
        Confusion(
            true_id=int(pairs[i, 0]),
            guessed_id=int(pairs[i, 1]),
            n=int(counts[i]),
            share=float(counts[i] / (true_ids == pairs[i, 0]).sum()),
        )
        for i in order
    )
