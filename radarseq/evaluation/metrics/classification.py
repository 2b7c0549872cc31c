"""Metrics of arrays: accuracy and its interval, log loss, calibration, curves, echo error."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import (
    auc,
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    recall_score,
    roc_curve,
)

from radarseq.report.metrics import ClassMetrics

CALIBRATION_BINS = 10
SNR_STEP_DB = 5.0
MAX_POINTS = 201  # of a curve that is drawn
_FLOOR = 1e-12


def class_metrics(probabilities: NDArray, label: NDArray) -> ClassMetrics:
    """Return the metrics of class probabilities ``(n, class)`` against labels ``(n,)``.

    Accuracy comes with its 95 % Wilson interval; log loss is in nats; the calibration error is
    the mean distance of confidence from accuracy over ten bins of confidence, weighted by size.
    """
    decision = probabilities.argmax(axis=1)
    is_correct = decision == label
    low, high = wilson_interval(is_correct)
    of_label = probabilities[np.arange(len(label)), label]
    error = sum(
        b["examples"] * abs(b["confidence"] - b["accuracy"])
        for b in reliability(probabilities, label)
    )
    return ClassMetrics(
        accuracy=float(is_correct.mean()),
        accuracy_low=low,
        accuracy_high=high,
        balanced_accuracy=balanced_accuracy(decision, label),
        log_loss=float(-np.log(np.clip(of_label, _FLOOR, 1.0)).mean() + 0.0),
        calibration_error=float(error / len(label)),
    )


def wilson_interval(is_correct: NDArray) -> tuple[float, float]:
    """Return Wilson's 95 % interval of the share of correct ones of independent decisions (n,)."""
    interval = binomtest(int(is_correct.sum()), len(is_correct)).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def balanced_accuracy(decision: NDArray, label: NDArray) -> float:
    """Return the mean recall over the classes that occur in ``label``."""
    # balanced_accuracy_score gives the same, and warns of decisions for a class without rows.
    return float(recall_score(label, decision, labels=np.unique(label), average="macro"))


def reliability(probabilities: NDArray, label: NDArray) -> list[dict[str, Any]]:
    """Return, for each bin of confidence that occurs, its mean confidence, accuracy and size."""
    confidence = probabilities.max(axis=1)
    is_correct = probabilities.argmax(axis=1) == label
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return [
        {
            "confidence": float(confidence[bins == b].mean()),
            "accuracy": float(is_correct[bins == b].mean()),
            "examples": int((bins == b).sum()),
        }
        for b in np.unique(bins)
    ]


def confusion(decision: NDArray, label: NDArray, classes: int) -> list[list[int]]:
    """Return counts, one row per true class, one column per decision."""
    return confusion_matrix(label, decision, labels=range(classes)).tolist()


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
    """Return the probability that a positive scores above a negative; None without both.

    Ties count half. Unlike scikit-learn's, this takes scores that are not finite.

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
    """Return the curves of each class against the rest; classes without both are omitted.

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
        score = np.nan_to_num(probabilities[:, index])  # NaN is no evidence for any class
        false_alarm, hit, _ = roc_curve(is_class, score, drop_intermediate=False)
        precision, recall, _ = precision_recall_curve(is_class, score)
        curves.append(
            {
                "class": name,
                "examples": int(is_class.sum()),
                "auroc": float(auc(false_alarm, hit)),
                "average_precision": float(average_precision_score(is_class, score)),
                "roc": _thin(false_alarm, hit),
                # From the highest threshold, without the point of no decisions at all.
                "pr": _thin(recall[-2::-1], precision[-2::-1]),
            }
        )
    return curves


def _thin(x: NDArray, y: NDArray) -> list[list[float]]:
    """Return at most ``MAX_POINTS`` of a curve's points, evenly along it, with both ends."""
    along = np.append(0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y))))
    wanted = np.linspace(0.0, along[-1], min(MAX_POINTS, len(x)))
    points = np.unique(np.minimum(np.searchsorted(along, wanted), len(x) - 1))
    return np.column_stack((x[points], y[points])).round(5).tolist()
