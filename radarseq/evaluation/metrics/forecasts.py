"""Forecasts, symbols and real targets beside what a simpler method says; the verdict in words."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.forecasts import (
    LinearForecast,
    Series,
    drift,
    naive,
    naive_scale,
    season_of,
    seasonal_naive,
    series_of,
)
from radarseq.dataset.schema import Examples

NAIVE, DRIFT, LINEAR, MEAN, COPY = "naive", "drift", "linear", "mean of training", "copy"
_EXAMPLES, _SHOWN_STEPS = 4, 64  # to be drawn
_GONE = "no baseline could be fitted: the training data are gone or have changed."


def compare_forecasts(
    name: str,
    estimate: NDArray,
    judged: Examples,
    training: Examples | None,
    beside: dict[str, NDArray],
    horizon: int,
) -> dict[str, Any]:
    """Return the forecast part of the metrics: errors at the last valid step of each sequence.

    Args:
        name: Of the model, for the verdict.
        estimate: Of the model ``(n, step, horizon * channel)``.
        judged: The ``n`` rows, with what to foresee as ``target``.
        training: The rows that baselines are fitted on; None leaves out those that need any.
        beside: Estimates of other models, by name.
        horizon: Steps ahead.
    """
    series = series_of(judged, horizon)
    rows = np.arange(len(judged))

    def at_last(values: NDArray) -> NDArray:
        by_step = values.reshape(len(judged), judged.steps, horizon, -1)
        return by_step[rows, series.length - 1]

    said = {"model": at_last(estimate)} | {who: at_last(e) for who, e in beside.items()}
    fitted = None if training is None or not len(training) else series_of(training, horizon)
    if series.past.shape[2] == series.future.shape[2]:
        said |= {NAIVE: naive(series, horizon), DRIFT: drift(series, horizon)}
        if fitted is not None:
            period = season_of(fitted)
            said[f"seasonal naive ({period})"] = seasonal_naive(series, horizon, period)
    if fitted is not None:
        said[LINEAR] = LinearForecast(fitted)(series)
    squared = {who: np.abs(e - series.future) ** 2 for who, e in said.items()}
    scale = 0.0 if fitted is None else naive_scale(fitted)
    metrics = {
        who: _forecast_metrics(e, series, squared.get(NAIVE), scale) for who, e in said.items()
    }
    own = {who for who in said if who == "model" or who in beside}
    per_row = {who: e.mean(axis=(1, 2)) for who, e in squared.items()}
    baselines = {who: e for who, e in per_row.items() if who not in own}
    return {
        "model": metrics.pop("model"),
        "baselines": metrics,
        "horizon": horizon,
        "examples": _examples(said, series),
        "verdict": " ".join(
            _gain_in_words(who, per_row[key], baselines, "squared error")
            for who, key in [(name, "model"), *((other, other) for other in beside)]
        ),
    }


def _examples(said: dict[str, NDArray], series: Series) -> list[dict[str, Any]]:
    """Return a few forecasts to look at, evenly taken; of real sequences, their first channel."""
    if np.iscomplexobj(series.past) or not len(series.past):
        return []
    rows = np.unique(np.linspace(0, len(series.past) - 1, _EXAMPLES).astype(int))
    shown = {"model": said["model"], "naive": said.get(NAIVE), "future": series.future}
    return [
        {
            "past": series.past[row, max(0, end - _SHOWN_STEPS) : end, 0].tolist(),
            **{who: None if e is None else e[row, :, 0].tolist() for who, e in shown.items()},
        }
        for row, end in zip(rows, series.length[rows], strict=True)
    ]


def _forecast_metrics(
    estimate: NDArray, series: Series, naive_squared: NDArray | None, scale: float
) -> dict[str, Any]:
    error = np.abs(estimate - series.future)
    by_horizon = (error**2).mean(axis=(0, 2))
    absolute = error.mean(axis=(0, 2))
    told: dict[str, Any] = {
        "mse": float(by_horizon.mean()),
        "mae": float(absolute.mean()),
        "mase": float(absolute.mean() / scale) if scale else None,
        "skill": None,
        "mse_by_horizon": by_horizon.tolist(),
        "mase_by_horizon": (absolute / scale).tolist() if scale else None,
        "skill_by_horizon": None,
    }
    if naive_squared is not None and naive_squared.any():
        beaten = naive_squared.mean(axis=(0, 2))
        told["skill"] = float(1.0 - by_horizon.mean() / beaten.mean())
        told["skill_by_horizon"] = [
            float(1.0 - e / b) if b else None for e, b in zip(by_horizon, beaten, strict=True)
        ]
    return told


def compare_targets(
    name: str,
    estimate: NDArray,
    judged: Examples,
    training: Examples | None,
    beside: dict[str, NDArray],
) -> dict[str, Any]:
    """Return the part of a real target: the root mean square error in the target's unit.

    Args:
        name: Of the model, for the verdict.
        estimate: Of the model, of the target's shape.
        judged: The rows, with ``target``.
        training: The rows whose mean at each step is a baseline.
        beside: Estimates of other models, by name.
    """
    target = judged["target"].astype(np.float64)
    said: dict[str, NDArray] = {"model": estimate} | beside
    baselines = []
    if training is not None and len(training):
        said[MEAN] = np.broadcast_to(_mean_by_step(training), target.shape)
        baselines.append(MEAN)
    if judged.input.shape == target.shape and not np.iscomplexobj(judged.input):
        said[COPY] = judged.input
        baselines.append(COPY)
    per_row = {who: _row_error(e, target, judged) for who, e in said.items()}
    metrics = {who: {"rmse": float(np.sqrt(e.mean()))} for who, e in per_row.items()}
    fair = {who: per_row[who] for who in baselines}
    return {
        "model": metrics.pop("model"),
        "baselines": metrics,
        "verdict": " ".join(
            _gain_in_words(who, per_row[key], fair, "squared error")
            for who, key in [(name, "model"), *((other, other) for other in beside)]
        ),
    }


def _row_error(estimate: NDArray, target: NDArray, judged: Examples) -> NDArray[np.float64]:
    squared = (estimate.astype(np.float64) - target) ** 2
    by_step = squared.reshape(len(target), target.shape[1], -1).mean(axis=2)
    if "length" not in judged:
        return by_step.mean(axis=1)
    valid = np.arange(target.shape[1]) < judged["length"][:, None]
    return (by_step * valid).sum(axis=1) / judged["length"]


def _mean_by_step(training: Examples) -> NDArray[np.float64]:
    target = training["target"].astype(np.float64)
    if "length" not in training:
        return target.mean(axis=0)
    valid = np.arange(target.shape[1]) < training["length"][:, None]
    valid = valid.reshape(*valid.shape, *[1] * (target.ndim - 2))
    return np.where(valid, target, 0.0).sum(axis=0) / np.maximum(valid.sum(axis=0), 1)


def _gain_in_words(
    name: str, own: NDArray[np.float64], baselines: dict[str, NDArray[np.float64]], unit: str
) -> str:
    """Say whether a model loses less than its best baseline, row by row on the same rows."""
    scores = f"mean {unit} {own.mean():.4g}"
    if not baselines:
        return f"{name}: {scores}; {_GONE}"
    best = min(baselines, key=lambda who: baselines[who].mean())
    gain = baselines[best] - own
    spread = 1.96 * gain.std() / np.sqrt(len(gain))
    scores += f" against {baselines[best].mean():.4g}"
    if gain.mean() > spread:
        return f"{name} beats {best} ({scores})."
    if gain.mean() < -spread:
        return f"{name}: no gain over {best}, which is better ({scores})."
    return (
        f"{name}: no gain over {best} ({scores}): the difference lies within its 95 % interval of "
        f"{spread:.2g}."
    )
