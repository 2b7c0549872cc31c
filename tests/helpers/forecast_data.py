"""Sequences to forecast, and chains of symbols."""

import numpy as np

from radarseq.dataset.schema import Examples, Header
from radarseq.inference.task_targets import task_examples
from radarseq.models.settings import ModelSettings

STEP = Header(sample_axis="step")


def sequences(x, **columns):
    return Examples(STEP, {"x": np.asarray(x, np.float32)} | columns)


def forecasting(x, horizon=1, **columns):
    return task_examples(sequences(x, **columns), ModelSettings(task="forecast", horizon=horizon))


def deck_series(steps):
    """The book's series, drawn in its order from its seed: two sines and noise."""
    draw = np.random.RandomState(42).rand
    one, two, first, second = draw(4, 10000, 1)
    time = np.linspace(0, 1, steps)
    series = 0.5 * np.sin((time - first) * (one * 10 + 10))
    series += 0.2 * np.sin((time - second) * (two * 20 + 20))
    series += 0.1 * (draw(10000, steps) - 0.5)
    return series.astype(np.float32)[..., None]


def chain(rows, steps, voices, seed=0):
    """Symbols of which each stays with probability 0.7, else moves to the next of five."""
    moves = np.random.default_rng(seed).random((rows, steps, voices)) < 0.3
    return moves.cumsum(axis=1) % 5
