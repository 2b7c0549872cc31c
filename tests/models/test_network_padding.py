"""Padding, lengths and neighbours do not change what a network gives."""

import pytest
import torch
from networks import MODELS, PER_STEP, PLAIN, network_of, signal_of, spec_of

from radarseq.training.data.batches import Batch
from radarseq.training.optimisation.losses import Objective, batch_loss


@pytest.mark.parametrize("model", MODELS)
def test_padding_after_the_length_does_not_change_the_class(model):
    spec = spec_of(is_complex=False, channels=2, target="", coded=False)
    network = network_of(spec, model=model, features=PER_STEP, task="classify")
    signal, _ = signal_of(spec)
    length = torch.tensor([1, 5, 17, 31, 32])
    padded = signal.clone()
    for row, valid in enumerate(length):
        padded[row, valid:] = 1e3
    one, other = (network(s, length=length).logits for s in (signal, padded))
    assert torch.equal(one, other)
    assert not torch.equal(network(padded).logits, other)


@pytest.mark.parametrize("settings", [{}, {"causal": False, "features": PER_STEP}])
def test_padding_after_the_length_does_not_change_the_class_by_any_feature(settings):
    spec = spec_of(is_complex=False, channels=2, target="", coded=False)
    network = network_of(spec, task="classify", **settings)
    signal, _ = signal_of(spec)
    length = torch.tensor([1, 5, 17, 31, 32])
    padded = signal.clone()
    for row, valid in enumerate(length):
        padded[row, valid:] = 1e3
    assert torch.equal(network(signal, length=length).logits, network(padded, length=length).logits)


@pytest.mark.parametrize("model", MODELS)
def test_a_masked_pooling_is_that_of_the_shorter_sequence(model):
    spec = spec_of(is_complex=False, channels=2, target="", coded=False)
    network = network_of(spec, model=model, features=PER_STEP, task="classify")
    signal, _ = signal_of(spec)
    masked = network(signal, length=torch.full((5,), 20)).logits
    torch.testing.assert_close(masked, network(signal[:, :20]).logits, rtol=0, atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_an_example_does_not_depend_on_its_neighbours(model):
    spec = spec_of()
    network, (signal, tx) = network_of(spec, model=model), signal_of(spec)
    whole, alone = network(signal, tx), network(signal[2:3], tx[2:3])
    torch.testing.assert_close(alone.logits[0], whole.logits[2], rtol=0, atol=1e-6)
    torch.testing.assert_close(alone.sequence[0], whole.sequence[2], rtol=0, atol=1e-5)


STEPWISE = ("iq", "log_magnitude", "increment", "level")


@pytest.mark.parametrize("model", MODELS)
def test_the_last_step_is_that_of_each_examples_own_length(model):
    spec = spec_of(channels=2, **PLAIN)
    network = network_of(spec, model=model, pool="last", task="classify", features=STEPWISE)
    signal, _ = signal_of(spec)
    length = torch.tensor([1, 5, 17, 31, 32])
    padded = network(signal, length=length).logits
    for row, steps in enumerate(length.tolist()):
        alone = network(signal[row : row + 1, :steps]).logits[0]
        torch.testing.assert_close(padded[row], alone, rtol=0, atol=1e-6)


def batch_of(signal, tx, target, length=None):
    return Batch(signal, tx, target, None, length)


@pytest.mark.parametrize("kind", ["complex", "real", "forecast"])
def test_padded_steps_do_not_count(kind):
    if kind == "complex":
        spec, settings = spec_of(), {"task": "echo"}
    else:
        spec = spec_of(channels=2, **PLAIN, standardised=True, horizon=int(kind == "forecast"))
        settings = {"task": "forecast" if kind == "forecast" else "echo"}
    network = network_of(spec, features=("iq",), **settings)
    (signal, tx), (target, _) = signal_of(spec), signal_of(spec, seed=1)
    length = torch.tensor([1, 5, 17, 31, 32])
    results = []
    for filling in (0.0, 1e6):
        padded, wanted = signal.clone(), target.clone()
        for row, valid in enumerate(length):
            padded[row, valid:] = filling
            wanted[row, valid:] = filling
        results.append(batch_loss(network, batch_of(padded, tx, wanted, length), Objective(1.0)))
    assert results[0][1] == results[1][1]
    whole = batch_loss(network, batch_of(signal, tx, target, torch.full((5,), 20)), Objective(1.0))
    short = (None if v is None else v[:, :20] for v in (signal, tx, target))
    cut = batch_loss(network, batch_of(*short), Objective(1.0))
    info = ({name: value.item() for name, value in parts.items()} for _, parts in (whole, cut))
    assert next(info) == pytest.approx(next(info), rel=1e-6)


@pytest.mark.parametrize("settings", [{}, {"causal": False}, {"pool": "last"}])
@pytest.mark.parametrize("model", MODELS)
def test_what_is_padding_in_all_of_a_batch_need_not_be_there(model, settings):
    """Loss and gradients are those of the whole arrays, to rounding; padding holds anything."""
    spec = spec_of()
    settings = {"features": ("iq", "level"), "strides": (2,), "dropout": 0.0} | settings
    network = network_of(spec, model=model, **settings).train()  # norms are made of the batch
    (signal, tx), (target, _) = signal_of(spec), signal_of(spec, seed=1)
    label, length = torch.arange(5) % 4, torch.tensor([1, 5, 17, 20, 13])
    signal[:, 20:], target[:, 20:] = 1e6, -1e6
    batch = Batch(signal, tx, target, label, length)
    short = batch.trimmed()
    assert [v.shape[1] for v in (short.signal, short.tx, short.target)] == [20, 20, 20]
    found = []
    for one in (batch, short):
        network.zero_grad()
        loss, _ = batch_loss(network, one, Objective(1.0))
        loss.backward()
        found.append([loss.detach(), *(p.grad for p in network.parameters())])
    for whole, cut in zip(*found, strict=True):
        torch.testing.assert_close(cut, whole, rtol=1e-4, atol=1e-5)
