"""WaveNet: a stack of gated, dilated, causal convolutions whose output is as long as its input.

Tensors are (step, batch, channel): the sample one dilation ago is then a plain slice, and a layer
is one matrix product over all steps and examples.

Reference:
    van den Oord et al., "WaveNet: a generative model for raw audio", 2016, sections 2.1 to 2.4.
"""

from collections import deque
from functools import lru_cache
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from radarseq.models.backbones.gated_convolution import dilated_convolution, gate
from radarseq.models.backbones.interface import BackboneStream, EngineBackbone
from radarseq.models.settings import ModelSettings

KERNEL_SIZE = 2


class GatedLayer(nn.Module):
    """One dilated convolution of kernel 2 with a tanh filter and a sigmoid gate.

    The filter is written 2 sigmoid(x) - 1, which is tanh(x / 2) and several times cheaper than
    tanh; the factor 2 lies in the weights.
    """

    def __init__(self, width: int, skip: int, dilation: int, *, layer_norm: bool = False) -> None:
        super().__init__()
        self.dilation, self.width = dilation, width
        self.norm = nn.LayerNorm(width) if layer_norm else nn.Identity()
        self.convolution = nn.Linear(2 * width, 2 * width)  # (past, present) -> (filter, gate)
        self.out = nn.Linear(width, width + skip)
        self._split = (width, skip)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the input of the next layer and the skip, from ``x`` (step, batch, width)."""
        weight, bias = self.convolution.weight, self.convolution.bias
        y = dilated_convolution(self.norm(x), weight, bias, self.dilation)
        residual, skip = self.out(gate(y)).split(self._split, dim=2)
        return x + residual, skip

    def from_past(self, x: Tensor, present: Tensor, past: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the input of the next layer, the skip, and the gate, 0 closed to 1 open.

        Args:
            x: Input of the layer ``(..., width)``.
            present: The same, normalised.
            past: The normalised input one dilation ago.
        """
        sigmoid = torch.sigmoid(self.convolution(torch.cat((past, present), dim=-1)))
        filtered, opening = sigmoid.chunk(2, dim=-1)
        out = self.out((2.0 * filtered - 1.0) * opening)
        return x + out[..., : self.width], out[..., self.width :], opening

    def at_rows(self, x: Tensor, present: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Return what ``forward`` gives at some steps, and the skip of the last of them.

        Args:
            x: The input at the steps that are needed, in order, ``(needed, batch, width)``.
            present: Rows of ``x`` at which the output is computed.
            past: Rows one dilation before; ``len(x)`` where that is before the first sample.
        """
        padded = functional.pad(self.norm(x), (0, 0, 0, 0, 0, 1))
        both = torch.cat((padded.index_select(0, past), padded.index_select(0, present)), dim=2)
        gated, weight, bias = gate(self.convolution(both)), self.out.weight, self.out.bias
        skip = functional.linear(gated[-1], weight[self.width :], bias[self.width :])
        residual = functional.linear(gated, weight[: self.width], bias[: self.width])
        return x.index_select(0, present) + residual, skip


class WaveNet(EngineBackbone):
    """Gated, dilated, causal convolutions with residual and skip connections.

    Args:
        inputs: Features at each step.
        width: Channels of a layer.
        skip: Channels of the output.
        dilations: Of one stack.
        stacks: Repetitions of the dilations.
        layer_norm: Whether the input of each convolution is normalised over its channels.
    """

    def __init__(
        self,
        inputs: int,
        *,
        width: int,
        skip: int,
        dilations: tuple[int, ...],
        stacks: int,
        layer_norm: bool = False,
    ) -> None:
        super().__init__()
        self.outputs = skip
        self.dilations = dilations * stacks
        self.first = nn.Linear(inputs, width)
        self.layers = nn.ModuleList(
            GatedLayer(width, skip, d, layer_norm=layer_norm) for d in self.dilations
        )
        self.last = nn.Linear(skip, skip)

    @classmethod
    def from_settings(cls, settings: ModelSettings, inputs: int) -> "WaveNet":
        """Return the network of the settings."""
        return cls(
            inputs,
            width=settings.width,
            skip=settings.skip,
            dilations=settings.dilations,
            stacks=settings.stacks,
            layer_norm=settings.layer_norm,
        )

    @property
    def receptive_field(self) -> int:
        """Samples, the present one included, that an output depends on."""
        return 1 + (KERNEL_SIZE - 1) * sum(self.dilations)

    def gated_layers(self) -> list[GatedLayer]:
        """Return the layers, the first one first."""
        return [layer for layer in self.layers if isinstance(layer, GatedLayer)]

    def torch_forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, skip) from ``x`` (step, batch, feature)."""
        x = self.first(x)
        total = torch.zeros((), device=x.device)
        for layer in self.layers:
            x, skip = layer(x)
            total = total + skip
        return self.output(total)

    def torch_at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]``, computed from the steps of each layer that it depends on.

        With one stack of 1, 2, 4, 8, 16 over 32 samples these are 31 of 160.
        """
        needed, rows = required_steps(len(x), self.dilations)
        x = self.first(x.index_select(0, torch.tensor(needed, device=x.device)))
        total = torch.zeros((), device=x.device)
        for layer, (present, past) in zip(self.gated_layers(), rows, strict=True):
            indices = (torch.tensor(row, device=x.device) for row in (present, past))
            x, skip = layer.at_rows(x, *indices)
            total = total + skip
        return self.output(total)

    def layer_outputs(self, x: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Return for each layer what ``GatedLayer.from_past`` gives at every step.

        The operations are those that a tracer can record, without functions of our own.
        """
        outputs, x = [], self.first(x)
        for layer in self.gated_layers():
            present = layer.norm(x)
            past = functional.pad(present, (0, 0, 0, 0, layer.dilation, 0))[: len(x)]
            outputs.append(layer.from_past(x, present, past))
            x = outputs[-1][0]
        return outputs

    def output(self, skips: Tensor) -> Tensor:
        """Return the output from the sum of the layers' skips."""
        return functional.gelu(self.last(functional.gelu(skips / len(self.layers) ** 0.5)))

    def torch_stream(self, batch: int) -> BackboneStream:
        """Return a stream of ``batch`` parallel sequences."""
        return WaveNetStream(self, batch)


StepIndices: TypeAlias = tuple[int, ...]


@lru_cache(maxsize=64)
def required_steps(
    steps: int, dilations: tuple[int, ...]
) -> tuple[StepIndices, tuple[tuple[StepIndices, StepIndices], ...]]:
    """Return the steps that the last output depends on, and the rows that each layer reads.

    The rows of a layer are those of its output and those one dilation before, as places among the
    rows of its input; a place after the last stands for silence before the first sample.
    """
    outputs, rows = [steps - 1], []
    for dilation in reversed(dilations):
        needed = sorted({*outputs, *(n - dilation for n in outputs if n >= dilation)})
        place = {step: row for row, step in enumerate(needed)}
        present = tuple(place[n] for n in outputs)
        rows.append((present, tuple(place.get(n - dilation, len(needed)) for n in outputs)))
        outputs = needed
    return tuple(outputs), tuple(reversed(rows))


class WaveNetStream:
    """Normalised inputs of each layer during its last dilation, which its next step depends on."""

    def __init__(self, network: WaveNet, batch: int) -> None:
        self._network = network
        silence = network.first.weight.new_zeros(batch, network.first.out_features)
        self._pasts = [deque([silence] * d, maxlen=d) for d in network.dilations]

    def step(self, x: Tensor) -> Tensor:
        """Return the output (batch, skip) of the next step, from its features."""
        x = self._network.first(x)
        total = torch.zeros((), device=x.device)
        for layer, past in zip(self._network.gated_layers(), self._pasts, strict=True):
            present = layer.norm(x)
            x, skip, _ = layer.from_past(x, present, past[0])
            past.append(present)
            total = total + skip
        return self._network.output(total)
