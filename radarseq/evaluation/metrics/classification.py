"""How good: accuracy and its interval, log loss, calibration, confusion, echo error, by SNR."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

CALIBRATION_BINS = 10
SNR_STEP_DB = 5.0
_FLOOR = 1e-12


MAX_POINTS = 201  # of a curve that is drawn


def class_metrics(probabilities: NDArray, label: NDArray) -> dict[str, float]:
    """Return the metrics of class probabilities ``(n, class)`` against labels ``(n,)``.

    Accuracy comes with its 95 % Wilson interval; log loss is in nats; the calibration error is
    the mean distance of confidence from accuracy over ten bins of confidence, weighted by size.
    """
    right = probabilities.argmax(axis=1) == label
    low, high = wilson_interval(right)
    chosen = probabilities[np.arange(len(label)), label]
    error = sum(
        b["examples"] * abs(b["confidence"] - b["accuracy"])
        for b in reliability(probabilities, label)
    )
    return {
        "accuracy": float(right.mean()),
        "accuracy_low": low,
        "accuracy_high": high,
        "balanced_accuracy": balanced_accuracy(probabilities.argmax(axis=1), label),
        "log_loss": float(-np.log(np.clip(chosen, _FLOOR, 1.0)).mean() + 0.0),
        "calibration_error": float(error / len(label)),
    }


def wilson_interval(right: NDArray) -> tuple[float, float]:
    """Return Wilson's 95 % interval of the share that is right of independent decisions (n,)."""
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def balanced_accuracy(decision: NDArray, label: NDArray) -> float:
    """Return the mean recall over the classes that occur in ``label``."""
    recalls = [float((decision[label == c] == c).mean()) for c in np.unique(label)]
    return float(np.mean(recalls))


def reliability(probabilities: NDArray, label: NDArray) -> list[dict[str, Any]]:
    """Return, for each bin of confidence that occurs, its mean confidence, accuracy and size."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == label
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return [
        {
            "confidence": float(confidence[bins == b].mean()),
            "accuracy": float(right[bins == b].mean()),
            "examples": int((bins == b).sum()),
        }
        for b in np.unique(bins)
    ]


def confusion(decision: NDArray, label: NDArray, classes: int) -> list[list[int]]:
    """Return counts, a row a true class, a column a decision."""
    flat = np.bincount(label * classes + decision, minlength=classes * classes)
    return flat.reshape(classes, classes).tolist()


def relative_error(estimate: NDArray, target: NDArray) -> NDArray[np.float64]:
    """Return each example's squared error over the target's energy, ``(n,)``."""
    n = len(target)
    error = (np.abs(estimate.astype(np.complex128) - target) ** 2).reshape(n, -1).sum(axis=1)
    energy = (np.abs(target.astype(np.complex128)) ** 2).reshape(n, -1).sum(axis=1)
    return error / np.maximum(energy, 1e-60)


def mean_db(ratio: NDArray) -> float:
    """Return the mean of power ratios in decibels."""
    return 10.0 * math.log10(max(float(np.mean(ratio)), 1e-30))


def snr_bins(snr_db: NDArray) -> list[tuple[float, float, NDArray[np.bool_]]]:
    """Return (low, high, mask) of the 5 dB wide bins that hold examples."""
    edges = np.floor(snr_db / SNR_STEP_DB)
    # The upper end of the last full bin belongs to it: 20 dB is not a bin of its own.
    edges = np.where(snr_db == snr_db.max(), np.ceil(snr_db / SNR_STEP_DB) - 1, edges)
    return [
        (float(e * SNR_STEP_DB), float((e + 1) * SNR_STEP_DB), edges == e) for e in np.unique(edges)
    ]


def auroc(negative: NDArray, positive: NDArray) -> float | None:
    """Return the chance that a positive scores above a negative, ties half; None without both.

    Reference:
        Mann and Whitney, "On a test of whether one of two random variables is stochastically
        larger than the other", 1947.
    """
    if not len(negative) or not len(positive):
        return None
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    ties = np.searchsorted(ordered, positive, side="right") - below
    wins = below.sum(dtype=np.float64) + 0.5 * ties.sum(dtype=np.float64)
    return float(wins / (len(negative) * len(positive)))


def class_curves(
    probabilities: NDArray, label: NDArray, class_names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return the curves of each class against the rest; classes that cannot be told are left out.

    Args:
        probabilities: Of each class ``(n, class)``.
        label: The true classes ``(n,)``.
        class_names: What the labels index.
    """
    curves = []
    for index, name in enumerate(class_names):
        is_class = label == index
        if not is_class.any() or is_class.all():
            continue
        hits, alarms = _counts(probabilities[:, index], is_class)
        recall, precision = hits / hits[-1], hits / np.maximum(hits + alarms, 1)
        false_alarm = alarms / alarms[-1]
        step = np.diff(recall, prepend=0.0)
        curves.append(
            {
                "class": name,
                "examples": int(is_class.sum()),
                "auroc": float(np.trapezoid(recall, false_alarm)),
                "average_precision": float((step * precision).sum()),
                "roc": _thinned(false_alarm, recall),
                "pr": _thinned(recall[1:], precision[1:]),
            }
        )
    return curves


def _counts(score: NDArray, positive: NDArray[np.bool_]) -> tuple[NDArray, NDArray]:
    """Return hits and false alarms at every threshold, from none to all, ``(threshold,)`` each."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)  # of equal scores
    hits = np.cumsum(positive[order])[last]
    return np.append(0, hits), np.append(0, last + 1 - hits)


def _thinned(x: NDArray, y: NDArray) -> list[list[float]]:
    """Return at most ``MAX_POINTS`` of a curve's points, evenly along it, with both ends."""
    along = np.append(0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y))))
    wanted = np.linspace(0.0, along[-1], min(MAX_POINTS, len(x)))
    kept = np.unique(np.minimum(np.searchsorted(along, wanted), len(x) - 1))
    return np.column_stack((x[kept], y[kept])).round(5).tolist()
