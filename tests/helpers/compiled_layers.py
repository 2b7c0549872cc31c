"""Networks by compiled layers, and a check of their slopes."""

import copy

import numpy as np
import torch

from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.engines.cpu.rnn import RnnEngine
from radarseq.models.engines.cpu.wavenet_training import WaveNetTrainingEngine


def random(*shape, scale=1.0):
    values = np.random.default_rng(3).standard_normal(shape)
    return (scale * values).astype(np.float32)


def wavenet(dilations=(1, 2, 4, 8, 16), width=32, skip=64, stacks=2):
    torch.manual_seed(1)
    network = WaveNet(6, width=width, skip=skip, dilations=dilations, stacks=stacks)
    for weights in network.parameters():  # so that gates are far from linear
        weights.data.mul_(3.0)
    return network.requires_grad_(False)


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
    network.engine = (
        WaveNetTrainingEngine(network) if is_wavenet else RnnEngine(network, training=True)
    )
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
