"""Compiled layers in training, against torch in double precision: values and slopes."""

import copy

import numpy as np
import pytest
import torch

from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.engines.cpu.activations import gate_backward, gate_forward
from radarseq.models.engines.cpu.matmul import add_outer
from radarseq.models.engines.cpu.rnn import FastCells
from radarseq.models.engines.cpu.scheduling import BufferPool
from radarseq.models.engines.cpu.wavenet_training import TrainedWaveNet
from radarseq.models.engines.select import use_compiled_layers
from radarseq.training.train import train
from tests.test_contract import network_of, signal_of, spec_of
from tests.test_engines import random, wavenet
from tests.test_training import everything, interrupted


def slopes_of(network, x, weight, *, last=False):
    """Return the output, and the slopes of its weighted sum to the input and every weight."""
    network.zero_grad()
    x = x.clone().requires_grad_()
    y = network.at_last_step(x) if last else network(x)
    (y * weight).sum().backward()
    slopes = {name: p.grad.clone() for name, p in network.named_parameters()}
    return y.detach(), slopes | {"x": x.grad}


def trained(network):
    """Return the network by compiled layers, however small the job is."""
    network = copy.deepcopy(network).requires_grad_()
    is_wavenet = isinstance(network, WaveNet)
    network.engine = TrainedWaveNet(network) if is_wavenet else FastCells(network, trains=True)
    network.engine.supports = lambda _: True
    return network


def check_slopes(plain, x, weight, **how):
    """Hold compiled layers against the same network by torch's operations in double precision."""
    given, found = slopes_of(trained(plain), x, weight, **how)
    exact, expected = slopes_of(copy.deepcopy(plain).double(), x.double(), weight.double(), **how)
    torch.testing.assert_close(given.double(), exact, rtol=0, atol=1e-5)
    assert exact.std() > 0.01
    for name, slope in expected.items():
        size = max(1.0, slope.abs().max().item())
        difference = (found[name] - slope).abs().max().item()
        assert difference < 1e-5 * size, f"{name}: {difference:.1e} of {size:.1e}"


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    ("dilations", "steps", "batch"),
    [((1, 2, 4, 8, 16), 32, 77), ((3, 1, 50), 17, 9), ((1,), 1, 1), ((4,), 3, 8)],
)
def test_a_wavenets_values_and_slopes_are_those_of_double_precision(dilations, steps, batch, last):
    plain = wavenet(dilations, width=64, skip=32, stacks=1).requires_grad_()
    x = torch.from_numpy(random(batch, steps, 6)).transpose(0, 1)
    weight = torch.from_numpy(random(batch, 32) if last else random(steps, batch, 32))
    check_slopes(plain, x, weight, last=last)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize(("steps", "batch"), [(32, 77), (1, 1), (3, 8)])
@pytest.mark.parametrize("more", [{}, {"layer_norm": True, "residual": True}])
def test_values_and_slopes_of_cells_are_those_of_double_precision(kind, steps, batch, more):
    torch.manual_seed(2)
    plain = Recurrent(kind, 13, width=32, layers=2, dropout=0.0, **more)
    for weights in plain.parameters():  # so that gates are far from linear
        weights.data.mul_(3.0)
    x, weight = torch.from_numpy(random(steps, batch, 13)), random(steps, batch, 32)
    check_slopes(plain, x, torch.from_numpy(weight))


def test_dropout_falls_between_compiled_layers_of_cells_too():
    network = trained(Recurrent("gru", 6, width=32, layers=2, dropout=0.5))
    x = torch.from_numpy(random(4, 8, 6))
    with torch.no_grad():
        assert not torch.equal(network(x), network(x))
        assert torch.equal(network.eval()(x), network(x))


@pytest.mark.parametrize("kind", ["wavenet", "lstm"])
def test_any_number_of_threads_gives_the_same_bytes(kind):
    plain = wavenet() if kind == "wavenet" else Recurrent(kind, 6, width=32, layers=1, dropout=0.0)
    network, x = trained(plain), torch.from_numpy(random(32, 203, 6))
    weight = torch.from_numpy(random(32, 203, network.outputs))
    threads, taken = torch.get_num_threads(), []
    layers = network.layers if kind == "wavenet" else network.cells
    for count in (1, 3):
        try:
            torch.set_num_threads(count)
            y = network(x)
            network.zero_grad()
            (y * weight).sum().backward()
        finally:
            torch.set_num_threads(threads)
        taken.append([y.detach(), *(p.grad.clone() for p in layers.parameters())])
    assert all(torch.equal(one, other) for one, other in zip(*taken, strict=True))


def test_two_ways_forward_do_not_share_their_room_and_each_way_back_is_for_once():
    network = trained(wavenet())
    x, other = torch.from_numpy(random(32, 16, 6)), torch.from_numpy(-random(32, 16, 6))
    alone = slopes_of(network, x, torch.ones(()))[1]
    first = network(x).sum()
    network(other).sum().backward()
    network.zero_grad()
    first.backward(retain_graph=True)
    assert torch.equal(network.layers[0].out.weight.grad, alone["layers.0.out.weight"])
    with pytest.raises(RuntimeError, match="it is for once"):
        first.backward()


def test_room_that_came_back_is_lent_again_and_is_never_lent_twice():
    room = BufferPool()
    first, second = room.acquire((2, 3)), room.acquire((2, 3))
    assert first[0] is not second[0]
    room.release(first)
    assert room.acquire((2, 3))[0] is first[0]
    assert copy.deepcopy(room).acquire((2, 3))[0] is not first[0]


def test_slopes_through_a_gate_are_those_of_double_precision():
    y, to_z = random(50, 64, scale=4.0), random(50, 32)
    exact = torch.from_numpy(y).double().requires_grad_()
    z = torch.tanh(exact[:, :32] / 2) * torch.sigmoid(exact[:, 32:])
    z.backward(torch.from_numpy(to_z).double())
    to_y, passed = np.empty_like(y), np.empty_like(to_z)
    gate_forward(y, passed, 50)
    gate_backward(y, to_z, to_y, 50)
    np.testing.assert_allclose(passed, z.detach(), rtol=0, atol=1e-6)
    np.testing.assert_allclose(to_y, exact.grad, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rows", [0, 1, 19])
def test_an_outer_product_is_that_of_double_precision(rows):
    a, b, y = random(24, 16), random(24, 96), random(20, 96)
    expected = y.astype(np.float64)
    expected[3:19, 32:] += a[4 : 4 + rows].astype(np.float64).T @ b[5 : 5 + rows, 32:]
    add_outer(a, 4, 16, b, 5, 32, rows, 64, y, 3, 32)
    np.testing.assert_allclose(y, expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("settings", [{"skip": 32}, {"model": "gru"}])
def test_small_jobs_double_precision_and_narrow_products_go_the_plain_way(settings):
    network = network_of(spec_of(), width=32, **settings)
    assert use_compiled_layers(network)
    engine = network.backbone.engine
    assert engine.supports(torch.zeros(32, 32, 6))
    assert not engine.supports(torch.zeros(32, 31, 6))
    assert not engine.supports(torch.zeros(32, 32, 6, dtype=torch.float64))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not engine.supports(torch.zeros(32, 32, 6))
    assert not use_compiled_layers(network_of(spec_of(), width=8, **settings))


@pytest.mark.parametrize("model", ["wavenet", "lstm"])
def test_a_network_that_is_trained_is_judged_by_the_same_layers(model):
    network = network_of(spec_of(), width=32, skip=32, model=model, dropout=0.0)
    signal, tx = signal_of(network.spec, batch=64)
    plain = network(signal, tx).logits
    assert use_compiled_layers(network)
    compiled = network(signal, tx).logits
    torch.testing.assert_close(compiled, plain, rtol=0, atol=1e-5)
    with torch.no_grad():
        assert torch.equal(network(signal, tx).logits, compiled)
    stream = network.backbone.stream(64)
    assert stream.step(torch.zeros(64, network.features.width)).shape == (64, 32)


def test_a_resumed_run_by_compiled_layers_is_an_unbroken_one(space, tmp_path):
    settings = {"width": 32, "skip": 32, "epochs": 2}
    train(space, tmp_path / "whole", **settings, batch_size=64, device="cpu")
    broken = interrupted(space, tmp_path / "broken", after=1, **settings)
    train(space, broken, resume=True, device="cpu")
    skipped = ("environment.json",)
    assert everything(broken, skipped) == everything(tmp_path / "whole", skipped)
    train(space, tmp_path / "plain", **settings, batch_size=64, device="cpu", kernels="torch")
    assert everything(tmp_path / "plain") != everything(broken)
