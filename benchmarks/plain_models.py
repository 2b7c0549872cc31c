"""Networks in plain torch code for the benchmarks, with the weights of radarseq's networks."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from radarseq.models.backbones.wavenet import WaveNet

STEPS, FEATURES, CLASSES = 32, 6, 8
JOBS = (("wavenet", False), ("wavenet", True), ("lstm", False), ("gru", False))  # pooled or not


class PlainLayer(nn.Module):
    """A gated layer of Conv1d on padded samples, (batch, channel, step)."""

    def __init__(self, width: int, skip: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.filter = nn.Conv1d(width, width, 2, dilation=dilation)
        self.gate = nn.Conv1d(width, width, 2, dilation=dilation)
        self.residual = nn.Conv1d(width, width, 1)
        self.skip = nn.Conv1d(width, skip, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the input of the next layer and the skip."""
        padded = functional.pad(x, (self.dilation, 0))
        z = torch.tanh(self.filter(padded)) * torch.sigmoid(self.gate(padded))
        return x + self.residual(z), self.skip(z)


class PlainWaveNet(nn.Module):
    """A WaveNet of Conv1d layers, (batch, step, feature) in, (batch, step, skip) out.

    Args:
        ours: Network whose weights are copied.
    """

    def __init__(self, ours: WaveNet) -> None:
        super().__init__()
        width = ours.first.out_features
        self.first = nn.Conv1d(ours.first.in_features, width, 1)
        self.layers = nn.ModuleList(PlainLayer(width, ours.outputs, d) for d in ours.dilations)
        self.last = nn.Conv1d(ours.outputs, ours.outputs, 1)
        with torch.no_grad():
            _copy(self.first, ours.first.weight[:, :, None], ours.first.bias)
            _copy(self.last, ours.last.weight[:, :, None], ours.last.bias)
            for plain, layer in zip(self.layers, ours.gated_layers(), strict=True):
                past, now = layer.convolution.weight.chunk(2, dim=1)
                taps, bias = torch.stack((past, now), dim=2), layer.convolution.bias
                _copy(plain.filter, taps[:width] / 2, bias[:width] / 2)  # tanh(x / 2) is ours
                _copy(plain.gate, taps[width:], bias[width:])
                out, out_bias = layer.out.weight[:, :, None], layer.out.bias
                _copy(plain.residual, out[:width], out_bias[:width])
                _copy(plain.skip, out[width:], out_bias[width:])

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, step, skip) from ``x`` (batch, step, feature)."""
        x, total = self.first(x.transpose(1, 2)), 0.0
        for layer in self.layers:
            x, skip = layer(x)
            total = total + skip
        mixed = self.last(functional.gelu(total / len(self.layers) ** 0.5))
        return functional.gelu(mixed).transpose(1, 2)


def _copy(convolution: Any, weight: Tensor, bias: Tensor) -> None:
    convolution.weight.copy_(weight)
    convolution.bias.copy_(bias)


class PlainLstm(nn.Module):
    """``nn.LSTM`` or ``nn.GRU``, (batch, step, feature) in, (batch, step, width) out."""

    def __init__(self, ours: nn.Module, kind: str, width: int, layers: int) -> None:
        super().__init__()
        cells = {"lstm": nn.LSTM, "gru": nn.GRU}[kind]
        self.cells = cells(FEATURES, width, num_layers=layers, batch_first=True)
        self.cells.load_state_dict(ours.state_dict())

    def forward(self, x: Tensor) -> Tensor:
        """Return the hidden steps."""
        return self.cells(x)[0]


class SequenceModel(nn.Module):
    """Class scores, and an echo if asked for, from hidden steps (batch, step, channel).

    Args:
        hidden: Network from (batch, step, feature) to the hidden steps.
        channels: Channels of the hidden steps.
        pooled: Whether the class is read from mean and maximum of all steps, with an echo as second
            output; else the class is read from the last step, without an echo.
    """

    def __init__(self, hidden: nn.Module, channels: int, *, pooled: bool) -> None:
        super().__init__()
        self.hidden, self.pooled = hidden, pooled
        self.classify = nn.Linear(channels * (2 if pooled else 1), CLASSES)
        self.echo = nn.Linear(channels, 2) if pooled else None

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the scores (batch, class) and the echo (batch, step, 2)."""
        hidden = self.hidden(x)
        if self.echo is None:
            return self.classify(hidden[:, -1]), None
        pooled = torch.cat((hidden.mean(dim=1), hidden.amax(dim=1)), dim=1)
        return self.classify(pooled), self.echo(hidden)


class ToolkitModel(SequenceModel):
    """The same with radarseq's backbones, which are (step, batch, channel) inside."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the scores (batch, class) and the echo (batch, step, 2)."""
        steps, backbone = x.transpose(0, 1), self.hidden
        if self.echo is None:
            at_end = backbone.at_last_step if isinstance(backbone, WaveNet) else None
            return self.classify(at_end(steps) if at_end else backbone(steps)[-1]), None
        hidden = backbone(steps)
        pooled = torch.cat((hidden.mean(dim=0), hidden.amax(dim=0)), dim=1)
        return self.classify(pooled), self.echo(hidden).transpose(0, 1)


def wavenet() -> WaveNet:
    """Return the benchmarks' WaveNet: two stacks of 1 to 16, width 32, skip 64."""
    torch.manual_seed(0)
    return WaveNet(FEATURES, width=32, skip=64, dilations=(1, 2, 4, 8, 16), stacks=2)


def wavenet_flops(network: WaveNet, steps: int = STEPS) -> int:
    """Return the operations of the layers for one sequence, all steps computed."""
    width = network.first.out_features
    return 2 * steps * len(network.layers) * (4 * width**2 + width * (width + network.outputs))


def pair_of(kind: str, *, pooled: bool) -> tuple[SequenceModel, SequenceModel, int]:
    """Return the plain network, ours with the same weights, and the width of the hidden steps."""
    from radarseq.models.backbones.recurrent import Recurrent

    if kind == "wavenet":
        ours: Any = wavenet()
        plain, channels = PlainWaveNet(ours), ours.outputs
    else:
        torch.manual_seed(0)
        ours = Recurrent(kind, FEATURES, width=64, layers=2, dropout=0.0)
        plain, channels = PlainLstm(ours.cells, kind, 64, 2), 64
    one, two = (
        SequenceModel(plain, channels, pooled=pooled),
        ToolkitModel(ours, channels, pooled=pooled),
    )
    for name in ("classify", "echo"):
        if getattr(one, name) is not None:
            getattr(two, name).load_state_dict(getattr(one, name).state_dict())
    return one, two, channels
