"""Comparison of the models with the baselines on the same rows: table, difference, verdict."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.evaluation.metrics.bootstrap import PairedDifference, paired_difference
from radarseq.evaluation.metrics.classification import snr_bins
from radarseq.report.metrics import MetricColumn, compared_column
from radarseq.report.text import plain

MODEL = "model"  # the evaluated model among the methods, in ``metrics.json``


def comparison(
    part: str,
    metrics: Mapping[str, Any],
    per_row: Mapping[str, NDArray],
    baselines: Collection[str],
    names: Mapping[str, str],
    *,
    group: NDArray | None = None,
    weight: NDArray | None = None,
) -> dict[str, Any]:
    """Return ``model``, ``baselines`` and ``verdict`` of one part of the metrics.

    Args:
        part: Of the metrics; it decides what the verdict compares.
        metrics: Metrics of each method, an instance of the part's class; ``MODEL`` among them.
        per_row: Loss or correctness of each row by each method, ``(n,)``.
        baselines: The methods that a model has to beat.
        names: What verdicts call each model, by method.
        group: Object or recording of each row ``(n,)``; None if unknown.
        weight: Of each row in the means ``(n,)``; None for equal weights.
    """
    column = compared_column(part)
    others = {method: per_row[method] for method in baselines}
    numbers = {method: asdict(found) for method, found in metrics.items()}
    return {
        "model": numbers.pop(MODEL),
        "baselines": numbers,
        "verdict": " ".join(
            compare(name, per_row[method], others, column, group, weight)[1]
            for method, name in names.items()
        ),
    }


def compare(
    name: str,
    own: NDArray,
    baselines: Mapping[str, NDArray],
    column: MetricColumn,
    group: NDArray | None = None,
    weight: NDArray | None = None,
) -> tuple[PairedDifference | None, str]:
    """Return how far a model is better than its best baseline, and that as a sentence.

    A method is better where the 95 % interval of the paired difference lies on its side of zero.

    Args:
        name: Of the model.
        own: Its loss or correctness of each row ``(n,)``.
        baselines: Of each baseline ``(n,)``; if there are none, there is no difference.
        column: The metric that these rows have the mean of.
        group: See ``paired_difference``.
        weight: See ``paired_difference``.
    """
    form = column.verdict
    assert form is not None, f"no verdict compares {column.key}"

    def text(score: float) -> str:
        return plain(column.text(score)) + form.score_unit

    def difference(value: float) -> str:
        return f"{form.scale * value:{form.digits}}"

    if not baselines:
        score = text(float(form.score(np.average(own, weights=weight))))
        return None, (
            f"{name}: {form.name}{score}; no baseline could be fitted: the training data are gone "
            "or have changed."
        )
    sign = 1 if column.higher_is_better else -1
    best = max(baselines, key=lambda b: sign * np.average(baselines[b], weights=weight))
    found = paired_difference(own, baselines[best], group, weight, form.score)
    scores = f"{form.name}{text(found.first)} against {text(found.second)}"
    if found.interval is None:
        return found, f"{name} against {best}: {scores}; too few windows for a verdict."
    gain = sign * (found.first - found.second)
    low, high = sorted(sign * end for end in found.interval)
    if low > 0:
        ends = f"95 % interval {difference(low)} to {difference(high)}{form.unit}"
        return found, f"{name} beats {best} by {difference(gain)}{form.unit} ({scores}; {ends})."
    if high < 0:
        ends = f"95 % interval {difference(-high)} to {difference(-low)}{form.unit}"
        return found, (
            f"{name} does NOT beat its baseline: {best} is {difference(-gain)}{form.unit} better "
            f"({scores}; {ends})."
        )
    return found, (
        f"{name} is level with {best} ({scores}): the 95 % interval of the difference, "
        f"{difference(low)} to {difference(high)}{form.unit}, includes zero."
    )


def by_snr(
    snr_db: NDArray, key: str, per_row: Mapping[str, NDArray], score: Callable[[NDArray], float]
) -> list[dict[str, Any]]:
    """Return one row per SNR bin: its edges, its examples, and each method's score as ``key``."""
    return [
        {
            "low_db": low,
            "high_db": high,
            "examples": int(rows.sum()),
            key: {method: score(values[rows]) for method, values in per_row.items()},
        }
        for low, high, rows in snr_bins(snr_db)
    ]
