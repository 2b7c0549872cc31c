"""From amplitudes over frequency to samples, against convolution and points of known delay."""

import numpy as np
import pytest

from simulators.units import SPEED_OF_LIGHT_MPS
from simulators.waveforms.codes import waveform
from simulators.waveforms.responses import (
    cardinal,
    echo,
    frequency_grid_hz,
    node_count,
    node_sequences,
    nodes_hz,
    profile_taper,
)

INTERVAL_S, STEPS = 1e-9, 32
LFM = waveform("lfm", 16, bandwidth=0.5)
BAND_HZ = np.linspace(-0.5, 0.5, 401) / INTERVAL_S


def grid(circular=False):
    return frequency_grid_hz(STEPS, INTERVAL_S, circular=circular)


@pytest.mark.parametrize("samples", [0, 5, 16])
def test_a_point_at_a_whole_delay_returns_the_pulse_itself(samples):
    found = echo(
        LFM, np.full(grid().size, 0.5j), INTERVAL_S, steps=STEPS, delay_s=samples * INTERVAL_S
    )
    expected = np.zeros(STEPS, dtype=complex)
    expected[samples : samples + 16] = 0.5j * LFM
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_what_leaves_the_gate_is_lost_or_comes_back_where_the_mode_is_circular():
    late = {"steps": STEPS, "delay_s": 20 * INTERVAL_S}
    lost = echo(LFM, np.ones(grid().size), INTERVAL_S, **late)
    np.testing.assert_allclose(lost[20:], LFM[:12], atol=1e-12)
    np.testing.assert_allclose(lost[:20], 0, atol=1e-12)
    back = echo(LFM, np.ones(STEPS), INTERVAL_S, circular=True, **late)
    np.testing.assert_allclose(back, np.roll(np.pad(LFM, (0, 16)), 20), atol=1e-12)


def test_two_points_are_two_delayed_pulses_by_direct_convolution():
    ahead_m, range_bin_m = 0.45, SPEED_OF_LIGHT_MPS * INTERVAL_S / 2
    k = 2 * np.pi * (10e9 + grid()) / SPEED_OF_LIGHT_MPS
    bins = round(ahead_m / range_bin_m)
    place_m = bins * range_bin_m  # on a range bin, towards the radar
    amplitudes = 2.0 + 1.0 * np.exp(2j * k * place_m)
    found = echo(LFM, amplitudes, INTERVAL_S, steps=STEPS, delay_s=10 * INTERVAL_S)
    response = np.zeros(STEPS, dtype=complex)
    response[10] = 2.0
    response[10 - bins] = np.exp(2j * 2 * np.pi * 10e9 / SPEED_OF_LIGHT_MPS * place_m)
    np.testing.assert_allclose(found, np.convolve(response, LFM)[:STEPS], atol=1e-9)


def test_a_circular_echo_keeps_the_energy_that_parseval_says():
    flat = waveform("ofdm", STEPS)  # the same level on all carriers
    rng = np.random.default_rng(2)
    amplitudes = rng.normal(size=STEPS) + 1j * rng.normal(size=STEPS)
    found = echo(flat, amplitudes, INTERVAL_S, steps=STEPS, delay_s=3.3e-9, circular=True)
    assert np.mean(np.abs(found) ** 2) == pytest.approx(np.mean(np.abs(amplitudes) ** 2), rel=1e-12)


@pytest.mark.parametrize("extent_m", [0.0, 0.3, 2.0])
def test_the_nodes_hold_any_scatterer_within_the_body_to_1e_6(extent_m):
    count = node_count(extent_m, INTERVAL_S)
    at = nodes_hz(count, INTERVAL_S)
    worst_s = extent_m / SPEED_OF_LIGHT_MPS + INTERVAL_S / 2
    for delay_s in np.linspace(-worst_s, worst_s, 7):
        found = np.exp(-2j * np.pi * at * delay_s) @ cardinal(BAND_HZ, count, INTERVAL_S)
        np.testing.assert_allclose(found, np.exp(-2j * np.pi * BAND_HZ * delay_s), atol=1e-6)
    np.testing.assert_allclose(cardinal(at, count, INTERVAL_S), np.eye(count), atol=1e-10)


@pytest.mark.parametrize("circular", [False, True])
def test_sequences_of_the_nodes_add_up_to_the_plain_route(circular):
    frequency_hz = grid(circular)
    count = node_count(1.0, INTERVAL_S)

    # Three scatterers of a body of 1 m, 0.4 of a sample beyond bin 9.
    def amplitude(f):
        k = 2 * np.pi * (10e9 + f) / SPEED_OF_LIGHT_MPS
        return sum(a * np.exp(2j * k * r) for a, r in ((1, -0.5), (0.3j, 0.2), (0.7, 0.5)))

    spectrum = np.fft.fft(LFM, frequency_hz.size)
    made = node_sequences(spectrum, count, INTERVAL_S, first=-9, last=STEPS - 1 - 9)
    nodes = nodes_hz(count, INTERVAL_S)
    turned = amplitude(nodes) * np.exp(-2j * np.pi * nodes * 0.4 * INTERVAL_S)
    expected = echo(
        LFM, amplitude(frequency_hz), INTERVAL_S, steps=STEPS, delay_s=9.4e-9, circular=circular
    )
    np.testing.assert_allclose(turned @ made, expected, atol=2e-6)


def test_a_point_shows_its_own_rcs_in_its_range_bin_and_low_sidelobes_elsewhere():
    taper = profile_taper(grid(), INTERVAL_S)
    seen = np.abs(np.fft.ifft(taper * 3.0))
    assert seen[0] == pytest.approx(3.0, rel=1e-12)
    fine = np.abs(np.fft.ifft(np.pad(np.fft.fftshift(taper), (0, 7 * taper.size)))) * 8
    beyond = fine[2 * 8 : fine.size // 2]  # a main lobe of two bins on either side
    assert 20 * np.log10(beyond.max()) < -42
