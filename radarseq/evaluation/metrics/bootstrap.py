"""95 % intervals by the bootstrap: groups of windows are drawn again, with all their windows.

The windows of a group resemble each other, so that an interval from single windows is too narrow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from radarseq.dataset.row_operations import rank_in_group
from radarseq.evaluation.metrics.classification import wilson_interval

RESAMPLES = 1000
MIN_UNITS = 6  # of five, all favour the same method by luck alone in one case of sixteen
_MAX_UNITS = 2000  # more units change an interval by less than its resampling does
_MAX_DRAWS = 4_000_000  # numbers in memory at once
_LEVEL = (2.5, 97.5)
_FLOOR = 1e-12


def intervals_by_capture(
    probabilities: NDArray, label: NDArray, group: NDArray, seed: int = 0
) -> dict[str, Any] | None:
    """Return 95 % intervals of accuracy, balanced accuracy and log loss; None of one group.

    Args:
        probabilities: Of each window ``(n, class)``.
        label: The true classes ``(n,)``.
        group: Object or recording of each window ``(n,)``.
        seed: Of the draws.

    Reference:
        Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8
        (resampling of clusters); percentile intervals, section 5.3.
    """
    _, index = np.unique(group, return_inverse=True)
    groups, classes = int(index.max()) + 1, probabilities.shape[1]
    if groups < 2:
        return None
    cell = index * classes + label
    is_correct = probabilities.argmax(axis=1) == label
    of_label = np.clip(probabilities[np.arange(len(label)), label].astype(float), _FLOOR, 1.0)
    # One row per group: windows and hits of each class, then the loss of all.
    table = np.column_stack(
        [
            np.bincount(cell, minlength=groups * classes).reshape(groups, classes),
            np.bincount(cell, is_correct, minlength=groups * classes).reshape(groups, classes),
            np.bincount(index, -np.log(of_label), minlength=groups),
        ]
    )
    drawn = _resample(table, seed)  # (resample, 2 class + 1)
    windows, hits, loss = drawn[:, :classes], drawn[:, classes:-1], drawn[:, -1]
    occurs = windows > 0
    recall = np.divide(hits, windows, out=np.zeros_like(hits), where=occurs)
    number = windows.sum(axis=1)
    return {
        "resamples": RESAMPLES,
        "captures": groups,
        "accuracy": _percentiles(hits.sum(axis=1) / number),
        "balanced_accuracy": _percentiles(recall.sum(axis=1) / occurs.sum(axis=1)),
        "log_loss": _percentiles(loss / number),
    }


def share_interval(is_correct: NDArray, seed: int = 0) -> list[float] | None:
    """Return the 95 % interval of the share of correct groups ``(n,)``; None of fewer than two.

    Groups that are all correct, or all wrong, stay so in every resample: Wilson's interval then
    gives what their number allows.
    """
    if len(is_correct) < 2:
        return None
    if np.ptp(is_correct.astype(float)) == 0:
        return list(wilson_interval(is_correct))
    drawn = _resample(np.asarray(is_correct, dtype=np.float64)[:, None], seed)
    return _percentiles(drawn[:, 0] / len(is_correct))


@dataclass(frozen=True)
class PairedDifference:
    """Difference of two methods on the same rows.

    Attributes:
        first: Score of the first method.
        second: Score of the second one.
        interval: 95 % interval of ``first - second``; None where there are too few rows.
    """

    first: float
    second: float
    interval: tuple[float, float] | None


def paired_difference(
    first: NDArray,
    second: NDArray,
    group: NDArray | None = None,
    weight: NDArray | None = None,
    score: Callable[[Any], Any] = lambda mean: mean,
    seed: int = 0,
) -> PairedDifference:
    """Return the difference of two methods' scores, with its 95 % interval.

    Groups are resampled. Where there are fewer than ``MIN_UNITS``, blocks of consecutive rows are
    resampled instead, whose length grows with the cube root of the number of rows: then the
    interval holds for these groups, and not for others.

    Args:
        first: Loss or correctness of each row by the first method ``(n,)``.
        second: By the second method ``(n,)``.
        group: Object or recording of each row ``(n,)``; None takes the rows as one sequence.
        weight: Of each row in the mean ``(n,)``; None for equal weights.
        score: Increasing function of a mean, which makes the score.
        seed: Of the draws.

    Reference:
        Davison and Hinkley, 1997, section 3.8 (clusters) and 8.2.3 (blocks); Hall, Horowitz and
        Jing, "On blocking rules for the bootstrap with dependent data", 1995 (their length);
        Hesterberg, "What teachers should know about the bootstrap", 2015, section 5.2 (percentile
        intervals expanded to the width of Student's t, for few units).
    """
    weight = np.ones(len(first)) if weight is None else weight.astype(float)
    unit = _units(len(first), group)
    parts = (first * weight, second * weight, weight)
    table = np.column_stack([np.bincount(unit, values) for values in parts])
    ours, theirs, total = table.sum(axis=0)
    units, interval = len(table), None
    if units >= MIN_UNITS:
        drawn = _resample(table, seed)
        drawn = drawn[drawn[:, 2] > 0]
        difference = score(drawn[:, 0] / drawn[:, 2]) - score(drawn[:, 1] / drawn[:, 2])
        tail = norm.cdf(np.sqrt(units / (units - 1)) * t.ppf(0.025, units - 1))
        low, high = np.quantile(difference, [tail, 1 - tail])
        interval = float(low), float(high)
    return PairedDifference(float(score(ours / total)), float(score(theirs / total)), interval)


def _units(rows: int, group: NDArray | None) -> NDArray[np.int64]:
    """Return the index of the unit of resampling that each row belongs to, ``(n,)``."""
    group = np.zeros(rows, np.int64) if group is None else group
    _, unit = np.unique(group, return_inverse=True)
    if unit.max() + 1 < MIN_UNITS:
        block = rank_in_group(unit) // int(np.ceil(rows ** (1 / 3)))
        _, unit = np.unique(unit * rows + block, return_inverse=True)
    units = int(unit.max()) + 1
    return unit * _MAX_UNITS // units if units > _MAX_UNITS else unit


def _percentiles(values: NDArray) -> list[float]:
    """Return the ends of the 95 % percentile interval."""
    return [float(end) for end in np.percentile(values, _LEVEL)]


def _resample(table: NDArray, seed: int) -> NDArray[np.float64]:
    """Return the column sums of ``RESAMPLES`` resamples of the rows, ``(resample, column)``."""
    generator = np.random.default_rng(seed)
    rows = len(table)
    at_once = max(1, _MAX_DRAWS // rows)
    sums = [
        generator.multinomial(rows, np.full(rows, 1 / rows), min(at_once, RESAMPLES - first))
        @ table
        for first in range(0, RESAMPLES, at_once)
    ]
    return np.concatenate(sums).astype(np.float64)
