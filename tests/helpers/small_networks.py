"""Small networks, and signals for them."""

import torch

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
