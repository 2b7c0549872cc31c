"""Metrics of forecasts and of real targets: the models and simple methods on the same rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.forecasts import (
    PastAndFuture,
    forecast_baselines,
    naive_scale,
    past_and_future,
    target_baselines,
)
from radarseq.baselines.names import NAIVE
from radarseq.dataset.row_operations import without_padding
from radarseq.dataset.schema import Examples
from radarseq.evaluation.metrics.comparison import MODEL, comparison
from radarseq.report.metrics import ForecastMetrics, TargetMetrics

_EXAMPLES, _EXAMPLE_STEPS = 4, 64  # to be drawn


def compare_forecasts(
    name: str,
    estimate: NDArray,
    evaluated: Examples,
    training: Examples | None,
    compared: dict[str, NDArray],
    horizon: int,
) -> dict[str, Any]:
    """Return the ``forecast`` part of the metrics: errors at the last valid step of each sequence.

    Args:
        name: Of the model, for the verdict.
        estimate: Of the model ``(n, step, horizon * channel)``.
        evaluated: The ``n`` rows, with what follows as ``target``.
        training: The rows that baselines are fitted on; None omits those that need any.
        compared: Estimates of other models, by name.
        horizon: Steps ahead.
    """
    series = past_and_future(evaluated, horizon)
    fitted = None if training is None or not len(training) else past_and_future(training, horizon)
    rows = np.arange(len(evaluated))
    forecasts = {
        method: values.reshape(len(rows), evaluated.steps, horizon, -1)[rows, series.length - 1]
        for method, values in ({MODEL: estimate} | compared).items()
    }
    baselines = forecast_baselines(series, fitted)
    forecasts |= baselines
    squared = {method: np.abs(e - series.future) ** 2 for method, e in forecasts.items()}
    scale = 0.0 if fitted is None else naive_scale(fitted)
    part = comparison(
        "forecast",
        {
            method: _forecast_metrics(values, series, squared.get(NAIVE), scale)
            for method, values in forecasts.items()
        },
        {method: error.mean(axis=(1, 2)) for method, error in squared.items()},
        baselines,
        {MODEL: name} | {other: other for other in compared},
        group=evaluated.columns.get("group"),
    )
    return part | {"horizon": horizon, "examples": _examples(forecasts, series)}


def _examples(forecasts: dict[str, NDArray], series: PastAndFuture) -> list[dict[str, Any]]:
    """Return a few forecasts to draw, evenly taken; of real sequences, their first channel."""
    if np.iscomplexobj(series.past) or not len(series.past):
        return []
    rows = np.unique(np.linspace(0, len(series.past) - 1, _EXAMPLES).astype(int))
    ahead = {"model": forecasts[MODEL], "naive": forecasts.get(NAIVE), "future": series.future}
    return [
        {
            "past": series.past[row, max(0, end - _EXAMPLE_STEPS) : end, 0].tolist(),
            **{key: None if v is None else v[row, :, 0].tolist() for key, v in ahead.items()},
        }
        for row, end in zip(rows, series.length[rows], strict=True)
    ]


def _forecast_metrics(
    estimate: NDArray, series: PastAndFuture, naive_squared: NDArray | None, scale: float
) -> ForecastMetrics:
    error = np.abs(estimate - series.future)
    squared = (error**2).mean(axis=(0, 2))
    absolute = error.mean(axis=(0, 2))
    skill, skill_by_horizon = None, None
    if naive_squared is not None and naive_squared.any():
        reference = naive_squared.mean(axis=(0, 2))
        skill = float(1.0 - squared.mean() / reference.mean())
        skill_by_horizon = [
            float(1.0 - e / r) if r else None for e, r in zip(squared, reference, strict=True)
        ]
    return ForecastMetrics(
        mse=float(squared.mean()),
        mae=float(absolute.mean()),
        mase=float(absolute.mean() / scale) if scale else None,
        skill=skill,
        mse_by_horizon=squared.tolist(),
        mase_by_horizon=(absolute / scale).tolist() if scale else None,
        skill_by_horizon=skill_by_horizon,
    )


def compare_targets(
    name: str,
    estimate: NDArray,
    evaluated: Examples,
    training: Examples | None,
    compared: dict[str, NDArray],
) -> dict[str, Any]:
    """Return the ``target`` part of the metrics: the root mean square error, in the target's unit.

    Args:
        name: Of the model, for the verdict.
        estimate: Of the model, of the target's shape.
        evaluated: The rows, with ``target``.
        training: The rows whose mean at each step is a baseline.
        compared: Estimates of other models, by name.
    """
    target = evaluated["target"].astype(np.float64)
    baselines = target_baselines(training, evaluated)
    per_row = {
        method: _row_error(values, target, evaluated)
        for method, values in ({MODEL: estimate} | compared | baselines).items()
    }
    return comparison(
        "target",
        {m: TargetMetrics(rmse=float(np.sqrt(e.mean()))) for m, e in per_row.items()},
        per_row,
        baselines,
        {MODEL: name} | {other: other for other in compared},
        group=evaluated.columns.get("group"),
    )


def _row_error(estimate: NDArray, target: NDArray, examples: Examples) -> NDArray[np.float64]:
    """Return the mean squared error of each row over its valid steps, ``(n,)``."""
    # A network gives (n, step) for a target of one channel, which may be stored as (n, step, 1).
    squared = (estimate.reshape(target.shape).astype(np.float64) - target) ** 2
    by_step = squared.reshape(len(target), target.shape[1], -1).mean(axis=2)
    length = examples.columns.get("length")
    if length is None:
        return by_step.mean(axis=1)
    return without_padding(by_step, length).sum(axis=1) / length
