"""Faults put on received samples: as strong as stated, and the same twice."""

import numpy as np
import pytest

from simulators.impairments.corruptions import CORRUPTIONS, corrupt

ROWS, STEPS = 4000, 40


@pytest.fixture(scope="module")
def samples():
    generator = np.random.default_rng(0)
    return generator.normal(size=(ROWS, STEPS)) + 1j * generator.normal(size=(ROWS, STEPS))


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_occlusion_hides_one_run_of_the_echo_and_leaves_the_noise(samples, share):
    echo = samples[::-1]
    hidden = corrupt(samples, echo, "occlusion", share, 1)
    gone = ~np.isclose(hidden, samples)
    assert (gone.sum(axis=1) == round(share * STEPS)).all()
    assert (np.abs(np.diff(gone.astype(int), axis=1)).sum(axis=1) <= 2).all()  # one run
    np.testing.assert_allclose(hidden[gone], (samples - echo)[gone], atol=1e-12)
    alone = corrupt(samples, None, "occlusion", share, 1)
    assert ((alone == 0) == gone).all()


@pytest.mark.parametrize("share", [0.005, 0.01, 0.05])
def test_spikes_and_lost_pulses_are_as_many_as_said(samples, share):
    spread = 4 * np.sqrt(share / samples.size)
    hit = corrupt(samples, None, "spikes", share, 2) - samples
    assert (hit != 0).mean() == pytest.approx(share, abs=spread)
    power = (np.abs(samples) ** 2).mean(axis=1, keepdims=True)
    size = (np.abs(hit) ** 2 / power)[hit != 0]
    np.testing.assert_allclose(size, 100.0, rtol=1e-9)
    lost = corrupt(samples, None, "dropped", share, 2)
    assert (lost == 0).mean() == pytest.approx(share, abs=spread)
    assert (lost[lost != 0] == samples[lost != 0]).all()


@pytest.mark.parametrize("headroom_db", [3.0, 0.0, -6.0])
def test_saturation_clips_i_and_q_at_the_full_scale(samples, headroom_db):
    clipped = corrupt(samples, None, "saturation", headroom_db, 3)
    power = (np.abs(samples) ** 2).mean(axis=1, keepdims=True)
    scale = np.sqrt(power) * 10 ** (headroom_db / 20)
    for part, before in ((clipped.real, samples.real), (clipped.imag, samples.imag)):
        expected = np.clip(before, -scale, scale)
        assert np.abs((part - expected) / scale).max() <= 1 / 2**11  # a step of 12 bits


@pytest.mark.parametrize("ratio_db", [0.0, 10.0, 20.0])
def test_interference_is_a_tone_of_the_stated_power(samples, ratio_db):
    tone = corrupt(samples, None, "interference", ratio_db, 4) - samples
    power = (np.abs(samples) ** 2).mean(axis=1)
    ratio = (np.abs(tone) ** 2).mean(axis=1) / power
    np.testing.assert_allclose(10 * np.log10(ratio), ratio_db, atol=1e-9)
    turn = tone[:, 1:] / tone[:, :-1]
    np.testing.assert_allclose(turn, turn[:, :1].repeat(STEPS - 1, axis=1), atol=1e-6)
    frequency = np.angle(turn[:, 0]) / (2 * np.pi)
    assert np.histogram(frequency, 8, (-0.5, 0.5))[0].min() > 0.8 * ROWS / 8  # uniform


def test_the_same_seed_gives_the_same_and_rows_are_independent_of_each_other(samples):
    for effect, corruption in CORRUPTIONS.items():
        level = corruption.levels[0]
        one, again = (corrupt(samples, None, effect, level, 5) for _ in range(2))
        assert np.array_equal(one, again)
        assert np.array_equal(corrupt(samples[:7], None, effect, level, 5), one[:7])
    assert not np.array_equal(corrupt(samples, None, "dropped", 0.1, 6), one)
    with pytest.raises(ValueError, match="'rain'; expected one of occlusion"):
        corrupt(samples, None, "rain", 0.1, 0)
