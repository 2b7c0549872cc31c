"""How far chance may have moved a metric: captures are drawn again, with all their windows.

The windows of a capture resemble each other, so that an interval from windows alone is too narrow.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.evaluation.metrics.classification import wilson_interval

RESAMPLES = 1000
_MAX_DRAWS = 4_000_000  # numbers in memory at once
_LEVEL = (2.5, 97.5)
_FLOOR = 1e-12


def intervals_by_capture(
    probabilities: NDArray, label: NDArray, group: NDArray, seed: int = 0
) -> dict[str, Any] | None:
    """Return 95 % intervals of accuracy, balanced accuracy and log loss; None of one capture.

    Args:
        probabilities: Of each window ``(n, class)``.
        label: The true classes ``(n,)``.
        group: Which capture each window belongs to ``(n,)``.
        seed: Of the draws.

    Reference:
        Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8
        (resampling of clusters); percentile intervals, section 5.3.
    """
    _, capture = np.unique(group, return_inverse=True)
    captures, classes = int(capture.max()) + 1, probabilities.shape[1]
    if captures < 2:
        return None
    cell = capture * classes + label
    right = probabilities.argmax(axis=1) == label
    chosen = np.clip(probabilities[np.arange(len(label)), label].astype(float), _FLOOR, 1.0)
    # A row a capture: windows and hits of each class, then the loss of all.
    table = np.column_stack(
        [
            np.bincount(cell, minlength=captures * classes).reshape(captures, classes),
            np.bincount(cell, right, minlength=captures * classes).reshape(captures, classes),
            np.bincount(capture, -np.log(chosen), minlength=captures),
        ]
    )
    drawn = _resampled(table, seed)  # (resample, 2 class + 1)
    windows, hits, loss = drawn[:, :classes], drawn[:, classes:-1], drawn[:, -1]
    occurs = windows > 0
    recall = np.divide(hits, windows, out=np.zeros_like(hits), where=occurs)
    number = windows.sum(axis=1)
    return {
        "resamples": RESAMPLES,
        "captures": captures,
        "accuracy": interval(hits.sum(axis=1) / number),
        "balanced_accuracy": interval(recall.sum(axis=1) / occurs.sum(axis=1)),
        "log_loss": interval(loss / number),
    }


def share_interval(right: NDArray, seed: int = 0) -> list[float] | None:
    """Return the 95 % interval of the share of right captures ``(n,)``; None of fewer than two.

    Captures that are all right, or all wrong, stay so however they are drawn again: Wilson's
    interval then says what their number allows.
    """
    if len(right) < 2:
        return None
    if np.ptp(right.astype(float)) == 0:
        return list(wilson_interval(right))
    drawn = _resampled(np.asarray(right, dtype=np.float64)[:, None], seed)
    return interval(drawn[:, 0] / len(right))


def interval(values: NDArray) -> list[float]:
    """Return the ends of the 95 % percentile interval."""
    return [float(end) for end in np.percentile(values, _LEVEL)]


def _resampled(table: NDArray, seed: int) -> NDArray[np.float64]:
    """Return the column sums of ``RESAMPLES`` redrawings of the rows, ``(resample, column)``."""
    generator = np.random.default_rng(seed)
    rows = len(table)
    at_once = max(1, _MAX_DRAWS // rows)
    sums = [
        generator.multinomial(rows, np.full(rows, 1 / rows), min(at_once, RESAMPLES - first))
        @ table
        for first in range(0, RESAMPLES, at_once)
    ]
    return np.concatenate(sums).astype(np.float64)
