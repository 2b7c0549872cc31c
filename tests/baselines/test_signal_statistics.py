"""Statistics of sequences: finite, and the same for any phase and code."""

import numpy as np
import pytest
from signals import noise

from radarseq.baselines.signal_statistics import sequence_statistics


@pytest.mark.parametrize("dtype", [np.complex64, np.float32])
@pytest.mark.parametrize("value", [0.0, 1.0, -3.0, 1e-30, 1e30])
@pytest.mark.parametrize("shape", [(2, 32), (2, 2), (2, 32, 3), (2, 32, 100)])
def test_statistics_of_constant_samples_are_finite(shape, value, dtype):
    signal = np.full(shape, value, dtype=dtype)
    tx = np.ones(shape[:2], np.complex64) if dtype == np.complex64 else None
    for found in (sequence_statistics(signal), sequence_statistics(signal, tx)):
        assert found.dtype == np.float32
        assert found.shape[0] == 2
        assert np.isfinite(found).all()


def test_statistics_do_not_depend_on_the_phase():
    rx = noise(5, 32, seed=3)
    turned = rx * np.exp(1j * np.array([0.1, 1.0, 2.0, -2.0, 3.1]))[:, None]
    np.testing.assert_allclose(
        sequence_statistics(turned), sequence_statistics(rx), rtol=0, atol=1e-5
    )


def test_statistics_take_the_code_off():
    echo = noise(5, 32, seed=4)
    tx = np.random.default_rng(5).uniform(0.5, 2, (5, 32)) * np.exp(1j * noise(5, 32, seed=6).real)
    coded = sequence_statistics(echo * tx, tx)
    np.testing.assert_allclose(coded, sequence_statistics(echo), rtol=0, atol=1e-5)
    assert not np.allclose(sequence_statistics(echo * tx), coded, atol=0.1)


def test_scale_moves_the_level_alone():
    rx = noise(5, 32, seed=7)
    one, other = sequence_statistics(rx), sequence_statistics(1e3 * rx)
    np.testing.assert_allclose(other[:, 0] - one[:, 0], np.log(1e3), rtol=1e-5)
    np.testing.assert_allclose(other[:, 1:], one[:, 1:], rtol=0, atol=1e-4)


def test_the_mean_increment_is_the_doppler():
    tone = np.exp(1j * 0.3 * np.arange(32))[None]
    found = sequence_statistics(tone)[0]
    assert found[-1] == pytest.approx(0.3, abs=1e-6)  # the angle of the increments' sum
    assert found[-2] == pytest.approx(1.0, abs=1e-6)  # their agreement


def test_every_channel_has_its_own_statistics():
    rx = noise(3, 32, 2, seed=8)
    both = sequence_statistics(rx)
    apart = [sequence_statistics(rx[:, :, c]) for c in range(2)]
    np.testing.assert_allclose(both, np.concatenate(apart, axis=1), rtol=0, atol=1e-6)
