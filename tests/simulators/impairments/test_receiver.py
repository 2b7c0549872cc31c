"""Noise, phase noise, imbalance, offset and converter against closed forms; the whole chain."""

import math

import numpy as np
import pytest
from numba import njit
from pydantic import TypeAdapter, ValidationError
from scipy import special, stats
from signals import indices, within

from simulators import random as rng
from simulators.impairments import clutter as cl
from simulators.impairments import dropouts as fa
from simulators.impairments import fluctuation as fl
from simulators.impairments import interference as it
from simulators.impairments import receiver as rx
from simulators.impairments.adc import quantise
from simulators.impairments.environment import Environment
from simulators.impairments.fluctuation import Fluctuation
from simulators.impairments.mixer import add_offset, image_rejection_db, unbalance
from simulators.impairments.noise import add_noise, mean_power, noise_power_w
from simulators.impairments.phase_noise import add_phase_noise
from simulators.kernels.signal_chain import PHASE_NOISE_RAD, impairments_of
from simulators.random import STREAM_IMPAIRMENTS

SEED, DOMAIN = np.uint64(13), 0
UNLIKELY = 1e-3  # a p-value; the draws are fixed by the seed, so a pass stays a pass


def front_end_priors(receiver):
    """Return the intervals of a receiver's values, as the kernels draw from them."""
    chain = impairments_of(Environment(), receiver, Fluctuation(), interval_s=1.0, carrier_hz=1e9)
    return chain.priors[PHASE_NOISE_RAD:]


def tone(steps, amplitude=1.0, frequency=0.236068):
    return amplitude * np.exp(1j * (2 * np.pi * frequency * np.arange(steps) + 0.3))


def test_thermal_noise_power_is_k_t0_f_b():
    assert noise_power_w(5e6, 3.0) == pytest.approx(1.380649e-23 * 290 * 5e6 * 10**0.3)


def test_noise_is_white_circular_gaussian_of_its_power():
    rows = np.zeros((8000, 5), dtype=np.complex128)
    for row, i in zip(rows, indices(8000), strict=True):
        add_noise(row, 3.0, SEED, DOMAIN, i)
    found, mirrored = rows.T @ rows.conj() / 8000, rows.T @ rows / 8000
    assert np.abs(found - 3.0 * np.eye(5)).max() < 4 * 3.0 / np.sqrt(8000)
    assert np.abs(mirrored).max() < 4 * 3.0 * np.sqrt(2 / 8000)
    for part in (rows.real.ravel(), rows.imag.ravel()):
        assert stats.kstest(part, stats.norm(scale=np.sqrt(1.5)).cdf).pvalue > UNLIKELY


def test_noise_is_drawn_as_the_pair_kernel_draws_it():
    row, expected = np.ones(7, complex), np.ones(7, complex)
    power = add_noise(row, 2.0, SEED, DOMAIN, np.uint64(9))
    for n in range(7):
        u = rng.uniforms(SEED, DOMAIN, rng.STREAM_NOISE, np.uint64(9), n // 2)
        expected[n] += np.sqrt(2.0) * rng.circular_normal(*u[2 * (n % 2) :][:2])
    np.testing.assert_array_equal(row, expected)
    assert power == pytest.approx(np.mean(np.abs(row - 1) ** 2))


def phases(rms, slope, count, steps):
    found, work = np.empty((count, steps)), np.empty((2, steps))
    for phase, i in zip(found, indices(count), strict=True):
        row = np.ones(steps, dtype=np.complex128)
        add_phase_noise(row, rms, slope, work, SEED, DOMAIN, i)
        phase[:] = work[0]
        np.testing.assert_allclose(row, np.exp(1j * phase), atol=1e-14)
    return found


@pytest.mark.parametrize("slope", [0.0, 1.0, 1.5, 2.0])
def test_phase_noise_has_the_covariance_of_its_filter(slope):
    count, steps, rms = 8000, 12, 0.2
    # Binomial coefficients of (1 - 1/z)^(-s/2), by another route than the recursion.
    k = np.arange(steps)
    weights = special.binom(k + slope / 2 - 1, k) if slope else (k == 0).astype(float)
    lower = np.array([[weights[n - m] if n >= m else 0.0 for m in k] for n in k])
    expected = rms**2 * lower @ lower.T
    found = phases(rms, slope, count, steps)
    spread = np.sqrt(np.outer(np.diag(expected), np.diag(expected)) + expected**2)
    assert np.all(np.abs(found.T @ found / count - expected) < 4 * spread / np.sqrt(count))
    assert stats.kstest(found[:, 0], stats.norm(scale=rms).cdf).pvalue > UNLIKELY


def test_a_random_walk_of_phase_has_independent_steps_of_its_rms():
    steps = np.diff(phases(0.05, 2.0, 3000, 9), axis=1)
    assert within((steps**2).mean(axis=1), 0.05**2)
    assert np.abs(np.corrcoef(steps.T) - np.eye(8)).max() < 4 / np.sqrt(3000)


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_phase_noise_spectrum_falls_with_its_slope(slope):
    steps, rms = 2048, 0.1
    taper = np.hanning(steps)
    found = phases(rms, slope, 60, steps) * taper
    spectrum = np.mean(np.abs(np.fft.rfft(found, axis=1)) ** 2, axis=0) / np.sum(taper**2)
    frequency = np.arange(len(spectrum)) / steps
    band = slice(20, 1000)
    expected = rms**2 * (2 * np.sin(np.pi * frequency[band])) ** -slope
    ratio = spectrum[band] / expected
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.03)
    fit = np.polyfit(np.log(2 * np.sin(np.pi * frequency[band])), np.log(spectrum[band]), 1)
    assert fit[0] == pytest.approx(-slope, abs=0.05)


def test_phase_noise_keeps_every_amplitude():
    row, work = tone(32, 2.0), np.empty((2, 32))
    add_phase_noise(row, 0.5, 1.0, work, SEED, DOMAIN, np.uint64(1))
    np.testing.assert_allclose(np.abs(row), 2.0, rtol=1e-12)
    assert np.ptp(np.angle(row / tone(32))) > 0.1


@pytest.mark.parametrize(
    ("gain_db", "phase_deg", "rejection_db"), [(1.0, 5.0, 22.83), (-0.5, 2.0, None), (0, 3.0, None)]
)
def test_image_of_a_tone_is_rejected_as_the_closed_form_says(gain_db, phase_deg, rejection_db):
    row = tone(64, frequency=9 / 64)
    unbalance(row, float(gain_db), math.radians(phase_deg))
    spectrum = np.abs(np.fft.fft(row)) ** 2
    found = 10 * np.log10(spectrum[9] / spectrum[64 - 9])
    assert found == pytest.approx(image_rejection_db(gain_db, math.radians(phase_deg)), abs=1e-9)
    if rejection_db:
        assert found == pytest.approx(rejection_db, abs=0.005)


def test_imbalance_moves_the_arms_as_documented():
    row = np.array([1.0, 1j])
    unbalance(row, 6.0, 0.1)
    gain = 10**0.3
    np.testing.assert_allclose(row, [1 + 1j * gain * np.sin(0.1), 1j * gain * np.cos(0.1)])
    assert image_rejection_db(0.0, 0.0) == math.inf


def test_imbalance_makes_circular_noise_improper():
    row = np.zeros(20_000, dtype=np.complex128)
    add_noise(row, 1.0, SEED, DOMAIN, np.uint64(0))
    unbalance(row, 1.0, 0.2)
    gain = 10**0.05
    assert within(np.abs(row) ** 2, (1 + gain**2) / 2)
    assert within((row**2).real, (1 - gain**2) / 2)
    assert within((row**2).imag, gain * np.sin(0.2))


def test_offset_is_one_constant_of_its_power_and_uniform_phase():
    phase = np.empty(3000)
    for i in indices(3000):
        row = tone(3)
        add_offset(row, 4.0, SEED, DOMAIN, i)
        offset = row - tone(3)
        np.testing.assert_allclose(offset, offset[0], atol=1e-14)
        assert abs(offset[0]) == pytest.approx(2.0)
        phase[int(i)] = np.angle(offset[0])
    assert stats.kstest(phase, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > UNLIKELY


@pytest.mark.parametrize("bits", range(6, 13))
def test_a_full_scale_tone_keeps_6_db_a_bit(bits):
    row = tone(20_000, 3.0)
    assert quantise(row, bits, 3.0) == 0
    error = np.mean(np.abs(row - tone(20_000, 3.0)) ** 2)
    assert 10 * np.log10(9.0 / error) == pytest.approx(6.02 * bits + 1.76, abs=0.3)


def test_levels_are_2_to_the_bits_symmetric_and_half_a_step_from_the_ends():
    row = np.linspace(-2, 2, 4001) * (1 + 1j)
    clipped = quantise(row, 3, 1.0)
    levels = (np.arange(8) - 3.5) / 4
    np.testing.assert_array_equal(np.unique(row.real), levels)
    np.testing.assert_array_equal(np.unique(row.imag), levels)
    value = np.linspace(-2, 2, 4001)
    assert clipped == 2 * np.sum((value < -1) | (value >= 1))
    inside = np.abs(value) < 1
    assert np.abs(row.real - value)[inside].max() <= 1 / 8 + 1e-12


def test_an_overdriven_tone_is_clipped_for_as_long_as_it_is_above_full_scale():
    row = tone(30_000, 2.0)
    assert quantise(row, 12, 1.0) / 60_000 == pytest.approx(2 / 3, abs=0.002)
    assert np.abs(row.real).max() < 1.0


def test_noise_clips_as_often_as_its_headroom_allows():
    row = np.zeros(40_000, dtype=np.complex128)
    add_noise(row, 5.0, SEED, DOMAIN, np.uint64(2))
    full_scale = np.sqrt(mean_power(row)) * 10 ** (1.9 / 20)
    share = special.erfc(10 ** (1.9 / 20))
    assert share == pytest.approx(0.08, abs=0.002)  # as the settings say
    found = quantise(row, 8, full_scale) / 80_000
    assert abs(found - share) < 3 * np.sqrt(share * (1 - share) / 80_000)


TAPS = fl.gaussian_taps(0.9)


@njit
def chain(rows, echoes, priors, taps, seed, first):
    """Apply every effect in the order of the signal's way: the kernel that users would write."""
    drawn, phase_work = np.empty(priors.shape[0]), np.empty((2, rows.shape[1]))
    work = np.empty(rows.shape[1] + taps.shape[0], dtype=np.complex128)
    for i in range(rows.shape[0]):
        index, row, echo = first + np.uint64(i), rows[i], echoes[i]
        signal = mean_power(echo)  # of the steady echo, so that fluctuation stays in
        noise = 0.01 * signal
        rng.draw(priors, STREAM_IMPAIRMENTS, seed, 0, index, drawn)
        fl.fluctuate(echo, 1, seed, 0, index)
        fa.occlude(echo, 0.5, 2, 4, seed, 0, index)
        row[:] = echo
        it.add_interference(row, echo, it.REPEATER, 0.0, signal, 0.1, 0.0, 2, seed, 0, index)
        cl.add_clutter(row, fl.K, signal, 1.0, taps, 0.0, 0.0, work, seed, 0, index)
        fa.add_spikes(row, 0.1, 100.0 * signal, seed, 0, index)
        add_phase_noise(row, drawn[0], 1.0, phase_work, seed, 0, index)
        add_noise(row, noise, seed, 0, index)
        unbalance(row, drawn[1], drawn[2])
        add_offset(row, noise * 10.0 ** (0.1 * drawn[3]), seed, 0, index)
        quantise(row, 8, np.sqrt(mean_power(row)) * 10.0 ** (0.05 * drawn[4]))
        fa.drop(row, 0.1, seed, 0, index)


FRONT_END = rx.Receiver(
    phase_noise=rx.PhaseNoise(rms_rad=(0.01, 0.1)),
    iq_imbalance=rx.IqImbalance(gain_db=(-1.0, 1.0), phase_deg=(-5.0, 5.0)),
    dc_offset=rx.DcOffset(offset_to_noise_db=(0.0, 3.0)),
    adc=rx.Adc(bits=8),
)


def run_chain(first, count, seed=SEED):
    echoes = np.array([tone(32)] * count)
    rows = np.empty_like(echoes)
    chain(rows, echoes, front_end_priors(FRONT_END), TAPS, seed, np.uint64(first))
    return rows


@pytest.mark.slow
def test_the_chain_in_one_kernel_gives_an_example_the_same_numbers_in_any_batch():
    together = run_chain(0, 40)
    np.testing.assert_array_equal(run_chain(17, 1)[0], together[17])
    np.testing.assert_array_equal(run_chain(30, 10), together[30:])
    assert len(np.unique(together, axis=0)) == 40
    assert not np.any(np.all(run_chain(0, 40, seed=np.uint64(14)) == together, axis=1))


def test_draw_fills_each_interval_uniformly_and_independently():
    priors = np.array([[0.0, 1.0], [-2.0, 2.0], [5.0, 5.0], [0.0, 3.0], [10.0, 20.0]])
    drawn = np.empty((4000, 5))
    for values, i in zip(drawn, indices(4000), strict=True):
        rng.draw(priors, STREAM_IMPAIRMENTS, SEED, DOMAIN, i, values)
    assert np.all(drawn[:, 2] == 5.0)
    varied = [0, 1, 3, 4]
    for column in varied:
        low, high = priors[column]
        law = stats.uniform(low, high - low)
        assert stats.kstest(drawn[:, column], law.cdf).pvalue > UNLIKELY
    correlation = np.corrcoef(drawn[:, varied].T) - np.eye(4)
    assert np.abs(correlation).max() < 4 / np.sqrt(4000)


def effects():
    """Return each effect as (row, on, index) -> None, ``on`` False at its off setting."""

    def noisy(row, on, i):
        add_noise(row, 1.0 * on, SEED, DOMAIN, np.uint64(i))

    def turned(row, on, i):
        add_phase_noise(row, 0.1 * on, 2.0, np.empty((2, 32)), SEED, DOMAIN, np.uint64(i))

    def unbalanced(row, on, i):
        unbalance(row, 1.0 * on, 0.1 * on)

    def shifted(row, on, i):
        add_offset(row, 1.0 * on, SEED, DOMAIN, np.uint64(i))

    def converted(row, on, i):
        assert on or quantise(row, 0, 1.0) == 0
        quantise(row, 4 * on, 1.0)

    return [noisy, turned, unbalanced, shifted, converted]


@pytest.mark.parametrize("effect", effects(), ids=lambda effect: effect.__name__)
def test_an_effect_works_in_place_and_only_when_on(effect):
    rows = np.array([tone(32)] * 3)
    effect(rows[1], False, 5)
    np.testing.assert_array_equal(rows[1], tone(32))
    effect(rows[1], True, 5)
    assert np.any(rows[1] != tone(32))
    np.testing.assert_array_equal(rows[::2], [tone(32)] * 2)
    again = tone(32)
    effect(again, True, 5)
    np.testing.assert_array_equal(again, rows[1])


def test_everything_is_off_by_default():
    settings = rx.Receiver()
    assert settings.phase_noise.rms_rad == (0.0, 0.0)
    assert settings.iq_imbalance == rx.IqImbalance(gain_db=(0.0, 0.0), phase_deg=(0.0, 0.0))
    assert not settings.dc_offset.is_on
    assert settings.adc.bits == 0
    np.testing.assert_array_equal(front_end_priors(settings)[:4], 0.0)


def test_front_end_priors_are_in_the_order_that_they_say():
    expected = [[0.01, 0.1], [-1, 1], [-math.radians(5), math.radians(5)], [0, 3], [12, 12]]
    np.testing.assert_allclose(front_end_priors(FRONT_END), expected)
    assert FRONT_END.dc_offset.is_on


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (rx.PhaseNoise, {"rms_rad": (-0.1, 0.1)}, "rms_rad is .*; expected 0"),
        (rx.PhaseNoise, {"slope": 3.0}, "slope is 3.0; expected 0 to 2"),
        (rx.IqImbalance, {"gain_db": (1.0, 0.0)}, "gain_db is .*lower end comes first"),
        (rx.IqImbalance, {"phase_deg": (0.0, 90.0)}, "phase_deg is .*; expected between -90 and"),
        (rx.DcOffset, {"offset_to_noise_db": (1.0, 0.0)}, "offset_to_noise_db is"),
        (rx.Adc, {"bits": 25}, r"bits is 25; expected 0 \(off\) to 24"),
        (rx.Adc, {"bits": -1}, "bits is -1"),
        (rx.Adc, {"headroom_db": (1.0, 0.0)}, "headroom_db is"),
    ],
)
def test_settings_refuse_what_cannot_be(kind, values, message):
    with pytest.raises(ValueError, match=message):
        kind(**values)


def test_settings_are_read_strictly():
    reader = TypeAdapter(rx.Receiver)
    assert reader.validate_json('{"adc": {"bits": 12}}').adc.bits == 12
    with pytest.raises(ValidationError, match=r"adc\.bit"):
        reader.validate_json('{"adc": {"bit": 12}}')
