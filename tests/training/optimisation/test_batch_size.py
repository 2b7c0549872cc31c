"""The batch that fits into memory, and words where none does."""

import pytest
import torch

from radarseq.errors import DeviceMemoryError
from radarseq.inference.task_targets import spec_of
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.training.data.batches import as_batch
from radarseq.training.optimisation import batch_size
from radarseq.training.train import train

CPU = torch.device("cpu")
SMALL = {"batch_size": 64, "width": 16, "skip": 16, "epochs": 2}


def test_what_an_example_takes_is_counted_and_leaves_no_trace(space_examples):
    network = Network(ModelSettings(width=16), spec_of(space_examples)).eval()
    batch = as_batch(space_examples.take(slice(128)), CPU)
    state = torch.get_rng_state()
    each = batch_size.bytes_per_example(network, batch)
    assert torch.equal(state, torch.get_rng_state()) and not network.training
    # Five layers keep 32 steps of input, gates and what passed: 16 + 32 + 16 numbers of 4 bytes.
    layers = 5 * 32 * (16 + 32 + 16) * 4
    assert layers < each / 2 < 10 * layers
    wider = Network(ModelSettings(width=32), spec_of(space_examples))
    assert batch_size.bytes_per_example(wider, batch) > 1.2 * each


@pytest.mark.parametrize(("megabytes", "expected"), [(20, 64), (10_000, 256)])
def test_the_batch_is_what_fits_and_leaves_some_steps(
    space_examples, monkeypatch, megabytes, expected
):
    network = Network(ModelSettings(width=16), spec_of(space_examples))
    batch = as_batch(space_examples.take(slice(64)), CPU)
    monkeypatch.setattr(batch_size, "free_bytes", lambda _: megabytes * 1_000_000)
    chosen = batch_size.choose_batch_size(network, batch, 32 * 300, CPU)
    assert chosen == expected
    monkeypatch.setattr(batch_size, "free_bytes", lambda _: 100_000)
    with pytest.raises(DeviceMemoryError, match=r"has 0 MB free; a batch of 64 takes about"):
        batch_size.choose_batch_size(network, batch, 10_000, CPU)


def test_a_batch_size_left_to_the_memory_is_chosen_once_and_kept(space, tmp_path):
    train(space, tmp_path / "run", device="cpu", **SMALL | {"batch_size": "auto", "epochs": 1})
    assert "batch_size = 64\n" in (tmp_path / "run/config.toml").read_text()
    train(space, tmp_path / "run", device="cpu", resume=True, epochs=2)


def test_a_full_device_is_answered_with_what_to_lower(space, tmp_path, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr("radarseq.training.optimisation.train_step.clip_grad_norm_", full)
    with pytest.raises(DeviceMemoryError, match=r"batch_size is 64, which takes about .*=32, or"):
        train(space, tmp_path / "run", device="cpu", **SMALL)
