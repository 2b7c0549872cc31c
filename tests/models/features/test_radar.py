"""Features: the code comes off, the past alone is seen, scale does not matter, no NaN ever."""

import numpy as np
import pytest
import torch

from radarseq.models.features.names import RADAR_FEATURES as FEATURE_NAMES
from radarseq.models.features.radar import RadarFeatures, decode

PER_STEP = ("iq", "log_magnitude", "increment", "level")
SCALELESS = ("iq", "log_magnitude", "increment")


def noise(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.complex64, generator=generator)


def described(signal, tx=None, names=FEATURE_NAMES, causal=True):
    channels = 1 if signal.ndim == 2 else signal.shape[2]
    features = RadarFeatures(names, channels, is_complex=signal.is_complex(), causal=causal)
    return features(signal, tx)


@pytest.mark.parametrize("channels", [None, 3])
@pytest.mark.parametrize(
    "amplitude",
    [
        1.0,
        1e-6,
        1e6,
        "varied",
        1e-18,
    ],
)
def test_decoding_undoes_the_code(channels, amplitude):
    shape = (5, 32) if channels is None else (5, 32, channels)
    generator = torch.Generator().manual_seed(1)
    phases = 2 * np.pi * torch.rand(5, 32, generator=generator, dtype=torch.float64)
    size = torch.rand(5, 32, generator=generator, dtype=torch.float64) + 0.1
    tx = torch.polar(size if amplitude == "varied" else torch.full_like(size, amplitude), phases)
    echo = noise(*shape).to(torch.complex128)
    received = echo * (tx if channels is None else tx[..., None])
    torch.testing.assert_close(decode(received, tx), echo, rtol=1e-12, atol=0)


def test_nothing_sent_decodes_to_nothing():
    tx = torch.ones(2, 8, dtype=torch.complex64)
    tx[:, 3] = 0
    decoded = decode(noise(2, 8), tx)
    assert (decoded[:, 3] == 0).all()
    assert torch.equal(decoded[:, :3], noise(2, 8)[:, :3])


def test_without_code_the_samples_stay_as_they_are():
    rx = noise(2, 8)
    assert decode(rx, None) is rx


def test_the_features_do_not_depend_on_which_code_was_sent():
    echo, codes = noise(4, 32), torch.polar(torch.ones(4, 32), 6.28 * torch.rand(4, 32))
    plain, coded = described(echo), described(echo * codes, codes)
    torch.testing.assert_close(coded.steps, plain.steps, rtol=0, atol=1e-4)
    torch.testing.assert_close(coded.spectrum, plain.spectrum, rtol=0, atol=1e-3)
    torch.testing.assert_close(coded.correlation, plain.correlation, rtol=0, atol=1e-5)


def test_each_step_feature_is_what_its_name_says():
    signal = noise(3, 16)
    z = signal.numpy().astype(np.complex128)
    level = np.sqrt(np.cumsum(np.abs(z) ** 2, axis=1) / np.arange(1, 17))
    turn = np.zeros_like(z)
    turn[:, 1:] = np.exp(1j * (np.angle(z[:, 1:]) - np.angle(z[:, :-1])))
    expected = {
        "iq": np.stack(((z / level).real, (z / level).imag), axis=2),
        "log_magnitude": 0.5 * np.log(np.abs(z / level) ** 2 + 1e-4)[..., None],
        "increment": np.stack((turn.real, turn.imag), axis=2),
        "level": np.log(level)[..., None],
    }
    for name, values in expected.items():
        beside = () if name != "level" else ("iq",)
        found = described(signal, names=(*beside, name)).steps[..., -values.shape[2] :]
        np.testing.assert_allclose(found.numpy(), values, rtol=0, atol=2e-6, err_msg=name)
    whole = described(signal)
    np.testing.assert_allclose(whole.level[..., 0].numpy(), level, rtol=1e-6)
    np.testing.assert_allclose(whole.decoded[..., 0].numpy(), z / level, rtol=0, atol=1e-6)


def test_real_features_are_value_log_magnitude_and_difference():
    signal = noise(3, 16, 2).real.contiguous()
    x = signal.numpy().astype(np.float64)
    power = np.cumsum((x**2).mean(axis=2), axis=1) / np.arange(1, 17)
    relative = x / np.sqrt(power)[..., None]
    steps = described(signal, names=PER_STEP).steps.numpy()
    difference = np.diff(relative, axis=1, prepend=relative[:, :1])
    parts = (relative, 0.5 * np.log(relative**2 + 1e-4), difference, np.log(power)[..., None] / 2)
    np.testing.assert_allclose(steps, np.concatenate(parts, axis=2), rtol=0, atol=3e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_level_that_is_not_causal_is_that_of_all_samples(channels):
    signal = noise(4, 16, channels)
    found = described(signal, causal=False).level[..., 0].numpy()
    rms = np.sqrt((np.abs(signal.numpy().astype(np.complex128)) ** 2).mean(axis=(1, 2)))
    np.testing.assert_allclose(found, np.repeat(rms[:, None], 16, axis=1), rtol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_spectrum_is_the_logarithm_of_numpys_power_spectrum_over_its_mean(channels):
    signal = noise(4, 32, channels)
    power = np.abs(np.fft.fft(signal.numpy().astype(np.complex128), axis=1)) ** 2
    expected = np.log(power / power.mean(axis=(1, 2), keepdims=True) + 1e-3)
    found = described(signal).spectrum
    assert found.shape == (4, channels, 32)
    np.testing.assert_allclose(found.numpy(), expected.transpose(0, 2, 1), rtol=0, atol=1e-4)


def test_a_tone_peaks_in_its_own_bin_of_the_spectrum():
    tone = torch.polar(torch.ones(32), 2 * np.pi * 5 / 32 * torch.arange(32.0))[None]
    assert described(tone).spectrum.argmax().item() == 5
    assert described(tone.conj()).spectrum.argmax().item() == 27


def test_the_correlation_is_that_of_the_sequence_with_itself_at_each_lag():
    signal = noise(3, 16, 2)
    found = described(signal).correlation.numpy()
    for row in range(3):
        for channel in range(2):
            z = signal[row, :, channel].numpy().astype(np.complex128)
            lags = np.abs(np.correlate(z, z, "full")[15:])
            np.testing.assert_allclose(found[row, channel], lags / lags[0], rtol=0, atol=1e-5)


def test_features_that_were_not_asked_for_are_not_made():
    made = described(noise(2, 8), names=("iq",))
    assert made.spectrum is None
    assert made.correlation is None
    assert made.steps.shape == (2, 8, 2)


@pytest.mark.parametrize("is_complex", [True, False])
@pytest.mark.parametrize("names", [("iq",), ("iq", "increment"), PER_STEP, FEATURE_NAMES])
def test_the_width_is_how_many_features_there_are(names, is_complex):
    signal = noise(2, 8, 3) if is_complex else noise(2, 8, 3).real
    features = RadarFeatures(names, 3, is_complex=is_complex, causal=True)
    assert features(signal).steps.shape == (2, 8, features.width)


@pytest.mark.parametrize("is_complex", [True, False])
@pytest.mark.parametrize("k", [0, 1, 7, 15])
def test_causal_features_before_a_changed_sample_stay_the_same(k, is_complex):
    signal = noise(3, 16, 2) if is_complex else noise(3, 16, 2).real.contiguous()
    changed = signal.clone()
    changed[:, k] = changed[:, k] * 100 + 3
    one, other = described(signal, names=PER_STEP), described(changed, names=PER_STEP)
    for a, b in ((one.steps, other.steps), (one.level, other.level), (one.decoded, other.decoded)):
        assert torch.equal(a[:, :k], b[:, :k])
        assert not torch.equal(a[:, k], b[:, k])


def test_features_that_are_not_causal_see_a_later_sample():
    signal = noise(3, 16)
    changed = signal.clone()
    changed[:, 9] *= 100
    one, other = (described(s, names=("iq",), causal=False) for s in (signal, changed))
    assert (one.steps[:, :9] != other.steps[:, :9]).any()


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("scale", [2.0**40, 2.0**-40, 1e12, 1e-12])
def test_scale_changes_the_level_alone(scale, causal):
    signal = noise(4, 32)
    one, other = (described(s, names=SCALELESS, causal=causal) for s in (signal, signal * scale))
    torch.testing.assert_close(other.steps, one.steps, rtol=0, atol=3e-6)
    torch.testing.assert_close(other.level, one.level * scale, rtol=1e-6, atol=0)
    one, other = (described(s, names=("iq", "level")) for s in (signal, signal * scale))
    shift = other.steps[..., 2] - one.steps[..., 2]
    torch.testing.assert_close(shift, torch.full_like(shift, np.log(scale)), rtol=1e-6, atol=0)


@pytest.mark.parametrize("is_complex", [True, False])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(
    "samples",
    [(0.0,), (1e30,), (1e-30,), (0.0, 1e30), (1e-30, 1e30), (1e30, 1e-30, 0.0), (3e38,), (1e-44,)],
)
def test_extreme_samples_give_finite_features(samples, causal, is_complex):
    values = torch.tensor(samples).repeat(32)[:32][None].repeat(2, 1)
    signal = values.to(torch.complex64) if is_complex else values[..., None]
    tx = torch.ones(2, 32, dtype=torch.complex64) if is_complex else None
    for name, part in described(signal, tx, causal=causal)._asdict().items():
        assert torch.isfinite(torch.view_as_real(part) if part.is_complex() else part).all(), name


def test_after_fitting_the_features_have_mean_0_and_deviation_1():
    signal = noise(500, 32, 2) * 7e-5
    features = RadarFeatures(FEATURE_NAMES, 2, is_complex=True, causal=True)
    features.fit(signal, None)
    flat = features(signal).steps.flatten(0, 1).double()
    torch.testing.assert_close(flat.mean(dim=0), torch.zeros_like(flat[0]), rtol=0, atol=1e-5)
    torch.testing.assert_close(flat.std(dim=0), torch.ones_like(flat[0]), rtol=0, atol=1e-5)


def test_fitting_on_constant_samples_divides_by_no_zero():
    features = RadarFeatures(FEATURE_NAMES, 1, is_complex=True, causal=False)
    features.fit(torch.ones(4, 8, dtype=torch.complex64), None)
    assert (features.std > 0).all()
    assert torch.isfinite(features(noise(4, 8)).steps).all()


def test_the_statistics_travel_with_the_weights():
    features = RadarFeatures(("iq", "level"), 1, is_complex=True, causal=True)
    features.fit(noise(50, 8) * 1e3, None)
    other = RadarFeatures(("iq", "level"), 1, is_complex=True, causal=True)
    other.load_state_dict(features.state_dict())
    assert torch.equal(other(noise(4, 8)).steps, features(noise(4, 8)).steps)
    assert set(features.state_dict()) == {"mean", "std"}
