"""Compiled cells in training, against torch in double precision."""

import pytest
import torch
from networks import check_slopes, random, trained, wavenet

from radarseq.models.backbones.recurrent import Recurrent


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
