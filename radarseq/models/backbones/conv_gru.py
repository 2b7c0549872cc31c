"""Strided convolutions that shorten the sequence, and a GRU on the frames that remain.

Reference:
    Geron, Hands-On Machine Learning, 2nd ed., chapter 15 (a Conv1D before a GRU).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.backbones.strided import StridedBackbone
from radarseq.models.settings import ModelSettings


class ConvGru(StridedBackbone):
    """Strided convolutions, then GRU layers; the output is as long as the input.

    Args:
        inputs: Features at each step.
        strides: Of each convolution; its kernel is twice as long, so that frames overlap.
        cells: The GRU, which receives ``width`` channels.
        width: Channels of the convolutions and of the output.
    """

    def __init__(
        self, inputs: int, *, strides: tuple[int, ...], cells: Recurrent, width: int
    ) -> None:
        super().__init__()
        self.outputs, self.strides = width, strides
        # A convolution of kernel 2 s and stride s is a product with two neighbouring blocks of s.
        sizes = (inputs, *[width] * (len(strides) - 1))
        self.convolutions = nn.ModuleList(
            nn.Linear(2 * stride * size, width) for stride, size in zip(strides, sizes, strict=True)
        )
        self.cells = cells
        self.now = nn.Linear(inputs, width)
        self.last = nn.Linear(2 * width, width)

    @classmethod
    def from_settings(cls, settings: ModelSettings, inputs: int) -> "ConvGru":
        """Return the network of the settings."""
        cells = Recurrent.from_settings(settings, settings.width)
        return cls(inputs, strides=settings.strides, cells=cells, width=settings.width)

    def frames(self, x: Tensor, length: Tensor | None) -> Tensor:
        """Return the GRU's states (frame, batch, width)."""
        for stride, convolution in zip(self.strides, self.convolutions, strict=True):
            x = functional.gelu(_convolve_blocks(x, stride, convolution))
        return self.cells(x) if len(x) else x.new_zeros(0, x.shape[1], self.outputs)

    def stream(self, batch: int) -> "ConvGruStream":
        """Return a stream of ``batch`` parallel sequences."""
        return ConvGruStream(self, batch)


def _convolve_blocks(x: Tensor, stride: int, convolution: nn.Module) -> Tensor:
    """Return (frame, batch, channel) from each block of ``stride`` steps and the one before.

    Each half of the kernel is applied to the blocks by itself, so that no block is copied next to
    its neighbour.
    """
    frames, (_, batch, size) = len(x) // stride, x.shape
    blocks = x[: frames * stride].reshape(frames, stride, batch, size)
    blocks = blocks.transpose(1, 2).reshape(frames, batch, stride * size)
    past, present = convolution.get_parameter("weight").chunk(2, dim=1)
    from_past = functional.pad(functional.linear(blocks[:-1], past), (0, 0, 0, 0, 1, 0))
    return (
        functional.linear(blocks, present, convolution.get_parameter("bias")) + from_past[:frames]
    )


class ConvGruStream:
    """Incomplete blocks of each convolution, and the output of the last complete frame."""

    def __init__(self, network: ConvGru, batch: int) -> None:
        self._network = network
        self._steps: list[list[Tensor]] = [[] for _ in network.strides]
        self._blocks: list[Tensor | None] = [None] * len(network.strides)
        self._cells = network.cells.stream(batch)
        self._mixing = network.mixing()
        self._held = network.now.weight.new_zeros(batch, network.outputs)

    def step(self, x: Tensor) -> Tensor:
        """Return the output (batch, width) of the next step, from its features."""
        frame = self._complete_frame(x)
        if frame is not None:
            self._held = self._network.from_frames(self._cells.step(frame), self._mixing)
        return self._network.combine(self._held, x, self._mixing)

    def _complete_frame(self, frame: Tensor) -> Tensor | None:
        """Return the frame that ends with this step, if one does."""
        layers = zip(self._network.strides, self._network.convolutions, strict=True)
        for index, (stride, convolution) in enumerate(layers):
            self._steps[index].append(frame)
            if len(self._steps[index]) < stride:
                return None
            block = torch.cat(self._steps[index], dim=1)
            before = self._blocks[index]
            before = torch.zeros_like(block) if before is None else before
            frame = functional.gelu(convolution(torch.cat((before, block), dim=1)))
            self._steps[index], self._blocks[index] = [], block
        return frame
