"""Batch normalisation that leaves padding out, and joins the batches of several processes.

Reference:
    Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal
    covariate shift", 2015, algorithms 1 and 2.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

_EPSILON = 1e-5  # added to the variance
_MOMENTUM = 0.1  # share of the newest batch in the moments that inference uses


class MaskedBatchNorm(nn.Module):
    """Brings each channel to mean 0 and deviation 1 over all valid frames of a batch.

    Inference uses the moments of past batches, so that a frame's output does not depend on others.

    Args:
        width: Channels.

    Attributes:
        all_reduce: Differentiable sum over the processes of one process's sum.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.running_mean = nn.Buffer(torch.zeros(width))
        self.running_variance = nn.Buffer(torch.ones(width))
        self.all_reduce: Callable[[Tensor], Tensor] = _single_process

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """Return ``x`` (batch, channel, frame) normalised.

        Args:
            x: At least one frame.
            valid: Whether each frame is data rather than padding, bool ``(batch, frame)``; None
                where all are.
        """
        x = x.to(self.weight.dtype)
        if self.training:
            mean, variance = self._moments(x, valid)
        else:
            mean, variance = self.running_mean, self.running_variance
        scale = self.weight * (variance + _EPSILON).rsqrt()
        return x * scale[:, None] + (self.bias - mean * scale)[:, None]

    def _moments(self, x: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
        if valid is None:
            count = x.new_full((1,), x.shape[0] * x.shape[2])
        else:
            count = valid.sum().to(x.dtype)[None]
        sums = self.all_reduce(torch.cat((_frame_sum(x, valid), count)))
        count = sums[-1].clamp(min=1)
        mean = sums[:-1] / count
        variance = self.all_reduce(_frame_sum((x - mean[:, None]).square(), valid)) / count
        with torch.no_grad():
            unbiased = variance * count / (count - 1).clamp(min=1)
            self.running_mean.lerp_(mean, _MOMENTUM)
            self.running_variance.lerp_(unbiased, _MOMENTUM)
        return mean, variance


def _frame_sum(x: Tensor, valid: Tensor | None) -> Tensor:
    """Return the sum of each channel over the valid frames."""
    return (x if valid is None else x * valid[:, None]).sum(dim=(0, 2))


def _single_process(total: Tensor) -> Tensor:
    return total
