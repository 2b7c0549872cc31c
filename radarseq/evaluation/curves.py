"""ROC and precision-recall curves, and the areas under them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 201  # of a curve that is drawn


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
    """Return at most ``MOST_POINTS`` of a curve's points, evenly along it, with both ends."""
    along = np.append(0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y))))
    wanted = np.linspace(0.0, along[-1], min(MOST_POINTS, len(x)))
    kept = np.unique(np.minimum(np.searchsorted(along, wanted), len(x) - 1))
    return np.column_stack((x[kept], y[kept])).round(5).tolist()
