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

from radarseq.models.backbones.interface import BackboneStream
from radarseq.models.backbones.masked_batch_norm import MaskedBatchNorm
from radarseq.models.backbones.strided import StridedBackbone
from radarseq.models.features.radar import valid_steps
from radarseq.models.settings import ModelSettings

_MIN_KERNEL = 7  # taps; a stride above 3 has twice as many as its stride, so that frames overlap


class ResidualBlock(nn.Module):
    """Two causal convolutions, the first with a stride, and a shortcut of kernel 1.

    Args:
        inputs: Channels in.
        width: Channels out.
        stride: Steps per frame.
    """

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.stride, self.kernel = stride, max(_MIN_KERNEL, 2 * stride)
        self.first = nn.Conv1d(inputs, width, self.kernel, stride, bias=False)  # the norm has one
        self.first_norm = MaskedBatchNorm(width)
        self.second = nn.Conv1d(width, width, _MIN_KERNEL, bias=False)
        self.second_norm = MaskedBatchNorm(width)
        self.straight = nn.Conv1d(inputs, width, 1)

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        """Return (batch, width, frame) from ``x`` (batch, channel, step), at least one frame of it.

        Args:
            x: Output of the block before.
            valid: Whether each frame of the output is data, bool ``(batch, frame)``; None: all.
        """
        count = x.shape[2] // self.stride
        x = x[..., : count * self.stride]
        y = self.first(functional.pad(x, (self.kernel - self.stride, 0)))
        y = functional.relu(self.first_norm(y, valid))
        y = self.second_norm(self.second(functional.pad(y, (_MIN_KERNEL - 1, 0))), valid)
        return functional.relu(y + self.straight(x[..., self.stride - 1 :: self.stride]))


class ResNet(StridedBackbone):
    """Blocks of strided residual convolutions; the output is as long as the input.

    Args:
        inputs: Features at each step.
        strides: Of each block.
        width: Channels of the blocks and of the output.
        skip_connection: Whether the output at a step depends on that step too, or only on the frame
            held there. A class is read from frames alone: a connection past them, without a norm,
            lets the network memorise single objects by their level.
    """

    def __init__(
        self, inputs: int, *, strides: tuple[int, ...], width: int, skip_connection: bool = True
    ) -> None:
        super().__init__()
        self.outputs, self.strides, self.skip_connection = width, strides, skip_connection
        sizes = (inputs, *[width] * (len(strides) - 1))
        self.blocks = nn.ModuleList(
            ResidualBlock(size, width, stride) for size, stride in zip(sizes, strides, strict=True)
        )
        if skip_connection:
            self.now = nn.Linear(inputs, width)
            self.last = nn.Linear(2 * width, width)

    @classmethod
    def from_settings(cls, settings: ModelSettings, inputs: int) -> "ResNet":
        """Return the network of the settings."""
        return cls(
            inputs,
            strides=settings.strides,
            width=settings.width,
            skip_connection=settings.task != "classify",
        )

    @property
    def receptive_field(self) -> int:
        """Samples, the present one included, that an output depends on at most."""
        field, steps = 1, 1
        for block in self.residual_blocks():
            field += (block.kernel - 1) * steps
            steps *= block.stride
            field += (_MIN_KERNEL - 1) * steps
        return field + steps - 1  # a frame is held until just before the next

    def residual_blocks(self) -> list[ResidualBlock]:
        """Return the blocks, the first one first."""
        return [block for block in self.blocks if isinstance(block, ResidualBlock)]

    def frames(self, x: Tensor, length: Tensor | None) -> Tensor:
        """Return (frame, batch, width); the norms leave out frames that end in padding."""
        frames = x.permute(1, 2, 0)  # (batch, channel, step)
        for block in self.residual_blocks():
            count = frames.shape[2] // block.stride
            if not count:
                return x.new_zeros(0, x.shape[1], self.outputs)
            length = None if length is None else length // block.stride
            frames = block(frames, None if length is None else valid_steps(length, count))
        return frames.permute(2, 0, 1)

    def stream(self, batch: int) -> BackboneStream:
        """Return a stream of ``batch`` parallel sequences."""
        return ResNetStream(self, batch)


class ResNetStream:
    """Latest inputs of each convolution, and the output of the last complete frame."""

    def __init__(self, network: ResNet, batch: int) -> None:
        self._network, self._mixing = network, network.mixing()
        self._held = next(network.parameters()).new_zeros(batch, network.outputs)
        self._inputs = [
            [_silence(convolution, batch) for convolution in (block.first, block.second)]
            for block in network.residual_blocks()
        ]
        self._steps = [0 for _ in self._inputs]

    def step(self, x: Tensor) -> Tensor:
        """Return the output (batch, width) of the next step, from its features."""
        frame = self._complete_frame(x[..., None])
        if frame is not None:
            self._held = self._network.from_frames(frame, self._mixing)
        return self._network.combine(self._held, x, self._mixing)

    def _complete_frame(self, frame: Tensor) -> Tensor | None:
        """Return the frame that ends with this step, if one does."""
        for index, block in enumerate(self._network.residual_blocks()):
            first, second = self._inputs[index]
            first.append(frame)
            self._steps[index] += 1
            if self._steps[index] % block.stride:
                return None
            y = functional.relu(block.first_norm(block.first(torch.cat((*first,), dim=2))))
            second.append(y)
            y = block.second_norm(block.second(torch.cat((*second,), dim=2)))
            frame = functional.relu(y + block.straight(frame))
        return frame[..., 0]


def _silence(convolution: nn.Conv1d, batch: int) -> deque[Tensor]:
    """Return the inputs of a convolution before the first frame: zeros."""
    (kernel,) = convolution.kernel_size
    zeros = convolution.weight.new_zeros(batch, convolution.in_channels, 1)
    return deque([zeros] * kernel, maxlen=kernel)
