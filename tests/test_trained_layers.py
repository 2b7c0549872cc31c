"""Compiled layers in training, against torch in double precision: values and slopes."""

import copy

import numpy as np
import pytest
import torch

from radarseq.models.activations import close_gate, open_gate
from radarseq.models.kernels import use_compiled_layers
from radarseq.models.parts import Room
from radarseq.models.tiles import add_outer
from radarseq.models.trained_wavenet import LEAST_CELLS
from radarseq.training.run import train
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
    from radarseq.models.trained_wavenet import TrainedWaveNet

    network.engine = TrainedWaveNet(network)
    network.engine.takes = lambda _: True
    return network


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    ("dilations", "steps", "batch"),
    [((1, 2, 4, 8, 16), 32, 77), ((3, 1, 50), 17, 9), ((1,), 1, 1), ((4,), 3, 8)],
)
def test_values_and_slopes_are_those_of_double_precision(dilations, steps, batch, last):
    plain = wavenet(dilations, width=64, skip=32, stacks=1).requires_grad_()
    x = torch.from_numpy(random(batch, steps, 6)).transpose(0, 1)
    weight = torch.from_numpy(random(batch, 32) if last else random(steps, batch, 32))
    given, found = slopes_of(trained(plain), x, weight, last=last)
    exact, expected = slopes_of(plain.double(), x.double(), weight.double(), last=last)
    torch.testing.assert_close(given.double(), exact, rtol=0, atol=1e-5)
    assert exact.std() > 0.01
    for name, slope in expected.items():
        size = slope.abs().max()
        torch.testing.assert_close(
            found[name].double(), slope, rtol=0, atol=1e-5 * max(1.0, size.item()), msg=name
        )
        assert size > 0 or "out" in name or "bias" in name


def test_any_number_of_threads_gives_the_same_bytes():
    network = trained(wavenet())
    x, weight = torch.from_numpy(random(32, 203, 6)), torch.from_numpy(random(32, 203, 64))
    threads, taken = torch.get_num_threads(), []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            taken.append(network.engine._run(x, last=False))
            network.zero_grad()
            (taken[-1] * weight).sum().backward()
            taken[-1] = [p.grad.clone() for p in network.layers.parameters()]
    finally:
        torch.set_num_threads(threads)
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
    room = Room()
    first, second = room.lend((2, 3)), room.lend((2, 3))
    assert first[0] is not second[0]
    room.take_back(first)
    assert room.lend((2, 3))[0] is first[0]
    assert copy.deepcopy(room).lend((2, 3))[0] is not first[0]


def test_slopes_through_a_gate_are_those_of_double_precision():
    y, to_z = random(50, 64, scale=4.0), random(50, 32)
    exact = torch.from_numpy(y).double().requires_grad_()
    z = torch.tanh(exact[:, :32] / 2) * torch.sigmoid(exact[:, 32:])
    z.backward(torch.from_numpy(to_z).double())
    to_y, passed = np.empty_like(y), np.empty_like(to_z)
    open_gate(y, passed, 50)
    close_gate(y, to_z, to_y, 50)
    np.testing.assert_allclose(passed, z.detach(), rtol=0, atol=1e-6)
    np.testing.assert_allclose(to_y, exact.grad, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rows", [0, 1, 19])
def test_an_outer_product_is_that_of_double_precision(rows):
    a, b, y = random(24, 16), random(24, 96), random(20, 96)
    expected = y.astype(np.float64)
    expected[3:19, 32:] += a[4 : 4 + rows].astype(np.float64).T @ b[5 : 5 + rows, 32:]
    add_outer(a, 4, 16, b, 5, 32, rows, 64, y, 3, 32)
    np.testing.assert_allclose(y, expected, rtol=0, atol=2e-5)


def test_small_jobs_double_precision_and_narrow_products_go_the_plain_way():
    network = network_of(spec_of(), width=32, skip=32)
    assert use_compiled_layers(network)
    engine, few = network.backbone.engine, LEAST_CELLS // 32
    assert engine.takes(torch.zeros(32, few, 6))
    assert not engine.takes(torch.zeros(32, few - 1, 6))
    assert not engine.takes(torch.zeros(32, few, 6, dtype=torch.float64))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not engine.takes(torch.zeros(32, few, 6))
    assert not use_compiled_layers(network_of(spec_of(), width=8, skip=32))


def test_a_network_that_is_trained_is_judged_by_the_same_layers():
    network = network_of(spec_of(), width=32, skip=32)
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
