"""WaveNet: a stack of gated, dilated, causal convolutions whose output is as long as its input.

Time comes first inside, (step, batch, channel): the sample a dilation ago is then a plain slice,
and a layer is one matrix product over all steps and examples.

Reference:
    van den Oord et al., "WaveNet: a generative model for raw audio", 2016, sections 2.1 to 2.4.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

KERNEL_SIZE = 2


class GatedLayer(nn.Module):
    """One dilated convolution of kernel 2 with a tanh filter and a sigmoid gate.

    The filter is written 2 sigmoid(x) - 1, which is tanh(x / 2) and several times cheaper than
    tanh; the factor 2 lies in the weights.
    """

    def __init__(self, width: int, skip: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.convolution = nn.Linear(2 * width, 2 * width)  # (past, now) -> (filter, gate)
        self.out = nn.Linear(width, width + skip)
        self._split = (width, skip)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the input of the next layer and the skip, from ``x`` (step, batch, width)."""
        padded = functional.pad(x, (0, 0, 0, 0, self.dilation, 0))
        past = padded[: x.shape[0]]
        opened = torch.sigmoid(self.convolution(torch.cat((past, x), dim=2)))
        filtered, gate = opened.chunk(2, dim=2)
        residual, skip = self.out((2.0 * filtered - 1.0) * gate).split(self._split, dim=2)
        return x + residual, skip


class WaveNet(nn.Module):
    """Gated, dilated, causal convolutions with residual and skip connections.

    Args:
        inputs: Features at each step.
        width: Channels of a layer.
        skip: Channels of the output.
        dilations: Of one stack.
        stacks: How often the dilations are repeated.
    """

    def __init__(
        self,
        inputs: int,
        *,
        width: int,
        skip: int,
        dilations: tuple[int, ...],
        stacks: int,
    ) -> None:
        super().__init__()
        self.outputs = skip
        self.dilations = dilations * stacks
        self.first = nn.Linear(inputs, width)
        self.layers = nn.ModuleList(GatedLayer(width, skip, d) for d in self.dilations)
        self.last = nn.Linear(skip, skip)

    @property
    def receptive_field(self) -> int:
        """How many samples, the present one included, an output depends on."""
        return 1 + (KERNEL_SIZE - 1) * sum(self.dilations)

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, skip) from ``x`` (step, batch, feature)."""
        x = self.first(x)
        total = torch.zeros((), device=x.device)
        for layer in self.layers:
            x, skip = layer(x)
            total = total + skip
        return functional.gelu(self.last(functional.gelu(total / len(self.layers) ** 0.5)))
