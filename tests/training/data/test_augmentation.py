"""Faults and noise that are put into batches, as often and as strong as asked."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_runs import SMALL

from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from radarseq.errors import UsageError
from radarseq.models.features.radar import valid_steps
from radarseq.training.data.augmentation import AugmentedBatches, augment, time_stretch
from radarseq.training.data.batches import Batch, StoredBatches, as_batch
from radarseq.training.settings import TrainSettings
from radarseq.training.train import train

RATE_HZ = 8000.0


def test_another_pace_is_another_frequency():
    time_s = torch.arange(4000) / RATE_HZ
    tone = torch.sin(2 * torch.pi * 200.0 * time_s).repeat(2, 1)
    batch = Batch(tone, None, None, None, torch.tensor([4000, 4000]))
    played = time_stretch(batch, 0.25, torch.tensor([0.0, 1.0]))
    assert played.length is not None and played.length.tolist() == [4000, 3200]
    for row, hz in enumerate((160.0, 250.0)):
        valid = int(played.length[row])
        wanted = torch.sin(2 * torch.pi * hz * time_s[:valid])
        assert (played.signal[row, :valid] - wanted).abs().max() < 0.01
    assert not played.signal[1, 3200:].any()


CPU = torch.device("cpu")


def batch_of(rows=4000, steps=40, *, complex_=True, noise_power=None):
    generator = torch.Generator().manual_seed(0)
    dtype = torch.complex64 if complex_ else torch.float32
    signal, target = torch.randn(2, rows, steps, dtype=dtype, generator=generator).unbind(0)
    return Batch(signal, None, target, None, None, noise_power)


def faulty(batch, seed=1, **faults):
    generator = torch.Generator().manual_seed(seed)
    return augment(batch, TrainSettings(**faults), generator).signal


@pytest.mark.parametrize("complex_", [True, False])
def test_each_fault_comes_as_often_and_as_strong_as_it_says(complex_):
    batch = batch_of(complex_=complex_)
    clean = batch.signal
    lost = faulty(batch, dropped=0.2) == 0
    assert lost.float().mean() == pytest.approx(0.2, abs=0.005)
    spike = faulty(batch, spikes=0.1) - clean
    hit = spike.abs() > 1e-3
    assert hit.float().mean() == pytest.approx(0.1, abs=0.005)
    rms = clean.abs().square().mean(dim=1, keepdim=True).sqrt().expand_as(clean)
    torch.testing.assert_close(spike[hit].abs(), 10 * rms[hit], rtol=1e-4, atol=1e-4)
    assert (spike[hit] / rms[hit]).mean().abs() < 0.4  # of any phase: 10 / sqrt(16000), times 5
    clipped = faulty(batch, saturation=0.5)
    parts = torch.view_as_real(clipped) if complex_ else clipped[..., None]
    changed = (clipped != clean).any(dim=1)
    assert changed.float().mean() == pytest.approx(0.5, abs=0.04)
    largest = parts[changed].abs().amax(dim=(1, 2))
    torch.testing.assert_close(largest, rms[changed][:, 0], rtol=1e-5, atol=0)
    hidden = faulty(batch, occlusion=0.5) == 0
    assert hidden.any(dim=1).float().mean() == pytest.approx(0.5, abs=0.04)
    length = hidden.sum(dim=1)[hidden.any(dim=1)]
    assert (length.min(), length.max()) == (4, 12)
    edges = hidden.int().diff(dim=1).abs().sum(dim=1)
    assert edges.max() <= 2  # one run


@pytest.mark.parametrize("complex_", [True, False])
def test_added_noise_is_white_and_as_strong_as_it_says(complex_):
    batch = batch_of(complex_=complex_)
    loud = replace(batch, signal=batch.signal * torch.logspace(-3, 3, 4000)[:, None])
    noise = faulty(loud, noise=0.2) - loud.signal
    rms = loud.signal.abs().square().mean(dim=1, keepdim=True).sqrt()
    share = noise / rms
    assert share.abs().square().mean().sqrt() == pytest.approx(0.2, rel=0.01)
    assert (share[:, 1:] * share[:, :-1].conj()).mean().abs() < 0.04 * 0.0127  # 5 / sqrt(156000)
    assert share.mean().abs() < 0.2 * 0.0125


def test_hiding_an_object_leaves_the_noise_and_the_target():
    batch = batch_of(noise_power=torch.ones(4000))
    generator = torch.Generator().manual_seed(1)
    found = augment(batch, TrainSettings(occlusion=0.9), generator)
    changed = found.signal != batch.signal
    noise = batch.signal - batch.target
    torch.testing.assert_close(found.signal[changed], noise[changed])
    assert torch.equal(found.target, batch.target)


def test_padding_does_not_set_how_strong_a_spike_is():
    batch = batch_of(rows=50)
    length = torch.full((50,), 10)
    loud = torch.where(valid_steps(length, 40), batch.signal, 1e6)
    one, other = (
        faulty(replace(batch, signal=s, length=length), spikes=0.5)[:, :10]
        for s in (batch.signal, loud)
    )
    assert torch.equal(one, other)


def test_each_epoch_has_faults_of_its_own_which_the_seed_fixes(toy):
    def epoch(seed, number):
        settings = TrainSettings(dropped=0.3, seed=seed)
        source = StoredBatches(as_batch(toy, CPU), batch_size=240, seed=0, redraw_noise=False)
        batch = next(AugmentedBatches(source, settings).epoch(number))
        return batch.signal[batch.label.argsort(stable=True)] == 0

    assert torch.equal(epoch(1, 0), epoch(1, 0))
    assert not torch.equal(epoch(1, 0), epoch(2, 0))
    assert not torch.equal(epoch(1, 0), epoch(1, 1))


def test_faults_of_samples_are_refused_where_there_are_symbols(tmp_path):
    notes = Examples(Header(sample_axis="step"), {"x": np.zeros((20, 8, 1), np.float32)})
    write_dataset(tmp_path / "data", notes)
    with pytest.raises(UsageError, match="input is made of symbols"):
        train(tmp_path / "data", tmp_path / "run", task="next_symbol", dropped=0.1, **SMALL)
