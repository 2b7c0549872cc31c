"""What a forecast has to beat: the last value, the season, the drift, the closed-form linear model.

And for symbols: the one that came before, and how often what followed what. Each forecast looks at
the input up to the last valid step of a sequence, and says what comes after it.

Reference:
    Hyndman and Athanasopoulos, Forecasting: principles and practice, 3rd ed., sections 5.2 and 5.8;
    Hyndman and Koehler, "Another look at measures of forecast accuracy", 2006 (MASE).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import Examples

_MAX_LAGS = 64
_ROWS_PER_LAG = 8  # fewer training windows than this for each weight would be learnt by heart
_RIDGE = 1e-9  # of the mean power of the lags; keeps constant series solvable


@dataclass(frozen=True)
class Series:
    """Sequences up to their last valid step, and what came next.

    Attributes:
        past: ``(n, step, channel)``, without transmitted code.
        length: Valid steps of each ``(n,)``.
        future: What came next ``(n, horizon, channel)``.
    """

    past: NDArray
    length: NDArray[np.int64]
    future: NDArray

    @property
    def last(self) -> NDArray:
        """The last valid values, ``(n, channel)``."""
        return self.past[np.arange(len(self.past)), self.length - 1]

    def ago(self, steps: NDArray[np.int64] | int) -> NDArray:
        """Return the values some steps before the last, the first one where there is none."""
        index = np.maximum(self.length - 1 - steps, 0)
        return self.past[np.arange(len(self.past)), index]


def series_of(examples: Examples, horizon: int) -> Series:
    """Return the sequences of a forecasting task with what came after their last step."""
    past = examples.input if examples.input.ndim == 3 else examples.input[..., None]
    if examples.code is not None:
        tx = examples.code.astype(np.complex128).reshape(*past.shape[:2], -1)
        past = past * tx.conj() / np.maximum(np.abs(tx) ** 2, 1e-300)
    steps = past.shape[1]
    length = examples.columns.get("length", np.full(len(past), steps)).astype(np.int64)
    target = examples["target"].reshape(len(past), steps, horizon, -1)
    wide = np.complex128 if np.iscomplexobj(past) else np.float64
    future = target[np.arange(len(past)), length - 1]
    return Series(past.astype(wide), length, future.astype(wide))


def naive(series: Series, horizon: int) -> NDArray:
    """Return the last value, again and again, ``(n, horizon, channel)``."""
    return np.repeat(series.last[:, None], horizon, axis=1)


def seasonal_naive(series: Series, horizon: int, period: int) -> NDArray:
    """Return the values of a period before, ``(n, horizon, channel)``."""
    ahead = [series.ago(period * -(-h // period) - h) for h in range(1, horizon + 1)]
    return np.stack(ahead, axis=1)


def drift(series: Series, horizon: int) -> NDArray:
    """Return the line through the first and the last value, ``(n, horizon, channel)``."""
    span = np.maximum(series.length - 1, 1)[:, None]
    slope = (series.last - series.past[:, 0]) / span
    ahead = np.arange(1, horizon + 1)[None, :, None]
    return series.last[:, None] + ahead * slope[:, None]


def season_of(series: Series) -> int:
    """Return the lag, from 2 to half the sequence, at which the series is most like itself.

    By the mean over the series of the autocorrelation of their differences from the mean.
    """
    longest = series.past.shape[1] // 2
    if longest < 2:
        return 1
    valid = np.arange(series.past.shape[1]) < series.length[:, None]
    mean = (series.past * valid[..., None]).sum(axis=1) / series.length[:, None]
    centred = (series.past - mean[:, None]) * valid[..., None]
    scores = []
    for lag in range(2, longest + 1):
        both = (valid[:, lag:] & valid[:, :-lag]).sum()
        likeness = (centred[:, lag:] * centred[:, :-lag].conj()).sum().real
        scores.append(likeness / max(1, both))
    return 2 + int(np.argmax(scores))


class LinearForecast:
    """Least squares of the future on the latest values of all channels and a constant.

    Args:
        training: Sequences to fit on, each at its last valid step.
    """

    def __init__(self, training: Series) -> None:
        channels = training.past.shape[2]
        affordable = len(training.past) // (_ROWS_PER_LAG * channels)
        shortest = int(training.length.min())
        self.lags = max(1, min(_MAX_LAGS, shortest, affordable))
        design = self._design(training)
        answers = training.future.reshape(len(design), -1)
        gram = design.conj().T @ design
        ridge = _RIDGE * np.trace(gram).real / len(gram)
        self._weights = np.linalg.solve(
            gram + max(ridge, 1e-300) * np.eye(len(gram)), design.conj().T @ answers
        )
        self._shape = training.future.shape[1:]

    def __call__(self, series: Series) -> NDArray:
        """Return what comes next, ``(n, horizon, channel)``."""
        return (self._design(series) @ self._weights).reshape(-1, *self._shape)

    def _design(self, series: Series) -> NDArray:
        lagged = [series.ago(lag) for lag in range(self.lags)]
        return np.concatenate((*lagged, np.ones((len(series.past), 1))), axis=1)


def naive_scale(training: Series) -> float:
    """Return the mean absolute change from step to step in training: what MASE divides by."""
    valid = np.arange(1, training.past.shape[1]) < training.length[:, None]
    change = np.abs(np.diff(training.past, axis=1)).mean(axis=2)
    return float(change[valid].mean()) if valid.any() else 0.0


# --- symbols
