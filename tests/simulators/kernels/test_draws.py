"""Draws of an example: sizes, codes, rotation, noise and nuisances."""

from dataclasses import replace

import numpy as np
import pytest
from datasets_made import COUNT, QUICK, normalised_noise
from scipy import stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from simulators.objects import SHAPES
from simulators.pairs import PairGenerator
from simulators.scene import Radar, Scene


def test_every_shape_of_the_catalogue_is_simulated_with_what_it_drew():
    items = tuple(shape(name=name) for name, shape in SHAPES.items() if name != "mesh")
    scene = Scene(objects=items, radar=Radar(pulse_interval_s=1e-3), objects_per_class=0)
    pairs = PairGenerator(scene, seed=3)(0, 1600)
    assert np.isfinite(pairs.rx).all()
    for label, item in enumerate(items):
        rows = pairs.label == label
        assert rows.sum() > 50
        for name, values in pairs.parameters.items():
            low, high = getattr(item, name, (np.nan, np.nan))
            if name in item.size_names:
                assert (values[rows] >= np.float32(low)).all()
                assert (values[rows] <= np.float32(high)).all()
            elif name in scene.size_names:
                assert np.isnan(values[rows]).all()


def test_a_random_code_is_quadriphase_uniform_and_new_in_each_example():
    pairs = PairGenerator(replace(QUICK, radar=Radar(code="random")), seed=3)(0, 2000)
    np.testing.assert_allclose(pairs.tx**4, 1.0, atol=1e-5)
    quarter = np.round(np.angle(pairs.tx) / (np.pi / 2)).astype(int) % 4
    assert stats.chisquare(np.bincount(quarter.ravel(), minlength=4)).pvalue > 1e-4
    assert len(np.unique(quarter, axis=0)) == 2000
    lagged = np.mean(pairs.tx[:, 1:] * pairs.tx[:, :-1].conj())
    assert abs(lagged) < 4.5 / np.sqrt(2000 * 31)
    plain = PairGenerator(replace(QUICK, radar=Radar(code="constant")), seed=3)(0, 2000)
    np.testing.assert_allclose(pairs.target, plain.target * pairs.tx, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("steps", [2, 7, 33])
def test_any_number_of_steps_even_or_odd(steps):
    pairs = PairGenerator(replace(QUICK, radar=Radar(steps=steps)), seed=3)(0, 2000)
    assert pairs.rx.shape == (2000, steps)
    noise = normalised_noise(pairs)
    assert np.mean(np.abs(noise) ** 2, axis=0) == pytest.approx(np.ones(steps), abs=0.12)


def test_noise_has_the_stored_variance_and_is_circular_and_white(many):
    noise = normalised_noise(many)
    bound = 4.5 / np.sqrt(noise.size)
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(1, abs=bound)
    assert abs(np.mean(noise)) < bound
    assert abs(np.mean(noise**2)) < np.sqrt(2) * bound
    for lag in range(1, 32):
        assert abs(np.mean(noise[:, lag:] * noise[:, :-lag].conj())) < 4.5 / np.sqrt(
            COUNT * (32 - lag)
        )
    assert abs(np.mean(noise[1:] * noise[:-1].conj())) < bound  # from example to example
    for part in (noise.real, noise.imag):
        assert stats.kstest(part.ravel(), "norm", args=(0, np.sqrt(0.5))).pvalue > 1e-4


def test_noise_does_not_know_the_echo(many):
    echo = many.target / np.sqrt(np.mean(np.abs(many.target) ** 2, axis=1, keepdims=True))
    product = np.mean(normalised_noise(many) * echo.conj())
    assert abs(product) < 4.5 / np.sqrt(COUNT * 32)


def test_noise_power_is_the_echo_power_below_the_asked_snr(many):
    power = np.mean(np.abs(many.target.astype(complex)) ** 2, axis=1)
    expected = power / 10 ** (many.parameters["snr_db"].astype(float) / 10)
    np.testing.assert_allclose(many.parameters["noise_power_m2"], expected, rtol=2e-6)


def test_realised_snr_is_what_the_samples_say_and_on_average_what_was_asked(many):
    echo, noise = many.target.astype(complex), many.rx.astype(complex) - many.target
    power, disturbance = (np.mean(np.abs(z) ** 2, axis=1) for z in (echo, noise))
    realised_db = 10 * np.log10(power / disturbance)
    stored_db = many.parameters["realised_snr_db"].astype(float)
    asked_db = many.parameters["snr_db"].astype(float)
    np.testing.assert_allclose(stored_db, realised_db, atol=1e-3)
    assert np.mean(stored_db - asked_db) == pytest.approx(0, abs=0.1)
    # In power there is no bias: 20,000 means of 32 exponential numbers.
    excess = 10 ** ((asked_db - stored_db) / 10)
    assert np.mean(excess) == pytest.approx(1, abs=4.5 / np.sqrt(COUNT * 32))
    assert np.std(excess) == pytest.approx(1 / np.sqrt(32), rel=0.03)


def test_labels_are_uniform(many):
    assert stats.chisquare(np.bincount(many.label, minlength=4)).pvalue > 1e-4


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("snr_db", 0, 20),
        ("phase_rad", 0, 2 * np.pi),
        ("velocity_mps", -1, 1),
        ("acceleration_mps2", -2, 2),
        ("direction_x", -1, 1),
        ("direction_y", -1, 1),
        ("direction_z", -1, 1),
    ],
)
def test_nuisances_follow_their_priors(many, name, low, high):
    assert stats.kstest(many.parameters[name], "uniform", args=(low, high - low)).pvalue > 1e-4


def test_the_rate_of_rotation_is_uniform_and_its_axis_isotropic(many):
    omega = np.stack([many.parameters[f"tumble_{axis}_rad_per_s"] for axis in "xyz"], axis=1)
    rate = np.linalg.norm(omega, axis=1)
    assert stats.kstest(rate, "uniform", args=(0.2, 3.8)).pvalue > 1e-4
    for component in (omega / rate[:, None]).T:
        assert stats.kstest(component, "uniform", args=(-1, 2)).pvalue > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("family", ["linear", "forest"])
def test_the_class_cannot_be_told_from_the_nuisances(many, family):
    names = ["snr_db", "phase_rad", "velocity_mps", "acceleration_mps2"]
    names += [f"direction_{axis}" for axis in "xyz"]
    nuisances = np.column_stack(
        [many.parameters[name] for name in names] + [many.split, np.arange(COUNT)]
    )
    half = COUNT // 2
    shuffled = np.random.default_rng(0).permutation(COUNT)
    here, there = shuffled[:half], shuffled[half:]

    def accuracy(features):
        model = (
            make_pipeline(StandardScaler(), LogisticRegression())
            if family == "linear"
            else RandomForestClassifier(30, max_depth=8, random_state=0)
        )
        return model.fit(features[here], many.label[here]).score(features[there], many.label[there])

    chance_sigma = np.sqrt(0.25 * 0.75 / half)
    assert accuracy(nuisances) < 0.25 + 3 * chance_sigma
    # The same classifier does find a leak where there is one.
    leak = many.parameters["snr_db"] + 2 * many.label
    assert accuracy(np.column_stack([nuisances, leak])) > 0.25 + 20 * chance_sigma
