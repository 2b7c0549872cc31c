"""Residual convolutions that shorten the sequence, each block normalised over the batch.

Reference:
    He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2016, section 3;
    Wang, Yan and Oates, "Time series classification from scratch with deep neural networks: a
    strong baseline", 2017, section II.C.
"""

from collections import deque

import torch
from torch import Tensor, nn
from torch.nn import functional

from radarseq.models.backbones.engine_interface import Step
from radarseq.models.backbones.masked_batch_norm import FrameNorm
from radarseq.models.backbones.strided import StridedBackbone
from radarseq.models.features.radar import valid_steps

_MIN_KERNEL = 7  # taps; a stride above 3 has twice as many as its stride, so that frames overlap


class ResidualBlock(nn.Module):
    """Two causal convolutions, the first with a stride, beside a straight way for what comes in.

    Args:
        inputs: Channels in.
        width: Channels out.
        stride: How many steps there are to a frame.
    """

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.stride, self.kernel = stride, max(_MIN_KERNEL, 2 * stride)
        self.first = nn.Conv1d(inputs, width, self.kernel, stride, bias=False)  # the norm has one
        self.first_norm = FrameNorm(width)
        self.second = nn.Conv1d(width, width, _MIN_KERNEL, bias=False)
        self.second_norm = FrameNorm(width)
        self.straight = nn.Conv1d(inputs, width, 1)

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        """Return (batch, width, frame) from ``x`` (batch, channel, step), at least one frame of it.

        Args:
            x: What the block before made.
            valid: Which frames of the output are no padding, bool ``(batch, frame)``, or None.
        """
        count = x.shape[2] // self.stride
        x = x[..., : count * self.stride]
        seen = self.first(functional.pad(x, (self.kernel - self.stride, 0)))
        y = functional.relu(self.first_norm(seen, valid))
        y = self.second_norm(self.second(functional.pad(y, (_MIN_KERNEL - 1, 0))), valid)
        return functional.relu(y + self.straight(x[..., self.stride - 1 :: self.stride]))


class ResNet(StridedBackbone):
    """Blocks of strided residual convolutions, as long out as in.

    Args:
        inputs: Features at each step.
        strides: Of each block.
        width: Channels of the blocks and of the output.
        sees_now: Whether the output at a step shows that step too, or the frame held there alone.
            A class is told by frames: a way past them, without a norm, is a way to learn single
            objects by their level.
    """

    def __init__(
        self, inputs: int, *, strides: tuple[int, ...], width: int, sees_now: bool = True
    ) -> None:
        super().__init__()
        self.outputs, self.strides, self.sees_now = width, strides, sees_now
        sizes = (inputs, *[width] * (len(strides) - 1))
        self.blocks = nn.ModuleList(
            ResidualBlock(size, width, stride) for size, stride in zip(sizes, strides, strict=True)
        )
        if sees_now:
            self.now = nn.Linear(inputs, width)
            self.last = nn.Linear(2 * width, width)

    @property
    def receptive_field(self) -> int:
        """How many samples, the present one included, an output depends on at most."""
        field, steps = 1, 1
        for block in self.residual_blocks():
            field += (block.kernel - 1) * steps
            steps *= block.stride
            field += (_MIN_KERNEL - 1) * steps
        return field + steps - 1  # a frame is held until just before the next

    def residual_blocks(self) -> list[ResidualBlock]:
        """Return the blocks in the order in which they are passed."""
        return [block for block in self.blocks if isinstance(block, ResidualBlock)]

    def frames(self, x: Tensor, length: Tensor | None) -> Tensor:
        """Return (frame, batch, width); frames that end in padding count in no norm."""
        frames = x.permute(1, 2, 0)  # (batch, channel, step)
        for block in self.residual_blocks():
            count = frames.shape[2] // block.stride
            if not count:
                return x.new_zeros(0, x.shape[1], self.outputs)
            length = None if length is None else length // block.stride
            frames = block(frames, None if length is None else valid_steps(length, count))
        return frames.permute(2, 0, 1)

    def stream(self, batch: int) -> Step:
        """Return a state that takes one step after the other."""
        return ResNetStream(self, batch)


class ResNetStream:
    """What each convolution still has to see again, and the frame held since it was complete."""

    def __init__(self, network: ResNet, batch: int) -> None:
        self._network, self._mixing = network, network.mixing()
        self._held = next(network.parameters()).new_zeros(batch, network.outputs)
        self._seen = [
            [_quiet(convolution, batch) for convolution in (block.first, block.second)]
            for block in network.residual_blocks()
        ]
        self._steps = [0 for _ in self._seen]

    def step(self, x: Tensor) -> Tensor:
        """Return the output (batch, width) of the next step, from its features."""
        frame = self._frame(x)
        if frame is not None:
            self._held = self._network.from_frames(frame, self._mixing)
        return self._network.combined(self._held, x, self._mixing)

    def _frame(self, x: Tensor) -> Tensor | None:
        """Return the frame that is complete with this step, if there is one."""
        frame = x[..., None]
        for index, block in enumerate(self._network.residual_blocks()):
            first, second = self._seen[index]
            first.append(frame)
            self._steps[index] += 1
            if self._steps[index] % block.stride:
                return None
            y = functional.relu(block.first_norm(block.first(torch.cat((*first,), dim=2))))
            second.append(y)
            y = block.second_norm(block.second(torch.cat((*second,), dim=2)))
            frame = functional.relu(y + block.straight(frame))
        return frame[..., 0]


def _quiet(convolution: nn.Conv1d, batch: int) -> deque[Tensor]:
    """Return as many zeros as a convolution looks at, the oldest first."""
    (kernel,) = convolution.kernel_size
    zeros = convolution.weight.new_zeros(batch, convolution.in_channels, 1)
    return deque([zeros] * kernel, maxlen=kernel)
