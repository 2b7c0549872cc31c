"""Clutter against its own moments, laws and spectra."""

import numpy as np
import pytest
from scipy import special, stats
from signals import indices, within

from simulators.impairments import clutter as cl
from simulators.impairments import fluctuation as fl

SEED, DOMAIN = np.uint64(12), 0
UNLIKELY = 1e-3  # a p-value; the draws are fixed by the seed, so a pass stays a pass
WHITE = np.zeros(0)  # no taps and no correlation
WORK = np.empty(3000, dtype=np.complex128)


def clutter(kind, shape, count=20_000, steps=16, power=1.0, taps=WHITE, correlation=0.0, f=0.0):
    rows = np.zeros((count, steps), dtype=np.complex128)
    for row, i in zip(rows, indices(count), strict=True):
        cl.add_clutter(row, kind, power, shape, taps, correlation, f, WORK, SEED, DOMAIN, i)
    return rows


def k_intensity_cdf(intensity, order):
    root = np.sqrt(order * intensity)
    return 1 - 2 / special.gamma(order) * root**order * special.kv(order, 2 * root)


@pytest.mark.parametrize(("order", "second"), [(0.5, 6.0), (1.0, 4.0), (5.0, 2.4)])
def test_k_clutter_has_its_law_mean_power_and_second_moment(order, second):
    intensity = np.abs(clutter(fl.K, order)) ** 2
    assert within(intensity.mean(axis=1), 1.0)
    assert within((intensity**2).mean(axis=1), second)
    one_a_dwell = intensity[:, 7]  # steps of one dwell share its texture
    assert stats.kstest(one_a_dwell, k_intensity_cdf, args=(order,)).pvalue > UNLIKELY


@pytest.mark.parametrize("exponent", [0.9, 1.4])
def test_weibull_clutter_is_weibull_in_amplitude(exponent):
    intensity = np.abs(clutter(fl.WEIBULL, exponent)) ** 2
    half = exponent / 2
    second = special.gamma(1 + 2 / half) / special.gamma(1 + 1 / half) ** 2
    assert within(intensity.mean(axis=1), 1.0)
    assert within((intensity**2).mean(axis=1), second)
    law = stats.weibull_min(exponent, scale=special.gamma(1 + 1 / half) ** -0.5)
    assert stats.kstest(np.sqrt(intensity[:, 3]), law.cdf).pvalue > UNLIKELY


def test_log_normal_clutter_has_its_second_moment():
    intensity = np.abs(clutter(fl.LOG_NORMAL, 0.6)) ** 2
    assert within(intensity.mean(axis=1), 1.0)
    assert within((intensity**2).mean(axis=1), 2 * np.exp(0.36))


def test_texture_holds_over_the_dwell_and_speckle_does_not():
    intensity = np.abs(clutter(fl.K, 1.0)) ** 2
    # Of independent speckle, <I_m I_n> = <texture^2>; of independent texture it would be 1.
    assert within(intensity[:, 2] * intensity[:, 9], 2.0)


def test_clutter_power_is_returned_and_scales():
    row = np.zeros(2000, dtype=np.complex128)
    local = cl.add_clutter(row, fl.K, 8.0, 0.7, WHITE, 0.0, 0.0, WORK, SEED, DOMAIN, np.uint64(5))
    assert local == 8.0 * fl.texture(fl.K, 0.7, SEED, DOMAIN, np.uint64(5))
    assert within(np.abs(row) ** 2, local)


@pytest.mark.parametrize("spectrum", ["gaussian", "autoregressive"])
def test_clutter_spectrum_peaks_at_its_doppler_with_its_width(spectrum):
    settings = cl.Clutter(
        distribution="k", clutter_to_noise_db=(20.0, 20.0), spectrum=spectrum, correlation=0.9
    )
    rows = clutter(fl.K, 2.0, 6000, 64, taps=settings.taps(), correlation=0.9, f=0.2)
    spectra = np.abs(np.fft.fft(rows, axis=1)) ** 2 / 64
    lags = np.arange(-63, 64)
    law = 0.9 ** (lags**2.0 if spectrum == "gaussian" else np.abs(lags))
    # The mean periodogram is the transform of the correlation under a triangle.
    turned = np.exp(2j * np.pi * np.outer(0.2 - np.arange(64) / 64, lags))
    expected = np.real(turned @ ((1 - np.abs(lags) / 64) * law))
    error = spectra.std(axis=0) / np.sqrt(len(rows))
    assert np.all(np.abs(spectra.mean(axis=0) - expected) < 4 * error + 1e-4)
    assert np.argmax(spectra.mean(axis=0)) == 13  # 0.2 x 64 = 12.8


def test_clutter_settings_give_the_kernel_its_numbers():
    settings = cl.Clutter(
        distribution="weibull",
        signal_to_clutter_db=(-3.0, 10.0),
        shape=(1.0, 1.5),
        doppler_hz=(-50.0, 100.0),
    )
    assert (settings.kernel_kind, settings.is_on, settings.is_relative_to_signal) == (3, True, True)
    np.testing.assert_allclose(settings.priors(2e-3), [[-10, 3], [1, 1.5], [-0.1, 0.2]])
    np.testing.assert_array_equal(settings.taps(), fl.gaussian_taps(0.9))
    assert cl.Clutter(spectrum="autoregressive").taps().shape == (0,)
    over_noise = cl.Clutter(distribution="k", clutter_to_noise_db=(5.0, 6.0))
    assert not over_noise.is_relative_to_signal
    np.testing.assert_array_equal(over_noise.priors(1.0)[0], [5.0, 6.0])
