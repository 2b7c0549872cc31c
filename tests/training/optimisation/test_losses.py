"""Losses against their definitions: masks, weights, units, scale and the last step."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from networks import network_of, signal_of, spec_of
from signals import STEP, ramps
from torch import nn
from torch.nn import functional

from radarseq.dataset.schema import Examples
from radarseq.evaluation.metrics.classification import relative_error
from radarseq.inference import task_targets
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.training.data.batches import Batch, as_batch
from radarseq.training.optimisation.losses import (
    Objective,
    batch_loss,
    class_loss,
    sequence_error,
    symbol_loss,
)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.float32])
def test_the_sequence_error_is_the_energy_of_the_difference(dtype):
    estimate, target = (torch.randn(3, 8, 2, dtype=dtype) for _ in range(2))
    difference = (estimate - target).to(torch.promote_types(dtype, torch.float64))
    expected = difference.abs().square().sum(dim=(1, 2))
    torch.testing.assert_close(sequence_error(estimate, target), expected)


def test_the_class_loss_is_the_mean_over_the_labelled():
    logits = torch.randn(6, 3)
    label = torch.tensor([0, 2, -1, 1, -1, 0])
    known = label >= 0
    picked = logits.log_softmax(dim=1)[known, label[known]]
    torch.testing.assert_close(class_loss(logits, label), -picked.mean())


def test_a_batch_without_a_label_has_no_loss():
    loss = class_loss(torch.randn(4, 3, requires_grad=True), torch.full((4,), -1))
    assert loss.item() == 0.0
    loss.backward()


def batch_of(signal, tx, target, length=None):
    return Batch(signal, tx, target, None, length)


def test_a_real_target_is_learnt_in_units_of_its_own_spread():
    """What says the mean costs 1: the loss is the error over the variance, whatever the unit."""
    spec = spec_of(target="real", target_channels=2, standardised=True)
    network = network_of(spec, task="echo")
    signal, tx = signal_of(spec, batch=400)
    generator = torch.Generator().manual_seed(2)
    scale, offset = torch.tensor([5.0, 1e-9]), torch.tensor([-30.0, 1e-6])
    target = torch.randn(400, 32, 2, generator=generator) * scale + offset
    network.fit(signal, tx, target, None)
    flat = target.double().flatten(0, 1)
    torch.testing.assert_close(network.sequence.mean.double(), flat.mean(dim=0), rtol=1e-6, atol=0)
    torch.testing.assert_close(network.sequence.std.double(), flat.std(dim=0), rtol=1e-4, atol=0)
    with torch.no_grad():
        network.sequence.correction.weight.zero_()
        network.sequence.correction.bias.zero_()
    loss, parts = batch_loss(network, batch_of(signal, tx, target), Objective(0.5))
    assert parts["target_loss"].item() == pytest.approx(1.0, abs=1e-3)
    assert loss.item() == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("scale", [1e-28, 1e-12, 1e12, 1e30])
def test_the_loss_and_its_gradient_do_not_depend_on_the_unit_of_the_samples(scale):
    spec = spec_of()
    network = network_of(spec, task="echo", features=("iq", "increment"))
    (signal, tx), (target, _) = signal_of(spec), signal_of(spec, seed=1)
    found = []
    for unit in (1.0, scale):
        network.zero_grad()
        loss, _ = batch_loss(network, batch_of(unit * signal, tx, unit * target), Objective(1.0))
        loss.backward()
        found.append((loss.item(), network.backbone.first.weight.grad.clone()))
    assert found[1][0] == pytest.approx(found[0][0], abs=1e-5)
    torch.testing.assert_close(found[1][1], found[0][1], rtol=1e-3, atol=1e-6)


def test_class_weights_and_smoothing_are_torchs():
    logits, label = torch.randn(60, 3), torch.arange(60) % 3
    weight = torch.tensor([1.0, 0.5, 4.0])
    for smoothing in (0.0, 0.2):
        expected = functional.cross_entropy(logits, label, weight)
        if smoothing:  # torch weighs the smoothed part by class, too
            expected = nn.CrossEntropyLoss(weight, label_smoothing=smoothing)(logits, label)
        found = class_loss(logits, label, weight=weight, smoothing=smoothing)
        torch.testing.assert_close(found, expected)


def test_the_symbol_loss_is_the_mean_over_valid_steps_and_voices():
    logits, target = torch.randn(3, 4, 2, 5), torch.randint(5, (3, 4, 2))
    target[0, 1, 1] = -1
    length = torch.tensor([4, 2, 1])
    nats, right = [], []
    for row in range(3):
        for step in range(length[row]):
            for voice in range(2):
                if (wanted := target[row, step, voice]) >= 0:
                    nats.append(-logits[row, step, voice].log_softmax(dim=0)[wanted].item())
                    right.append(logits[row, step, voice].argmax() == wanted)
    loss, share = symbol_loss(logits, target, length)
    assert loss.item() == pytest.approx(np.mean(nats), rel=1e-6)
    assert share.item() == pytest.approx(np.mean(right))


def test_the_sequence_error_of_valid_steps_is_that_of_the_cut_sequences():
    estimate, target = torch.randn(2, 6, 3), torch.randn(2, 6, 3)
    found = sequence_error(estimate, target, torch.tensor([6, 2]))
    expected = (estimate - target).double().square()
    torch.testing.assert_close(found, torch.stack((expected[0].sum(), expected[1, :2].sum())))


CPU = torch.device("cpu")


def test_accuracy_is_over_the_labelled_rows(toy):
    network = Network(ModelSettings(task="classify"), task_targets.spec_of(toy)).eval()
    batch = as_batch(toy, CPU)
    half = replace(batch, label=torch.where(torch.arange(len(batch)) < 120, batch.label, -1))
    _, parts = batch_loss(network, half, Objective(0.2))
    _, known = batch_loss(network, batch.take(slice(120)), Objective(0.2))
    assert parts["accuracy"].item() == pytest.approx(known["accuracy"].item())


def test_the_echo_loss_is_the_log_of_the_relative_error(space_examples):
    network = Network(ModelSettings(task="echo"), task_targets.spec_of(space_examples)).eval()
    batch = as_batch(space_examples.take(slice(50)), CPU)
    loss, parts = batch_loss(network, batch, Objective(0.2))
    estimate = network(batch.signal, batch.tx).sequence.detach().numpy().astype(np.complex128)
    error = (np.abs(estimate - batch.target.numpy()) ** 2).sum(axis=1)
    power = (np.abs(batch.signal.numpy().astype(np.complex128)) ** 2).sum(axis=1)
    expected = np.log(error / power + 1e-3).mean()
    assert parts["echo_loss"].item() == pytest.approx(expected, abs=1e-4)
    assert loss.item() == pytest.approx(0.2 * expected, abs=1e-4)


def test_the_relative_echo_loss_is_the_error_that_is_judged(space_examples):
    examples = space_examples.take(slice(50))
    network = Network(ModelSettings(task="echo"), task_targets.spec_of(space_examples)).eval()
    batch = as_batch(examples, CPU)
    _, parts = batch_loss(network, batch, Objective(1.0, echo_error="relative"))
    estimate = network(batch.signal, batch.tx).sequence.detach().numpy()
    judged = relative_error(estimate, examples["target"]).mean()
    assert parts["echo_loss"].item() == pytest.approx(judged, rel=1e-5)


@pytest.mark.parametrize("has_length", [False, True])
def test_the_last_step_alone_can_train(has_length):
    """Only the hidden state of the last valid step then gets a gradient."""
    examples = ramps()
    if has_length:
        length = np.full(40, 7, np.int32)
        examples = Examples(STEP, examples.columns | {"length": length})
    settings = ModelSettings(model="rnn", task="forecast", width=4, features=("value",))
    network = Network(settings, task_targets.spec_of(examples, settings))
    batch = as_batch(examples, torch.device("cpu"))
    network.fit(batch.signal, None, batch.target, batch.length)
    seen = []
    network.backbone.register_forward_hook(lambda *a: seen.append(a[2]) or a[2].retain_grad())
    loss, parts = batch_loss(network, batch, Objective(1.0, last_step=True))
    loss.backward()
    moved = seen[0].grad.abs().sum(dim=(1, 2)) > 0
    assert torch.nonzero(moved).flatten().tolist() == [6 if has_length else 11]
    assert parts["loss"] > 0
