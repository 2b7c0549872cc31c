"""Simple forecasts against published numbers."""

import numpy as np
import pytest
from signals import deck_series, forecasting

from radarseq.baselines.forecasts import (
    LinearForecast,
    drift,
    naive,
    naive_scale,
    past_and_future,
    season_of,
    seasonal_naive,
)


def test_the_books_numbers_for_one_step():
    examples = forecasting(deck_series(51))
    training, judged = (
        past_and_future(examples.take(r), 1) for r in (slice(7000), slice(7000, 9000))
    )
    assert ((naive(judged, 1) - judged.future) ** 2).mean() == pytest.approx(0.020211, abs=5e-7)
    linear = LinearForecast(training)
    assert linear.lags == 50
    assert 0.0029 <= ((linear(judged) - judged.future) ** 2).mean() <= 0.0031


def test_the_books_numbers_for_ten_steps():
    examples = forecasting(deck_series(60), horizon=10)
    training, judged = (
        past_and_future(examples.take(r), 10) for r in (slice(7000), slice(7000, 9000))
    )
    assert ((naive(judged, 10) - judged.future) ** 2).mean() == pytest.approx(0.25697, abs=5e-6)
    found = ((LinearForecast(training)(judged) - judged.future) ** 2).mean()
    assert found == pytest.approx(0.0155, abs=3e-4)


def test_a_season_a_line_and_a_recursion_are_foreseen_exactly():
    time = np.arange(40)
    season = np.sin(2 * np.pi * time / 7) + np.arange(5)[:, None]
    ready = past_and_future(forecasting(season[..., None], 9), 9)
    assert season_of(ready) == 7
    np.testing.assert_allclose(seasonal_naive(ready, 9, 7), ready.future, atol=1e-6)
    lines = past_and_future(forecasting((np.arange(5)[:, None] * time)[..., None], 9), 9)
    np.testing.assert_allclose(drift(lines, 9), lines.future, atol=1e-6)
    draws = np.random.default_rng(0).normal(size=(200, 40, 1))
    for step in range(2, 40):
        draws[:, step] = 0.5 * draws[:, step - 1] - 0.8 * draws[:, step - 2] + 1.0
    recursion = past_and_future(forecasting(draws, 3), 3)
    np.testing.assert_allclose(LinearForecast(recursion)(recursion), recursion.future, atol=1e-4)


def test_lengths_are_respected_by_every_method():
    x = np.random.default_rng(0).normal(size=(60, 30, 2))
    length = np.full(60, 21, np.int32)
    padded, cut = forecasting(x, 2, length=length), forecasting(x[:, :21], 2)
    one, other = past_and_future(padded, 2), past_and_future(cut, 2)
    assert np.array_equal(one.future, other.future)
    for method in (lambda s: naive(s, 2), lambda s: drift(s, 2), LinearForecast(other)):
        assert np.array_equal(method(one), method(other))
    assert season_of(one) == season_of(other) or season_of(one) > 10
    assert naive_scale(one) == pytest.approx(np.abs(np.diff(x[:, :19], axis=1)).mean(), rel=1e-6)
