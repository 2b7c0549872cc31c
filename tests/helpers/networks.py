"""Small networks, and checks of their layers."""

import copy

import numpy as np
import torch
from torch import nn

from radarseq.models.backbones.masked_batch_norm import MaskedBatchNorm
from radarseq.models.backbones.resnet import ResNet
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.engines.cpu.rnn import RnnEngine
from radarseq.models.engines.cpu.wavenet_training import WaveNetTrainingEngine
from radarseq.models.network import InputSpec, Network
from radarseq.models.settings import ModelSettings
from radarseq.models.streaming import NetworkStream

MODELS = ("wavenet", "lstm", "gru", "rnn", "conv_gru", "resnet")
PER_STEP = ("iq", "log_magnitude", "increment", "level")


def spec_of(*, is_complex=True, channels=1, steps=32, target="complex", coded=True, **more):
    values = {"target_channels": channels, "classes": 4} | more
    return InputSpec(
        is_complex=is_complex, channels=channels, steps=steps, target=target, coded=coded, **values
    )


def network_of(spec, seed=0, **settings):
    torch.manual_seed(seed)
    return Network(ModelSettings(**({"width": 8, "skip": 16} | settings)), spec).eval()


def signal_of(spec, batch=5, seed=0, steps=None):
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, steps or spec.steps) + ((spec.channels,) if spec.channels > 1 else ())
    dtype = torch.complex64 if spec.is_complex else torch.float32
    signal = torch.randn(shape, dtype=dtype, generator=generator)
    phase = 6.28 * torch.rand(signal.shape[:2], generator=generator)
    return signal, torch.polar(torch.ones_like(phase), phase) if spec.coded else None


PLAIN = {"is_complex": False, "target": "real", "coded": False}


def symbol_spec(voices=2, symbols=6, steps=12):
    return spec_of(
        is_complex=False,
        channels=voices,
        steps=steps,
        target="symbol",
        coded=False,
        classes=0,
        symbols=symbols,
        target_symbols=symbols,
    )


def notes_of(spec, batch=5):
    generator = torch.Generator().manual_seed(0)
    shape = (batch, spec.steps, spec.channels)
    return torch.randint(spec.symbols, shape, generator=generator).float()


def streamed(network, signal, tx=None):
    stream = NetworkStream(network, len(signal))
    codes = [None] * signal.shape[1] if tx is None else tx.unbind(1)
    steps = [stream.step(x, code) for x, code in zip(signal.unbind(1), codes, strict=True)]
    return [
        None if steps[0][part] is None else torch.stack([s[part] for s in steps], dim=1)
        for part in range(3)
    ]


def torchs_norm(norm: MaskedBatchNorm) -> nn.BatchNorm1d:
    """Return torch's norm with the same weights and moments, in the same mode."""
    own = nn.BatchNorm1d(len(norm.weight), dtype=norm.weight.dtype)
    with torch.no_grad():
        own.weight.copy_(norm.weight)
        own.bias.copy_(norm.bias)
        own.running_mean.copy_(norm.running_mean)
        own.running_var.copy_(norm.running_variance)
    return own.train(norm.training)


def network_and_input(strides, steps, batch=4):
    torch.manual_seed(2)
    network = ResNet(3, strides=strides, width=5).double()
    for part in network.modules():
        if isinstance(part, MaskedBatchNorm):
            nn.init.uniform_(part.running_mean)
            nn.init.uniform_(part.running_variance, 0.5, 2)
    return network, torch.randn(steps, batch, 3, dtype=torch.float64)


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
