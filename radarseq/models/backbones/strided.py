"""Base of networks that compute one frame per several samples, and return to every sample.

A frame ends at a sample. From that sample until the next frame is complete its output is held, and
combined with a view of the present step. The output is therefore as long as the input, and as
causal as the frames.
"""

from abc import abstractmethod
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from radarseq.models.backbones.interface import Backbone


class Mixing(NamedTuple):
    """Weights by which a frame and the present step's features are added.

    Attributes:
        of_frame: For the frame's channels ``(channel, channel)``.
        of_step: For the step's features ``(channel, feature)``: ``now`` and ``last`` in one.
        bias: ``(channel,)``.
    """

    of_frame: Tensor
    of_step: Tensor
    bias: Tensor


class StridedBackbone(Backbone):
    """Network on frames of ``prod(strides)`` steps whose output is as long as its input.

    Attributes:
        strides: Of each layer.
        skip_connection: Whether the output at a step depends on that step too, or only on the frame
            held there.
        now: View of the present step, if there is a skip connection.
        last: Combines frame and step, if there is a skip connection.
    """

    strides: tuple[int, ...]
    skip_connection: bool = True
    now: nn.Linear
    last: nn.Linear

    @abstractmethod
    def frames(self, x: Tensor, length: Tensor | None) -> Tensor:
        """Return (frame, batch, channel), a frame for each ``prod(strides)`` steps of ``x``."""

    def forward(self, x: Tensor, length: Tensor | None = None) -> Tensor:
        """Return (step, batch, channel) from ``x`` (step, batch, feature).

        Args:
            x: Features at each step.
            length: Valid steps of each example ``(batch,)``, else all are.
        """
        mixing = self.mixing()
        frames = self.from_frames(self.frames(x, length), mixing)
        held = functional.pad(frames, (0, 0, 0, 0, 1, 0))  # before the first frame: zero
        # With n steps to a frame, frame j ends at step (j + 1) n - 1 and is held from that step on.
        frame_of_step = torch.arange(1, len(x) + 1, device=x.device) // prod(self.strides)
        return self.combine(held.index_select(0, frame_of_step), x, mixing)

    def mixing(self) -> Mixing | None:
        """Return the weights of ``now`` and ``last`` multiplied out; None without skip connection.

        Nothing lies between the two layers, and a frame is the same for all its steps.
        """
        if not self.skip_connection:
            return None
        of_frame, of_now = self.last.weight.chunk(2, dim=1)
        bias = functional.linear(self.now.bias, of_now, self.last.bias)
        return Mixing(of_frame, of_now @ self.now.weight, bias)

    def from_frames(self, frames: Tensor, mixing: Mixing | None) -> Tensor:
        """Return what frames (..., channel) add to the output at each step that holds them."""
        return frames if mixing is None else functional.linear(frames, mixing.of_frame)

    def combine(self, held: Tensor, x: Tensor, mixing: Mixing | None) -> Tensor:
        """Return the output at a step from what ``from_frames`` gave and the step's features."""
        if mixing is None:
            return held
        return functional.gelu(held + functional.linear(x, mixing.of_step, mixing.bias))
