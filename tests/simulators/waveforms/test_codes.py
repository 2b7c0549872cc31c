"""Codes and pulses against published sidelobes."""

from typing import get_args

import numpy as np
import pytest

from simulators.scene import CodeName
from simulators.waveforms.ambiguity import peak_sidelobe_db
from simulators.waveforms.codes import (
    BARKER,
    CODE_NAMES,
    WAVEFORMS,
    WELCH_COSTAS,
    code,
    longest,
    waveform,
)

MADE = [name for name in WAVEFORMS if name not in ("random", "rectangular")]


def periodic_autocorrelation(samples):
    return np.array([np.vdot(samples, np.roll(samples, -lag)) for lag in range(len(samples))])


@pytest.mark.parametrize("name", CODE_NAMES)
@pytest.mark.parametrize("steps", [2, 13, 16, 31, 32, 100])
def test_every_code_has_the_length_asked_for_and_unit_modulus(name, steps):
    samples = code(name, steps)
    assert samples.shape == (steps,)
    np.testing.assert_allclose(np.abs(samples), 1.0, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "steps", "expected_db"),
    [
        ("barker", 13, -22.28),
        ("frank", 16, -21.07),
        ("p1", 16, -21.07),
        ("p2", 16, -21.07),
        ("p3", 16, -18.75),
        ("p4", 16, -18.75),
        ("p3", 32, -21.60),
        ("p4", 32, -21.60),
        ("zadoff_chu", 31, -21.39),
    ],
)
def test_aperiodic_peak_sidelobe_is_the_published_one(name, steps, expected_db):
    assert peak_sidelobe_db(code(name, steps)) == pytest.approx(expected_db, abs=0.005)
    np.testing.assert_array_equal(waveform(name, steps), code(name, steps))


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("p4", 16),
        ("p4", 31),
        ("p4", 32),
        ("zadoff_chu", 31),
        ("zadoff_chu", 32),
        ("frank", 16),
        ("p1", 16),
        ("p1", 25),
        ("p2", 16),
        ("p3", 16),
        ("p3", 32),
    ],
)
def test_polyphase_codes_are_perfect_when_they_repeat(name, steps):
    """But P2, whose period ends in the opposite sign."""
    sign = -1 if name == "p2" else 1
    chips = code(name, steps)
    if sign < 0:
        chips = np.concatenate([chips, -chips])
    correlation = periodic_autocorrelation(chips)[:steps] * steps / len(chips)
    assert correlation[0] == pytest.approx(steps)
    assert np.abs(correlation[1:]).max() < 1e-10 * steps


def test_a_repeating_barker_13_has_sidelobes_of_exactly_1():
    np.testing.assert_allclose(periodic_autocorrelation(code("barker", 13))[1:], 1.0)


def test_codes_shorter_than_the_dwell_repeat():
    np.testing.assert_array_equal(code("barker", 32)[13:26], BARKER[13])
    np.testing.assert_array_equal(code("frank", 32)[25:], code("frank", 25)[:7])


@pytest.mark.parametrize(("time_bandwidth", "expected_db"), [(8, -15.5), (16, -14.3), (24, -20.1)])
def test_peak_sidelobe_of_a_chirp_of_32_samples(time_bandwidth, expected_db):
    chirp = waveform("lfm", 32, bandwidth=time_bandwidth / 32)
    assert peak_sidelobe_db(chirp) == pytest.approx(expected_db, abs=0.06)


def test_the_sweep_of_a_chirp_is_its_bandwidth_and_rises():
    turns = np.angle(np.exp(1j * np.diff(np.unwrap(np.angle(waveform("lfm", 400)))))) / (2 * np.pi)
    np.testing.assert_allclose(turns, (np.arange(1, 400) - 200) / 400, atol=1e-9)


@pytest.mark.parametrize("bandwidth", [0.25, 0.5, 0.75])
def test_nlfm_sweeps_the_same_band_with_lower_sidelobes_and_no_taper(bandwidth):
    samples = waveform("nlfm", 32, bandwidth=bandwidth)
    linear = waveform("lfm", 32, bandwidth=bandwidth)
    assert peak_sidelobe_db(samples) < peak_sidelobe_db(linear) - 5
    np.testing.assert_allclose(np.abs(samples), 1.0, rtol=1e-12)
    fine = waveform("nlfm", 4000, bandwidth=bandwidth)
    turns = np.diff(np.unwrap(np.angle(fine))) / (2 * np.pi)
    assert np.ptp(turns) == pytest.approx(bandwidth, rel=0.01)


def test_every_difference_of_a_costas_array_occurs_once():
    hops = np.array(WELCH_COSTAS)
    assert sorted(hops) == list(range(1, 11))
    for lag in range(1, len(hops)):
        differences = hops[lag:] - hops[:-lag]
        assert len(set(differences)) == len(differences)


def test_costas_hops_are_orthogonal_tones_at_100_samples():
    hops = waveform("costas", 100).reshape(10, 10)
    np.testing.assert_allclose(np.abs(hops @ hops.conj().T), 10 * np.eye(10), atol=1e-10)


@pytest.mark.parametrize("bandwidth", [0.25, 0.5, 1.0])
def test_ofdm_fills_its_carriers_evenly_and_no_others(bandwidth):
    samples = waveform("ofdm", 32, bandwidth=bandwidth)
    level = np.abs(np.fft.fft(samples)) / np.sqrt(32 * 32 / (32 * bandwidth))
    carriers = np.arange(-16 * bandwidth, 16 * bandwidth).astype(int)
    np.testing.assert_allclose(level[carriers], 1.0, rtol=1e-10)
    np.testing.assert_allclose(np.delete(level, carriers), 0.0, atol=1e-10)
    assert np.mean(np.abs(samples) ** 2) == pytest.approx(1.0)
    assert np.abs(samples).max() ** 2 < 10**0.27  # Newman: the crest stays near 2.6 dB


@pytest.mark.parametrize("name", [*MADE, "rectangular", "random"])
def test_a_waveform_exists_at_the_longest_length_and_its_power_is_1(name):
    for steps in (13, 16, 32, 100):
        length = longest(name, steps)
        if length:
            samples = waveform(name, length)
            assert samples.shape == (length,)
            assert np.mean(np.abs(samples) ** 2) == pytest.approx(1.0)
            if not WAVEFORMS[name].has_bandwidth:
                np.testing.assert_allclose(np.abs(samples), 1.0, rtol=1e-12)


def test_each_barker_code_has_sidelobes_of_at_most_1():
    for length, chips in BARKER.items():
        correlation = np.correlate(chips, chips, "full")
        assert len(chips) == length == correlation.max()
        assert np.abs(np.delete(correlation, length - 1)).max() == 1


@pytest.mark.parametrize(
    ("name", "length", "message"),
    [
        ("barker", 12, "no barker of 12 samples; expected one of 2, 3, 4, 5, 7, 11, 13"),
        ("frank", 32, "no frank of 32 samples; expected a square"),
        ("p2", 25, "no p2 of 25 samples; expected the square of an even"),
        ("costas", 32, "no costas of 32 samples; expected a multiple of its 10 hops"),
        ("p4", 0, "no p4 of 0 samples; expected 1 or more"),
        ("chirp", 32, "unknown waveform 'chirp'; known: rectangular, lfm"),
    ],
)
def test_a_waveform_that_does_not_exist_is_refused(name, length, message):
    with pytest.raises(ValueError, match=message):
        waveform(name, length)


@pytest.mark.parametrize("bandwidth", [0.0, 1.01])
def test_a_bandwidth_beyond_the_sample_rate_is_refused(bandwidth):
    with pytest.raises(ValueError, match=f"bandwidth is {bandwidth} of the sample rate"):
        waveform("lfm", 32, bandwidth=bandwidth)


def test_constant_and_random_are_ones_before_an_example_draws_its_phases():
    for name in ("constant", "random"):
        np.testing.assert_array_equal(code(name, 5), np.ones(5))


def test_codes_differ_from_each_other():
    made = [code(name, 31) for name in CODE_NAMES if name != "random"]
    for i, one in enumerate(made):
        for other in made[i + 1 :]:
            assert np.abs(one - other).max() > 0.1


def test_a_recipe_knows_exactly_the_codes_there_are():
    assert get_args(CodeName) == CODE_NAMES


def test_an_unknown_code_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown code 'p5'; known codes: constant, barker, .*p4"):
        code("p5", 32)
