"""Tones, sweeps, noise jamming and repeaters against their own spectra."""

import numpy as np
import pytest
from scipy import stats
from signals import echo_of, interfere, within

from simulators.impairments import interference as it
from simulators.impairments.noise import add_noise

SEED, DOMAIN = np.uint64(12), 0
UNLIKELY = 1e-3  # a p-value; the draws are fixed by the seed, so a pass stays a pass


def test_tone_has_its_frequency_and_power():
    row = interfere(np.zeros(64, complex), it.TONE, ratio_db=6.0, f=-11 / 64)
    spectrum = np.abs(np.fft.fft(row)) ** 2 / 64**2
    assert np.argmax(spectrum) == 64 - 11
    assert spectrum[53] == pytest.approx(2.0 * 10**0.6)
    assert np.delete(spectrum, 53).max() < 1e-25


@pytest.mark.parametrize("kind", [it.TONE, it.SWEEP, it.REPEATER])
def test_phase_of_an_interferer_is_uniform(kind):
    phases = [
        np.angle(
            interfere(np.zeros(2, complex), kind, delay=0, index=i, echo=np.ones(2, complex))[0]
        )
        for i in range(3000)
    ]
    assert stats.kstest(phases, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > UNLIKELY


@pytest.mark.parametrize("sweep", [0.4, -0.3])
def test_sweep_runs_linearly_through_its_band_at_steady_power(sweep):
    row = interfere(np.zeros(33, complex), it.SWEEP, ratio_db=-10.0, f=0.05, sweep=sweep)
    np.testing.assert_allclose(np.abs(row) ** 2, 0.2, rtol=1e-12)
    frequency = np.angle(row[1:] / row[:-1]) / (2 * np.pi)  # at the middle of each step
    expected = 0.05 + sweep * ((np.arange(32) + 0.5) / 32 - 0.5)
    np.testing.assert_allclose(frequency, expected, atol=1e-12)


def test_noise_jamming_is_white_gaussian_and_not_the_receivers_noise():
    rows = np.zeros((3000, 4), dtype=np.complex128)
    thermal = np.zeros_like(rows)
    for i, (row, other) in enumerate(zip(rows, thermal, strict=True)):
        interfere(row, it.NOISE, ratio_db=3.0, index=i)
        add_noise(other, 2.0 * 10**0.3, SEED, DOMAIN, np.uint64(i))
    power = 2.0 * 10**0.3
    intensity = np.abs(rows.ravel()) ** 2
    assert within(intensity, power)
    assert stats.kstest(intensity, stats.expon(scale=power).cdf).pvalue > UNLIKELY
    covariance = rows.T @ rows.conj() / 3000
    assert np.abs(covariance - power * np.eye(4)).max() < 4 * power / np.sqrt(3000)
    assert within(np.real(rows * thermal.conj()).ravel(), 0.0)


@pytest.mark.parametrize("delay", [0, 1, 5, 40])
def test_repeater_sends_the_echo_again_late_stronger_and_shifted(delay):
    echo = echo_of() * np.linspace(1, 2, 32)
    row = interfere(echo.copy(), it.REPEATER, ratio_db=12.0, f=0.1, delay=delay)
    copy = row - echo
    np.testing.assert_array_equal(copy[:delay], 0.0)
    if delay < 32:
        ratio = copy[delay:] / echo[: 32 - delay] * np.exp(-0.2j * np.pi * np.arange(delay, 32))
        np.testing.assert_allclose(np.abs(ratio), 10**0.6, rtol=1e-12)
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-10)


def test_repeater_copies_an_echo_kept_elsewhere_and_leaves_it_alone():
    echo = echo_of()
    before, row = echo.copy(), interfere(echo.copy(), it.REPEATER, delay=3)
    other = interfere(np.zeros(32, complex), it.REPEATER, delay=3, echo=echo)
    np.testing.assert_allclose(row, echo + other, atol=1e-14)
    np.testing.assert_array_equal(echo, before)
