"""Log-mel features: their bands by closed form, what they must not depend on, what is refused."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from radarseq.errors import UsageError
from radarseq.models.features.log_mel import BANDS, LogMel, count_frames, mel_filters
from radarseq.models.input_spec import InputSpec
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.models.streaming import NetworkStream

RATE_HZ = 8000.0
SPEC = InputSpec(
    is_complex=False,
    channels=1,
    steps=4000,
    target="",
    target_channels=1,
    classes=3,
    coded=False,
    sample_interval_s=1 / RATE_HZ,
)
SETTINGS: dict[str, Any] = {
    "model": "conv_gru",
    "task": "classify",
    "features": ("log_mel",),
    "causal": False,
    "width": 8,
    "layers": 1,
}


def network_of(spec=SPEC, **settings: Any):
    torch.manual_seed(0)
    return Network(ModelSettings(**SETTINGS | settings), spec).eval()


def sound_of(count=2, steps=4000):
    return torch.randn(count, steps, generator=torch.Generator().manual_seed(1))


def test_bands_are_equally_far_apart_in_mel():
    low, high = (2595 * np.log10(1 + f / 700) for f in (60.0, 4000.0))
    middle_hz = 700 * (10 ** (np.linspace(low, high, BANDS + 2)[1:-1] / 2595) - 1)
    filters = mel_filters(RATE_HZ, 8192)
    assert np.allclose(filters.sum(dim=0), 1.0, atol=1e-6)
    peak_hz = filters.argmax(dim=0).numpy() * RATE_HZ / 8192
    assert np.abs(peak_hz - middle_hz).max() <= RATE_HZ / 8192


@pytest.mark.parametrize("hz", [500.0, 1500.0, 3000.0])
def test_a_tone_is_loudest_in_the_band_of_its_frequency(hz):
    tone = torch.sin(2 * torch.pi * hz * torch.arange(2000) / RATE_HZ)
    sound = torch.cat((0.2 * sound_of(1, 2000)[0], tone))[None]  # the mean is taken off
    bands = LogMel(RATE_HZ, 80)(sound).steps[0, 30:48].mean(dim=0)
    assert bands.argmax() == mel_filters(RATE_HZ, 256)[round(hz * 256 / RATE_HZ)].argmax()


@pytest.mark.parametrize("features", [("log_mel",), ("log_mel", "log_mel_change")])
def test_neither_padding_nor_loudness_changes_a_class(features):
    network, sound = network_of(features=features), sound_of()
    length = torch.tensor([2507, 4000])
    network.fit(sound, None, None, length)
    info = network(sound, None, length).logits
    noisy = sound.clone()
    noisy[0, 2507:] = 1e3
    assert torch.equal(network(noisy, None, length).logits, info)
    alone = network(sound[:1, :2507]).logits
    assert torch.allclose(alone, info[:1], atol=1e-5)
    assert torch.allclose(network(1e-3 * sound, None, length).logits, info, atol=1e-4)
    silent = network(torch.zeros(1, 4000)).logits
    assert silent.isfinite().all()


def test_the_change_of_a_swelling_tone_is_that_of_its_loudness():
    time_s = torch.arange(4000) / RATE_HZ
    growth_per_s = 3.0
    tone = torch.exp(growth_per_s * time_s) * torch.sin(2 * torch.pi * 1000.0 * time_s)
    length = torch.tensor([3200])
    steps = LogMel(RATE_HZ, 80, changes=True)(tone[None], None, length).steps[0]
    band = mel_filters(RATE_HZ, 256)[1000 * 256 // int(RATE_HZ)].argmax()
    change = steps[:, BANDS + band]
    # Over two hops the power grows by exp(2 growth 2 hop / rate). The last frame's taper is cut.
    wanted = 4 * growth_per_s * 80 / RATE_HZ
    assert (change[2:37] - wanted).abs().max() < 2e-3
    assert not change[0] and not change[39:].any()


def test_changes_stand_beside_the_bands_and_leave_them_alone():
    sound, length = sound_of(), torch.tensor([2507, 4000])
    bands = LogMel(RATE_HZ, 80)(sound, None, length).steps
    both = LogMel(RATE_HZ, 80, changes=True)(sound, None, length).steps
    assert torch.equal(both[..., :BANDS], bands)
    assert torch.equal(both[0, 5, BANDS:], bands[0, 6] - bands[0, 4])
    assert not both[0, 31:, BANDS:].any()  # frame 31 is the last that begins in 2507 samples


def test_a_frame_for_each_hop_that_has_begun():
    assert count_frames(torch.tensor([1, 80, 81]), 80).tolist() == [1, 1, 2]
    assert LogMel(RATE_HZ, 80)(sound_of(1, 81)).steps.shape == (1, 2, BANDS)


def test_what_has_no_frames_or_no_hertz_is_refused():
    with pytest.raises(ValueError, match="expected log_mel, with log_mel_change or alone"):
        ModelSettings(features=("log_mel", "iq"), task="classify")
    with pytest.raises(ValueError, match="expected log_mel, with log_mel_change or alone"):
        ModelSettings(features=("log_mel_change",), task="classify")
    with pytest.raises(ValueError, match="expected log_mel, with log_mel_change or alone"):
        ModelSettings(features=("log_mel", "log_mel"), task="classify")
    with pytest.raises(ValueError, match="needs an output at each sample"):
        ModelSettings(features=("log_mel",), task="echo")
    with pytest.raises(UsageError, match="lack their sample interval"):
        network_of(dataclasses.replace(SPEC, sample_interval_s=0.0))
    with pytest.raises(UsageError, match="is for real sound and a class"):
        network_of(dataclasses.replace(SPEC, is_complex=True))
    with pytest.raises(UsageError, match="cannot be streamed"):
        NetworkStream(network_of(causal=True))
    with pytest.raises(UsageError, match="less the mean of the recording"):
        network_of(causal=True).step_logits(sound_of())
