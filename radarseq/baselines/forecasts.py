"""Forecast baselines: the last value, the season, the drift, and a closed-form linear model.

Each forecasts the values after the last valid step of a sequence, from the input up to it. For
real targets that are not forecasts, the baselines are the mean of training and the input itself.

Reference:
    Hyndman and Athanasopoulos, Forecasting: principles and practice, 3rd ed., sections 5.2 and 5.8;
    Hyndman and Koehler, "Another look at measures of forecast accuracy", 2006 (MASE).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.names import COPY, DRIFT, LINEAR, MEAN, NAIVE
from radarseq.dataset.row_operations import decode, valid_steps, without_padding
from radarseq.dataset.schema import Examples

_MAX_LAGS = 64
_ROWS_PER_LAG = 8  # with fewer training windows per weight the model would overfit
_RIDGE = 1e-9  # of the mean power of the lags; keeps constant series solvable


@dataclass(frozen=True)
class PastAndFuture:
    """Sequences up to their last valid step, and the values after it.

    Attributes:
        past: ``(n, step, channel)``, without transmitted code.
        length: Valid steps of each ``(n,)``.
        future: Values after the last valid step ``(n, horizon, channel)``.
    """

    past: NDArray
    length: NDArray[np.int64]
    future: NDArray

    @property
    def last(self) -> NDArray:
        """The last valid values, ``(n, channel)``."""
        return self.past[np.arange(len(self.past)), self.length - 1]

    def before(self, steps: NDArray[np.int64] | int) -> NDArray:
        """Return the values some steps before the last, the first one where there is none."""
        index = np.maximum(self.length - 1 - steps, 0)
        return self.past[np.arange(len(self.past)), index]


def past_and_future(examples: Examples, horizon: int) -> PastAndFuture:
    """Return the sequences of a forecasting task, and the values after their last step."""
    past = examples.input if examples.input.ndim == 3 else examples.input[..., None]
    if examples.code is not None:
        past = decode(past, examples.code.astype(np.complex128))
    steps = past.shape[1]
    length = examples.columns.get("length", np.full(len(past), steps)).astype(np.int64)
    target = examples["target"].reshape(len(past), steps, horizon, -1)
    wide = np.complex128 if np.iscomplexobj(past) else np.float64
    future = target[np.arange(len(past)), length - 1]
    return PastAndFuture(past.astype(wide), length, future.astype(wide))


def forecast_baselines(series: PastAndFuture, training: PastAndFuture | None) -> dict[str, NDArray]:
    """Return the forecasts ``(n, horizon, channel)`` of each baseline that applies, by its name.

    Args:
        series: Sequences to forecast.
        training: Sequences to fit on; None omits the baselines that need any.
    """
    forecasts, horizon = {}, series.future.shape[1]
    if series.past.shape[2] == series.future.shape[2]:
        forecasts = {NAIVE: naive(series, horizon), DRIFT: drift(series, horizon)}
        if training is not None:
            period = season_of(training)
            name = f"seasonal naive ({period})"
            forecasts[name] = seasonal_naive(series, horizon, period)
    if training is not None:
        forecasts[LINEAR] = LinearForecast(training)(series)
    return forecasts


def target_baselines(training: Examples | None, evaluated: Examples) -> dict[str, NDArray]:
    """Return the estimates of a real target by each baseline that applies, by its name.

    Args:
        training: Rows whose mean at each step is a baseline; None omits it.
        evaluated: Rows with ``target``.
    """
    target, estimates = evaluated["target"], {}
    if training is not None and len(training):
        estimates[MEAN] = np.broadcast_to(_mean_by_step(training), target.shape)
    if evaluated.input.shape == target.shape and not np.iscomplexobj(evaluated.input):
        estimates[COPY] = evaluated.input
    return estimates


def _mean_by_step(training: Examples) -> NDArray[np.float64]:
    target, length = training["target"].astype(np.float64), training.columns.get("length")
    if length is None:
        return target.mean(axis=0)
    rows = valid_steps(length, target.shape[1]).sum(axis=0)
    rows = np.maximum(rows, 1).reshape(-1, *[1] * (target.ndim - 2))
    return without_padding(target, length).sum(axis=0) / rows


def naive(series: PastAndFuture, horizon: int) -> NDArray:
    """Return the last value, repeated, ``(n, horizon, channel)``."""
    return np.repeat(series.last[:, None], horizon, axis=1)


def seasonal_naive(series: PastAndFuture, horizon: int, period: int) -> NDArray:
    """Return the values one period before, ``(n, horizon, channel)``."""
    ahead = [series.before(period * -(-h // period) - h) for h in range(1, horizon + 1)]
    return np.stack(ahead, axis=1)


def drift(series: PastAndFuture, horizon: int) -> NDArray:
    """Return the line through the first and the last value, ``(n, horizon, channel)``."""
    span = np.maximum(series.length - 1, 1)[:, None]
    change = (series.last - series.past[:, 0]) / span  # per step
    ahead = np.arange(1, horizon + 1)[None, :, None]
    return series.last[:, None] + ahead * change[:, None]


def season_of(series: PastAndFuture) -> int:
    """Return the lag, from 2 to half the sequence, of the largest mean autocorrelation.

    The autocorrelation is that of the differences from each sequence's mean.
    """
    max_lag = series.past.shape[1] // 2
    if max_lag < 2:
        return 1
    valid = valid_steps(series.length, series.past.shape[1])
    mean = (series.past * valid[..., None]).sum(axis=1) / series.length[:, None]
    centred = (series.past - mean[:, None]) * valid[..., None]
    scores = []
    for lag in range(2, max_lag + 1):
        pairs = (valid[:, lag:] & valid[:, :-lag]).sum()
        product = (centred[:, lag:] * centred[:, :-lag].conj()).sum().real
        scores.append(product / max(1, pairs))
    return 2 + int(np.argmax(scores))


class LinearForecast:
    """Least squares of the future on the latest values of all channels and a constant.

    Args:
        training: Sequences to fit on, each at its last valid step.
    """

    def __init__(self, training: PastAndFuture) -> None:
        channels = training.past.shape[2]
        max_fitted = len(training.past) // (_ROWS_PER_LAG * channels)
        self.lags = max(1, min(_MAX_LAGS, int(training.length.min()), max_fitted))
        design = self._design(training)
        targets = training.future.reshape(len(design), -1)
        gram = design.conj().T @ design
        ridge = _RIDGE * np.trace(gram).real / len(gram)
        self._weights = np.linalg.solve(
            gram + max(ridge, 1e-300) * np.eye(len(gram)), design.conj().T @ targets
        )
        self._shape = training.future.shape[1:]

    def __call__(self, series: PastAndFuture) -> NDArray:
        """Return the forecast, ``(n, horizon, channel)``."""
        return (self._design(series) @ self._weights).reshape(-1, *self._shape)

    def _design(self, series: PastAndFuture) -> NDArray:
        lagged = [series.before(lag) for lag in range(self.lags)]
        return np.concatenate((*lagged, np.ones((len(series.past), 1))), axis=1)


def naive_scale(training: PastAndFuture) -> float:
    """Return the mean absolute change from step to step in training, by which MASE divides."""
    valid = valid_steps(training.length, training.past.shape[1])[:, 1:]
    change = np.abs(np.diff(training.past, axis=1)).mean(axis=2)
    return float(change[valid].mean()) if valid.any() else 0.0
