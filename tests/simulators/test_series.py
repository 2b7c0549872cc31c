"""Time series against published errors of simple forecasts, and the book's own draws."""

import numpy as np
import pytest

from radarseq.artifacts.inspection import inspect
from radarseq.dataset.read import open_dataset
from radarseq.dataset.simulate import simulate
from radarseq.errors import RecipeError
from radarseq.recipes.recipe import parse_recipe
from simulators.series import Series, SeriesGenerator, two_waves

RECIPE = 'kind = "series"\nsteps = 50\nhorizon = 10\n'


@pytest.fixture(scope="module")
def one_step():
    return SeriesGenerator(Series(steps=50, horizon=1), seed=42)(0, 10_000)


def least_squares_error(x, y):
    """Return the test error of the best linear forecast: 7,000 series to fit, 1,000 to judge."""
    design = np.column_stack([x, np.ones(len(x))])
    weights, *_ = np.linalg.lstsq(design[:7000], y[:7000], rcond=None)
    return np.mean((design[9000:] @ weights - y[9000:]) ** 2)


def test_the_formula_gives_the_books_error_of_the_naive_forecast_on_the_books_draws():
    rng = np.random.RandomState(42)
    f1, f2, o1, o2 = rng.rand(4, 10_000, 1)
    series = two_waves(np.linspace(0, 1, 51), f1, f2, o1, o2)
    series = (series + 0.1 * (rng.rand(10_000, 51) - 0.5)).astype(np.float32)
    naive = np.mean((series[7000:9000, -1] - series[7000:9000, -2]) ** 2)
    assert naive == pytest.approx(0.020211, abs=5e-7)


def test_our_own_draws_have_the_expected_error_of_the_naive_forecast(one_step):
    """The expectation of (x[50] - x[49])^2 by quadrature over frequencies and offsets."""
    f, o = np.meshgrid((np.arange(500) + 0.5) / 500, (np.arange(500) + 0.5) / 500)
    slow, fast = (
        level * (np.sin((1.0 - o) * step * (f + 1)) - np.sin((0.98 - o) * step * (f + 1)))
        for level, step in ((0.5, 10), (0.2, 20))
    )
    noise = 2 * 0.1**2 / 12
    expected = np.mean(slow**2) + np.mean(fast**2) + 2 * np.mean(slow) * np.mean(fast) + noise
    naive = (one_step.target[:, -1, 0] - one_step.x[:, -1, 0]) ** 2
    assert np.mean(naive) == pytest.approx(expected, abs=4 * float(np.std(naive)) / 100)
    assert expected == pytest.approx(0.02064, abs=1e-5)


def test_least_squares_and_the_floor_are_where_the_references_have_them(one_step):
    x, y = one_step.x[:, :, 0].astype(float), one_step.target[:, -1, 0].astype(float)
    assert 0.0029 <= least_squares_error(x, y) <= 0.0031
    clean = SeriesGenerator(Series(steps=50, horizon=1, noise=0.0), seed=42)(0, 10_000)
    floor = np.mean((y - clean.target[:, -1, 0]) ** 2)  # a forecaster who knows the waves
    assert floor == pytest.approx(0.1**2 / 12, rel=0.03)
    assert 0.0008 < floor < 0.0009


def test_ten_steps_ahead_least_squares_reaches_the_reference():
    ten = SeriesGenerator(Series(steps=50, horizon=10), seed=42)(0, 10_000)
    x, last = ten.x[:, :, 0].astype(float), ten.target[:, -1].astype(float)
    assert least_squares_error(x, last) == pytest.approx(0.0155, rel=0.05)
    naive = np.mean((last - x[:, -1:]) ** 2)
    assert naive == pytest.approx(0.257, rel=0.05)


def test_targets_are_the_values_that_follow_each_step():
    made = SeriesGenerator(Series(steps=12, horizon=3, features=2), seed=1)(5, 4)
    assert made.x.shape == (4, 12, 2)
    assert made.target.shape == (4, 12, 6)
    assert made.x.dtype == made.target.dtype == np.float32
    for ahead in (1, 2, 3):
        following = made.target[:, :, 2 * ahead - 2 : 2 * ahead]
        np.testing.assert_array_equal(following[:, : 12 - ahead], made.x[:, ahead:])


def test_features_share_frequencies_and_the_first_is_the_univariate_series():
    many = SeriesGenerator(Series(features=3), seed=1)(0, 2000)
    one = SeriesGenerator(Series(features=1), seed=1)(0, 2000)
    np.testing.assert_array_equal(many.x[:, :, :1], one.x)
    power = np.abs(np.fft.rfft(many.x - many.x.mean(axis=1, keepdims=True), 400, axis=1)) ** 2
    strongest = power.argmax(axis=1)
    assert np.corrcoef(strongest[:, 0], strongest[:, 1])[0, 1] > 0.8
    assert abs(np.corrcoef(many.x[:, 0, 0], many.x[:, 0, 1])[0, 1]) < 0.6


def test_a_series_is_the_same_alone_and_in_any_batch_and_splits_as_asked():
    make = SeriesGenerator(Series(), seed=9)
    whole = make(0, 4000)
    np.testing.assert_array_equal(make(2**33, 5).x.shape, (5, 50, 1))
    np.testing.assert_array_equal(make(1000, 7).x, whole.x[1000:1007])
    assert not np.any(SeriesGenerator(Series(), seed=10)(0, 4000).x == whole.x)
    shares = np.bincount(whole.split, minlength=3) / 4000
    np.testing.assert_allclose(shares, [0.7, 0.2, 0.1], atol=0.03)


def test_a_recipe_of_series_becomes_a_dataset_that_stores_its_interval(tmp_path):
    path = tmp_path / "waves.toml"
    path.write_text(RECIPE)
    dataset = simulate(path, tmp_path / "data", examples=70, seed=3, rows_per_shard=40)
    examples, made = dataset.load(), SeriesGenerator(Series(horizon=10), seed=3)(0, 70)
    np.testing.assert_array_equal(examples["x"], made.x)
    np.testing.assert_array_equal(examples["target"], made.target)
    assert dataset.header.sample_interval_s == pytest.approx(1 / 59)
    assert Series(horizon=1).sample_interval_s == pytest.approx(1 / 50)
    assert (dataset.header.sample_axis, dataset.header.feature_names) == ("step", ("x0",))
    assert open_dataset(tmp_path / "data").header.seed == 3
    info = inspect(path)
    assert (info["kind"], info["steps"], info["horizon"]) == ("recipe", 50, 10)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('kind = "serie"', 'kind is \'serie\'; expected "pairs" or "series"'),
        ('kind = "series"\nstep = 4', "unknown key 'step': did you mean 'steps'"),
        ('kind = "series"\nsteps = 1', "steps is 1 and horizon 1; expected 2 or more"),
        ('kind = "series"\nfeatures = 0', "features is 0; expected 1 to 256"),
        ('kind = "series"\n[split]\ntrain = 2.0', "split.train 2.0"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused_by_key(text, message):
    with pytest.raises(RecipeError, match=message):
        parse_recipe(text, "waves.toml")
