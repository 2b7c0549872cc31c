"""How good: accuracy and its interval, log loss, calibration, confusion, echo error, by SNR."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

CALIBRATION_BINS = 10
SNR_STEP_DB = 5.0
_FLOOR = 1e-12


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
