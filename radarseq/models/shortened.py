"""What the networks share that see one frame for so many samples: the way back to every sample.

A frame ends at a sample; from that sample until the next frame is complete, what it led to is held,
beside a view of the present step. So the output is as long as the input, and as causal as what the
frames go through.
"""

from abc import ABC, abstractmethod
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional


class Shortened(nn.Module, ABC):
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
        held = functional.pad(self.frames(x, length), (0, 0, 0, 0, 1, 0))  # before the first: zero
        # Frame j ends at step (j + 1) * shortened - 1, and is held from that very step on.
        frame_of_step = torch.arange(1, len(x) + 1, device=x.device) // self.shortened
        return self.combined(held.index_select(0, frame_of_step), x)

    def combined(self, held: Tensor, x: Tensor) -> Tensor:
        """Return the output at a step from the frame held there and the features of it."""
        if not self.sees_now:
            return held
        return functional.gelu(self.last(torch.cat((held, self.now(x)), dim=-1)))
