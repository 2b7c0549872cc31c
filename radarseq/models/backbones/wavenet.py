"""WaveNet: a stack of gated, dilated, causal convolutions whose output is as long as its input.

Time comes first inside, (step, batch, channel): the sample a dilation ago is then a plain slice,
and a layer is one matrix product over all steps and examples.

Reference:
    van den Oord et al., "WaveNet: a generative model for raw audio", 2016, sections 2.1 to 2.4.
"""

from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from radarseq.models.backbones.engine_interface import Engine, Step
from radarseq.models.backbones.gated_convolution import dilated, gated

KERNEL_SIZE = 2
# (x, weight, bias, out weight, out bias, dilation) -> residual and skip
LayerKernel: TypeAlias = Callable[
    [Tensor, Tensor, Tensor, Tensor, Tensor, int], tuple[Tensor, Tensor]
]


class GatedLayer(nn.Module):
    """One dilated convolution of kernel 2 with a tanh filter and a sigmoid gate.

    The filter is written 2 sigmoid(x) - 1, which is tanh(x / 2) and several times cheaper than
    tanh; the factor 2 lies in the weights.
    """

    def __init__(self, width: int, skip: int, dilation: int, *, layer_norm: bool = False) -> None:
        super().__init__()
        self.dilation, self.width = dilation, width
        self.norm = nn.LayerNorm(width) if layer_norm else nn.Identity()
        self.convolution = nn.Linear(2 * width, 2 * width)  # (past, now) -> (filter, gate)
        self.out = nn.Linear(width, width + skip)
        self._split = (width, skip)
        self.kernel: LayerKernel | None = None  # set by radarseq.models.engines.select

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the input of the next layer and the skip, from ``x`` (step, batch, width)."""
        convolution, out = self.convolution, self.out
        if self.kernel is not None:
            given = (convolution.weight, convolution.bias, out.weight, out.bias)
            residual, skip = self.kernel(self.norm(x), *given, self.dilation)
            return (residual if isinstance(self.norm, nn.Identity) else x + residual), skip
        y = dilated(self.norm(x), convolution.weight, convolution.bias, self.dilation)
        residual, skip = out(gated(y)).split(self._split, dim=2)
        return x + residual, skip

    def opened(self, past: Tensor, now: Tensor) -> tuple[Tensor, Tensor]:
        """Return the filter, -1 to 1, and the gate, 0 closed to 1 open.

        Args:
            past: Normalised input of a dilation ago, ``(..., width)``.
            now: That of the step itself.
        """
        opened = torch.sigmoid(self.convolution(torch.cat((past, now), dim=-1)))
        filtered, gate = opened.chunk(2, dim=-1)
        return 2.0 * filtered - 1.0, gate

    def at(self, x: Tensor, now: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Return what ``forward`` gives at some steps, and the skip of the last of them.

        Args:
            x: The input at the steps that are needed, in order, ``(needed, batch, width)``.
            now: Rows of ``x`` at which the output is asked for.
            past: Rows of a dilation before; ``len(x)`` where that is before the first sample.
        """
        seen = functional.pad(self.norm(x), (0, 0, 0, 0, 0, 1))
        both = torch.cat((seen.index_select(0, past), seen.index_select(0, now)), dim=2)
        passed, weight, bias = gated(self.convolution(both)), self.out.weight, self.out.bias
        skip = functional.linear(passed[-1], weight[self.width :], bias[self.width :])
        residual = functional.linear(passed, weight[: self.width], bias[: self.width])
        return x.index_select(0, now) + residual, skip


class WaveNet(nn.Module):
    """Gated, dilated, causal convolutions with residual and skip connections.

    Args:
        inputs: Features at each step.
        width: Channels of a layer.
        skip: Channels of the output.
        dilations: Of one stack.
        stacks: How often the dilations are repeated.
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
        self.engine: Engine | None = None  # see radarseq.models.engines.select and .kernels

    @property
    def receptive_field(self) -> int:
        """How many samples, the present one included, an output depends on."""
        return 1 + (KERNEL_SIZE - 1) * sum(self.dilations)

    def gated_layers(self) -> list[GatedLayer]:
        """Return the layers in the order in which they are passed."""
        return [layer for layer in self.layers if isinstance(layer, GatedLayer)]

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, skip) from ``x`` (step, batch, feature)."""
        if self.engine is not None and self.engine.supports(x):
            return self.engine.forward(x)
        x = self.first(x)
        total = torch.zeros((), device=x.device)
        for layer in self.layers:
            x, skip = layer(x)
            total = total + skip
        return self.combined(total)

    def at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]``, having computed only the cells that it depends on.

        Of one stack of 1, 2, 4, 8, 16 over 32 samples that is 31 of 160 cells.
        """
        if self.engine is not None and self.engine.supports(x):
            return self.engine.at_last_step(x)
        needed, rows = cells(len(x), self.dilations)
        x = self.first(x.index_select(0, torch.tensor(needed, device=x.device)))
        total = torch.zeros((), device=x.device)
        for layer, (now, past) in zip(self.gated_layers(), rows, strict=True):
            picked = (torch.tensor(r, device=x.device) for r in (now, past))
            x, skip = layer.at(x, *picked)
            total = total + skip
        return self.combined(total)

    def combined(self, skips: Tensor) -> Tensor:
        """Return the output from the sum of the layers' skips."""
        return functional.gelu(self.last(functional.gelu(skips / len(self.layers) ** 0.5)))

    def stream(self, batch: int) -> Step:
        """Return a state that takes one step after the other."""
        own = None if self.engine is None else self.engine.stream(batch)
        return own or WaveNetStream(self, batch)


Rows = tuple[int, ...]


@lru_cache(maxsize=64)
def cells(steps: int, dilations: tuple[int, ...]) -> tuple[Rows, tuple[tuple[Rows, Rows], ...]]:
    """Return the steps that the last output depends on, and for each layer the rows it reads."""
    wanted, rows = [steps - 1], []
    for dilation in reversed(dilations):
        needed = sorted({*wanted, *(n - dilation for n in wanted if n >= dilation)})
        place = {step: row for row, step in enumerate(needed)}
        now = tuple(place[n] for n in wanted)
        rows.append((now, tuple(place.get(n - dilation, len(needed)) for n in wanted)))
        wanted = needed
    return tuple(wanted), tuple(reversed(rows))


class WaveNetStream:
    """What each layer saw during the last dilation: all that its next step depends on."""

    def __init__(self, network: WaveNet, batch: int) -> None:
        self._network = network
        quiet = network.first.weight.new_zeros(batch, network.first.out_features)
        self._seen = [deque([quiet] * d, maxlen=d) for d in network.dilations]

    def step(self, x: Tensor) -> Tensor:
        """Return the output (batch, skip) of the next step, from its features."""
        x = self._network.first(x)
        total = torch.zeros((), device=x.device)
        for layer, seen in zip(self._network.gated_layers(), self._seen, strict=True):
            now = layer.norm(x)
            filtered, gate = layer.opened(seen[0], now)
            seen.append(now)
            passed = layer.out(filtered * gate)
            x, total = x + passed[:, : layer.width], total + passed[:, layer.width :]
        return self._network.combined(total)
