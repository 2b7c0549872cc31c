"""The ambiguity function against its closed forms."""

import numpy as np
import pytest

from simulators.waveforms.ambiguity import ambiguity, autocorrelation, peak_sidelobe_db
from simulators.waveforms.codes import waveform

RANDOM = np.exp(2j * np.pi * np.random.default_rng(1).random(32))
PULSES = {
    "barker": waveform("barker", 13),
    "lfm": waveform("lfm", 32, bandwidth=0.5),
    "ofdm": waveform("ofdm", 32, bandwidth=0.25),
    "random": RANDOM * np.linspace(0.2, 1.0, 32),
}


@pytest.mark.parametrize("name", PULSES)
def test_the_volume_is_1_for_any_waveform(name):
    surface = np.abs(ambiguity(PULSES[name])) ** 2
    assert surface.mean(axis=1).sum() == pytest.approx(1.0, rel=1e-12)
    assert surface.max() == pytest.approx(1.0)


@pytest.mark.parametrize("name", PULSES)
def test_the_cut_at_no_doppler_is_the_autocorrelation_and_at_no_delay_the_spectrum(name):
    samples = PULSES[name]
    surface, length = ambiguity(samples, dopplers=256), len(samples)
    expected = np.correlate(samples, samples, "full") / np.sum(np.abs(samples) ** 2)
    np.testing.assert_allclose(surface[:, 128], expected, atol=1e-12)
    np.testing.assert_allclose(autocorrelation(samples), expected[length - 1 :], atol=1e-12)
    power = np.abs(samples) ** 2 / np.sum(np.abs(samples) ** 2)
    v = (np.arange(256) - 128) / 256
    transform = np.exp(2j * np.pi * np.outer(v, np.arange(length))) @ power
    np.testing.assert_allclose(surface[length - 1], transform, atol=1e-12)


def test_a_point_of_the_surface_is_the_sum_it_is_defined_by():
    lag, column = 5, 40
    n = np.arange(lag, 32)
    v = (column - 64) / 128
    expected = np.sum(RANDOM[n] * RANDOM[n - lag].conj() * np.exp(2j * np.pi * v * n)) / 32
    assert ambiguity(RANDOM, dopplers=128)[31 + lag, column] == pytest.approx(expected, abs=1e-12)


def test_the_ridge_of_a_chirp_couples_delay_and_doppler():
    """A chirp of slope B / T is itself again, l samples later, at the Doppler -l B / T."""
    surface = np.abs(ambiguity(waveform("lfm", 32, bandwidth=0.5), dopplers=256))
    for lag in (-10, -4, 4, 10):
        ridge_at = (surface[31 + lag].argmax() - 128) / 256
        assert ridge_at == pytest.approx(-lag * 0.5 / 32, abs=0.5 / 256)
        assert surface[31 + lag].max() == pytest.approx(1 - abs(lag) / 32, abs=0.01)


def test_a_rectangle_has_no_sidelobes():
    assert peak_sidelobe_db(np.ones(8)) == -np.inf
    assert peak_sidelobe_db(np.ones(1)) == -np.inf


@pytest.mark.parametrize("samples", [np.zeros(4), np.ones((2, 2)), [], [1.0, np.nan]])
def test_what_is_no_pulse_is_refused(samples):
    with pytest.raises(ValueError, match="samples"):
        ambiguity(samples)


def test_too_few_dopplers_are_refused():
    with pytest.raises(ValueError, match="dopplers is 10; expected at least 63"):
        ambiguity(RANDOM, dopplers=10)
