"""What the networks share that see one frame for so many samples: the way back to every sample.

A frame ends at a sample; from that sample until the next frame is complete, what it led to is held,
beside a view of the present step. So the output is as long as the input, and as causal as what the
frames go through.
"""

from abc import ABC, abstractmethod
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Mixing(NamedTuple):
    """How a frame and the present step's features are added up.

    Attributes:
        of_frame: Of the frame's channels ``(channel, channel)``.
        of_step: Of the step's features ``(channel, feature)``: ``now`` and ``last`` in one.
        bias: ``(channel,)``.
    """

    of_frame: Tensor
    of_step: Tensor
    bias: Tensor


class StridedBackbone(nn.Module, ABC):
    """A network on frames of ``prod(strides)`` steps, as long out as in.

    Attributes:
        outputs: Channels of the frames and of the output.
        strides: By how much each layer shortens.
        sees_now: Whether the output at a step shows that step too, or the frame held there alone.
        now: The view of the present step, where there is one.
        last: What frame and step make together, where the step is seen.
    """

    outputs: int
    strides: tuple[int, ...]
    sees_now: bool = True
    now: nn.Linear
    last: nn.Linear

    @property
    def shortened(self) -> int:
        """How many steps there are to a frame."""
        return prod(self.strides)

    @abstractmethod
    def frames(self, x: Tensor, length: Tensor | None) -> Tensor:
        """Return (frame, batch, channel), a frame for each ``shortened`` steps of ``x``."""

    def forward(self, x: Tensor, length: Tensor | None = None) -> Tensor:
        """Return (step, batch, channel) from ``x`` (step, batch, feature).

        Args:
            x: Features at each step.
            length: Valid steps of each example ``(batch,)``, else all are.
        """
        mixing = self.mixing()
        frames = self.from_frames(self.frames(x, length), mixing)
        held = functional.pad(frames, (0, 0, 0, 0, 1, 0))  # before the first: zero
        # Frame j ends at step (j + 1) * shortened - 1, and is held from that very step on.
        frame_of_step = torch.arange(1, len(x) + 1, device=x.device) // self.shortened
        return self.combined(held.index_select(0, frame_of_step), x, mixing)

    def mixing(self) -> Mixing | None:
        """Return the weights of ``now`` and ``last`` multiplied out; None if no step is seen.

        There is nothing between the two layers, and a frame is the same for all its steps.
        """
        if not self.sees_now:
            return None
        of_frame, of_now = self.last.weight.chunk(2, dim=1)
        bias = functional.linear(self.now.bias, of_now, self.last.bias)
        return Mixing(of_frame, of_now @ self.now.weight, bias)

    def from_frames(self, frames: Tensor, mixing: Mixing | None) -> Tensor:
        """Return what frames (..., channel) give to the output at each step that holds them."""
        return frames if mixing is None else functional.linear(frames, mixing.of_frame)

    def combined(self, held: Tensor, x: Tensor, mixing: Mixing | None) -> Tensor:
        """Return the output at a step from what ``from_frames`` gave and the step's features."""
        if mixing is None:
            return held
        return functional.gelu(held + functional.linear(x, mixing.of_step, mixing.bias))
