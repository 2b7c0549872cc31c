"""The filters reach the closed-form error."""

import numpy as np
import pytest
from scipy.linalg import toeplitz
from signals import noise

from radarseq.baselines.lmmse import wiener_echo
from radarseq.dataset.schema import Examples, Header

STEPS = 16
ROWS = 6000


def autoregressive(turn=0.7, memory=0.95):
    """The covariance of a first-order autoregressive process of unit power, complex."""
    return toeplitz((memory * np.exp(1j * turn)) ** np.arange(STEPS))


def echoes(covariance, rows, seed):
    """Sequences with exactly this covariance, each of exactly unit power.

    Random phases on the axes of the covariance: the power is then the same in every row, so that
    the baseline's normalisation changes nothing and the closed form holds without approximation.
    """
    power, axes = np.linalg.eigh(covariance)
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, (rows, len(power)))
    return (np.sqrt(power) * np.exp(1j * phases)) @ axes.T


def examples(target, rx, snr_db, tx=None):
    columns = {"rx": rx.astype(np.complex64), "target": target.astype(np.complex64)}
    if tx is not None:
        columns["tx"] = tx.astype(np.complex64)
    snr = np.broadcast_to(np.float32(snr_db), len(rx)).copy()
    return Examples(Header(sample_axis="slow_time"), columns | {"parameters/snr_db": snr})


def looks(covariance, snr_db, seed, coded=False):
    """Echoes in white noise, at powers over eight decades, with another code for each row."""
    generator = np.random.default_rng(seed + 1)
    echo = echoes(covariance, ROWS, seed)
    sigma = 10 ** (-np.asarray(snr_db) / 20) * np.ones(ROWS)
    rx = echo + sigma[:, None] * noise(ROWS, STEPS, seed=seed + 2)
    scale = 10 ** generator.uniform(-4, 4, (ROWS, 1))
    tx = np.exp(2j * np.pi * generator.random((ROWS, STEPS))) if coded else 1.0
    return examples(scale * tx * echo, scale * tx * rx, snr_db, tx if coded else None)


def relative_error(estimate, judged):
    target = judged["target"].astype(np.complex128)
    energy = (np.abs(target) ** 2).sum(axis=1)
    return ((np.abs(estimate - target) ** 2).sum(axis=1) / energy).mean()


def least_error(covariance, snr_db, causal):
    """The minimum mean squared error over the power, from the textbook."""
    received = covariance + 10 ** (-snr_db / 10) * np.eye(STEPS)
    if not causal:
        left = covariance - covariance @ np.linalg.inv(received) @ covariance
        return np.trace(left).real / STEPS
    left = 0.0
    for n in range(STEPS):
        cross = covariance[n, : n + 1]  # of sample n with what is received up to it
        inverse = np.linalg.inv(received[: n + 1, : n + 1])
        left += (covariance[n, n] - cross @ inverse @ cross.conj()).real
    return left / STEPS


@pytest.mark.parametrize("coded", [False, True])
@pytest.mark.parametrize("snr_db", [-5.0, 5.0, 15.0])
def test_the_filters_reach_the_least_error_there_is(snr_db, coded):
    covariance = autoregressive()
    training, judged = (looks(covariance, snr_db, seed, coded) for seed in (10, 20))
    copied = relative_error(judged["rx"].astype(np.complex128), judged)
    errors = {
        kind: relative_error(wiener_echo(training, judged, causal=kind), judged)
        for kind in (True, False)
    }
    for kind, error in errors.items():
        assert error == pytest.approx(least_error(covariance, snr_db, kind), rel=0.02)
    assert copied == pytest.approx(10 ** (-snr_db / 10), rel=0.02)
    assert errors[False] < 0.95 * errors[True] < 0.9 * copied


def test_each_example_gets_the_filter_of_its_own_noise():
    covariance, snr_db = autoregressive(), np.where(np.arange(ROWS) % 2, 0.0, 20.0)
    training, judged = (looks(covariance, snr_db, seed) for seed in (30, 40))
    estimate = wiener_echo(training, judged, causal=False)
    for snr in (0.0, 20.0):
        rows = snr_db == snr
        found = relative_error(estimate[rows], judged.take(rows))
        assert found == pytest.approx(least_error(covariance, snr, causal=False), rel=0.02)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("snr_db", [-10.0, 0.0, 7.25, 30.0])
def test_a_white_echo_leaves_nothing_but_the_gain(snr_db, causal):
    white = np.fft.fft(np.eye(STEPS))  # rows of magnitude 1, whose covariance is the identity
    training = examples(white, white, snr_db)
    judged = examples(white, noise(STEPS, STEPS, seed=1), snr_db)
    gain = 1.0 / (1.0 + 10 ** (-snr_db / 10))
    expected = gain * judged["rx"].astype(np.complex128)
    found = wiener_echo(training, judged, causal=causal)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_a_causal_estimate_does_not_see_later_samples():
    training = looks(autoregressive(), 5.0, 50)
    judged = training.take(slice(0, 20))
    changed = Examples(judged.header, {k: v.copy() for k, v in judged.columns.items()})
    changed["rx"][:, 9] *= 100
    for causal in (True, False):
        one, other = (wiener_echo(training, e, causal=causal) for e in (judged, changed))
        assert np.array_equal(one[:, :9], other[:, :9]) is causal
        assert not np.isclose(one[:, 9], other[:, 9]).any()


def test_on_simulated_objects_the_filters_are_in_order(space_examples):
    training, judged = space_examples.part("train"), space_examples.part("test")
    full, causal = (
        relative_error(wiener_echo(training, judged, causal=kind), judged) for kind in (False, True)
    )
    assert full < causal < relative_error(judged["rx"].astype(np.complex128), judged)


def test_the_filter_takes_the_power_of_the_code_off_too():
    """A code of magnitude 2 doubles target and received samples, and the estimate with them."""
    plain = looks(autoregressive(), 5.0, 60)
    ones = np.ones_like(plain["rx"])
    one = examples(plain["target"], plain["rx"], 5.0, ones)
    two = examples(2 * plain["target"], 2 * plain["rx"], 5.0, 2 * ones)
    single, double = (wiener_echo(e, e, causal=False) for e in (one, two))
    np.testing.assert_allclose(double, 2 * single, rtol=1e-5)
