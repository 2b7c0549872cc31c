"""Swerling's models, and the laws of texture and speckle, against scipy and closed forms."""

import numpy as np
import pytest
from scipy import special, stats
from signals import indices, within

from simulators import random as rng
from simulators.impairments import fluctuation as fl
from simulators.impairments.noise import add_noise

SEED, DOMAIN = np.uint64(11), 0
UNLIKELY = 1e-3  # a p-value; the draws are fixed by the seed, so a pass stays a pass


def fluctuated(swerling, count, steps, level=1.0):
    rows = np.full((count, steps), level, dtype=np.complex128)
    for row, index in zip(rows, indices(count), strict=True):
        fl.fluctuate(row, swerling, SEED, DOMAIN, index)
    return rows


LAWS = {1: stats.expon(), 2: stats.expon(), 3: stats.gamma(2, scale=0.5)}
LAWS[4] = LAWS[3]


@pytest.mark.parametrize("swerling", [1, 2, 3, 4])
def test_rcs_factors_follow_their_law_with_mean_1(swerling):
    factor = np.abs(fluctuated(swerling, 20_000, 2)) ** 2
    first = factor[:, 0]
    assert stats.kstest(first, LAWS[swerling].cdf).pvalue > UNLIKELY
    assert within(first, 1.0)
    assert within((first - 1.0) ** 2, 1.0 if swerling <= 2 else 0.5)


@pytest.mark.parametrize(("swerling", "per_dwell"), [(1, True), (2, False), (3, True), (4, False)])
def test_models_1_and_3_hold_over_the_dwell_and_2_and_4_change_with_every_pulse(
    swerling, per_dwell
):
    factor = np.abs(fluctuated(swerling, 4000, 5)) ** 2
    if per_dwell:
        np.testing.assert_array_equal(factor, factor[:, :1] * np.ones(5))
    else:
        correlation = np.corrcoef(factor.T) - np.eye(5)
        assert np.abs(correlation).max() < 4 / np.sqrt(4000)


def test_fluctuation_keeps_the_phase_and_returns_the_dwells_mean_factor():
    echo = np.exp(1j * np.linspace(0.1, 3.0, 32))
    row = echo.copy()
    mean = fl.fluctuate(row, 4, SEED, DOMAIN, np.uint64(3))
    np.testing.assert_allclose(np.angle(row), np.angle(echo), rtol=1e-12)
    np.testing.assert_allclose(mean, np.mean(np.abs(row) ** 2), rtol=1e-12)


def test_model_0_changes_nothing():
    row = np.exp(1j * np.arange(32.0))
    before = row.copy()
    assert fl.fluctuate(row, 0, SEED, DOMAIN, np.uint64(3)) == 1.0
    np.testing.assert_array_equal(row, before)


def detection(swerling, snr, threshold):
    """Return the closed forms of Pd for one pulse; ``threshold`` = -ln Pfa."""
    if swerling == 0:
        return stats.ncx2.sf(2 * threshold, 2, 2 * snr)
    if swerling == 1:
        return np.exp(-threshold / (1 + snr))
    spread = 1 + snr / 2
    return np.exp(-threshold / spread) * (1 + threshold * (snr / 2) / spread**2)


# Pfa, SNR, Pd: the last two published to five digits, the others to the hundredth of a dB.
POINTS = [
    (0, 1e-6, 13.18, 0.9, 1e-3),
    (1, 1e-6, 21.14, 0.9, 1e-3),
    (3, 1e-6, 17.30, 0.9, 1e-3),
    (1, 1e-4, 16.0, 0.79797, 1e-5),
    (3, 1e-4, 15.2, 0.88456, 1e-5),
]


@pytest.mark.parametrize(("swerling", "pfa", "snr_db", "pd", "exact"), POINTS)
def test_probability_of_detection_of_one_pulse(swerling, pfa, snr_db, pd, exact):
    snr, threshold = 10 ** (snr_db / 10), -np.log(pfa)
    assert abs(detection(swerling, snr, threshold) - pd) < exact
    factor = np.abs(fluctuated(swerling, 20_000, 1)[:, 0]) ** 2
    chance = stats.ncx2.sf(2 * threshold, 2, 2 * snr * factor)  # given the factor, over the noise
    assert abs(np.mean(chance) - pd) < 3 * np.std(chance) / np.sqrt(20_000) + exact


@pytest.mark.parametrize(("swerling", "pfa", "snr_db", "pd", "exact"), POINTS)
def test_detections_counted_with_the_simulators_own_noise(swerling, pfa, snr_db, pd, exact):
    rows = fluctuated(swerling, 20_000, 1, level=10 ** (snr_db / 20))
    for row, index in zip(rows, indices(20_000), strict=True):
        add_noise(row, 1.0, SEED, DOMAIN, index)
    found = np.mean(np.abs(rows) ** 2 > -np.log(pfa))
    assert abs(found - pd) < 3 * np.sqrt(pd * (1 - pd) / 20_000) + exact


def test_a_model_that_does_not_exist_is_refused():
    assert fl.Fluctuation().swerling == 0
    with pytest.raises(ValueError, match="swerling is 5; expected 0, 1, 2, 3 or 4"):
        fl.Fluctuation(swerling=5)  # pyright: ignore[reportArgumentType]


def gammas(shape, count):
    return np.array([fl.gamma(shape, 99, SEED, DOMAIN, i) for i in indices(count)])


@pytest.mark.parametrize("shape", [0.05, 0.5, 0.999, 1.0, 1.7, 5.0, 200.0])
def test_gamma_numbers_follow_their_law(shape):
    found = gammas(shape, 20_000)
    assert stats.kstest(found, stats.gamma(shape).cdf).pvalue > UNLIKELY
    assert within(found, shape)
    assert within((found - shape) ** 2, shape)


def test_gamma_spends_one_block_an_attempt_and_seldom_a_second(monkeypatch):
    once = fl.gamma.py_func
    monkeypatch.setattr(fl, "_GAMMA_ATTEMPTS", 1)
    limited = np.array([once(1.0, 99, SEED, DOMAIN, i) for i in indices(2000)])
    again = ~np.isclose(limited, gammas(1.0, 2000), rtol=1e-9)
    np.testing.assert_allclose(limited[again], 2 / 3)  # the stand-in: the proposal's mode
    assert 0.02 < again.mean() < 0.05 + 3 * np.sqrt(0.05 / 2000)


def test_gamma_is_finite_when_every_attempt_is_spent(monkeypatch):
    monkeypatch.setattr(fl, "_GAMMA_ATTEMPTS", 0)
    assert fl.gamma.py_func(2.0, 99, SEED, DOMAIN, np.uint64(0)) == 2.0 - 1 / 3


def textures(kind, shape, count):
    return np.array([fl.texture(kind, shape, SEED, DOMAIN, i) for i in indices(count)])


@pytest.mark.parametrize("shape", [0.5, 1.0, 5.0])
def test_k_texture_is_gamma_of_mean_1(shape):
    found = textures(fl.K, shape, 20_000)
    assert stats.kstest(found, stats.gamma(shape, scale=1 / shape).cdf).pvalue > UNLIKELY
    assert within(found**2, 1 + 1 / shape)


@pytest.mark.parametrize("deviation", [0.3, 1.0])
def test_log_normal_texture_has_mean_1(deviation):
    found = textures(fl.LOG_NORMAL, deviation, 40_000)
    law = stats.lognorm(deviation, scale=np.exp(-(deviation**2) / 2))
    assert stats.kstest(found, law.cdf).pvalue > UNLIKELY
    assert within(found, 1.0)
    assert within(found**2, np.exp(deviation**2))


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.6, 2.0])
def test_weibull_texture_makes_the_amplitude_weibull(exponent):
    local = textures(fl.WEIBULL, exponent, 20_000)
    rayleigh = np.abs(speckle(20_000, 1, power=1.0)[:, 0])
    scale = special.gamma(1 + 2 / exponent) ** -0.5  # unit mean intensity
    law = stats.weibull_min(exponent, scale=scale)
    assert stats.kstest(np.sqrt(local) * rayleigh, law.cdf).pvalue > UNLIKELY


def test_rayleigh_has_no_texture():
    assert set(textures(fl.RAYLEIGH, 0.5, 5)) == {1.0}


def speckle(count=8000, steps=12, power=2.0, frequency=0.0, taps=None, correlation=0.0):
    rows = np.zeros((count, steps), dtype=np.complex128)
    work = np.empty(200, dtype=np.complex128)
    for row, index in zip(rows, indices(count), strict=True):
        if taps is None:
            fl.add_autoregressive(row, power, correlation, frequency, work, SEED, DOMAIN, index)
        else:
            fl.add_filtered(row, power, taps, frequency, work, SEED, DOMAIN, index)
    return rows


@pytest.mark.parametrize("correlation", [0.0, 0.1, 0.6, 0.95, fl.MAX_CORRELATION])
def test_gaussian_taps_have_the_gaussian_as_their_own_correlation(correlation):
    taps = fl.gaussian_taps(correlation)
    full = np.correlate(taps, taps, "full")[len(taps) - 1 :]
    lags = np.arange(len(full))
    np.testing.assert_allclose(full, correlation ** (lags**2.0), atol=1e-5)
    assert full[0] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("spectrum", ["gaussian", "autoregressive"])
def test_speckle_has_its_correlation_doppler_and_power_from_the_first_step_on(spectrum):
    frequency, r, steps = 0.17, 0.9, 12
    taps = fl.gaussian_taps(r) if spectrum == "gaussian" else None
    rows = speckle(frequency=frequency, taps=taps, correlation=r)
    lag = np.subtract.outer(np.arange(steps), np.arange(steps))
    law = np.abs(lag) ** (2 if spectrum == "gaussian" else 1)
    expected = 2.0 * r**law * np.exp(2j * np.pi * frequency * lag)
    found = rows.T @ rows.conj() / len(rows)
    # Each of the 144 entries has a standard error of at most power / sqrt(count).
    assert np.abs(found - expected).max() < 4 * 2.0 / np.sqrt(len(rows))
    assert np.abs(rows.T @ rows / len(rows)).max() < 4 * 2.0 * np.sqrt(2 / len(rows))
    intensity = np.abs(rows[:, steps // 2]) ** 2
    assert stats.kstest(intensity, stats.expon(scale=2.0).cdf).pvalue > UNLIKELY


def test_speckle_is_added_to_what_is_there():
    taps, index, work = fl.gaussian_taps(0.5), np.uint64(4), np.empty(40, complex)
    alone, onto = np.zeros(9, complex), np.full(9, 3 - 1j)
    fl.add_filtered(alone, 1.0, taps, 0.1, work, SEED, DOMAIN, index)
    fl.add_filtered(onto, 1.0, taps, 0.1, work, SEED, DOMAIN, index)
    np.testing.assert_allclose(onto - (3 - 1j), alone, atol=1e-14)


def test_streams_differ_from_each_other_and_from_the_kernels():
    streams = [getattr(rng, name) for name in dir(rng) if name.startswith("STREAM_")]
    assert len(streams) >= 20
    assert len(set(streams)) == len(streams)
