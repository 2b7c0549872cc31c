"""Convolutions that shorten the sequence, and a GRU on the frames that are left.

Reference:
    Geron, Hands-On Machine Learning, 2nd ed., chapter 15 (a Conv1D before a GRU).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from radarseq.models.backbones.engine_interface import Step
from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.backbones.strided import StridedBackbone


class ConvGru(StridedBackbone):
    """Strided convolutions, then GRU layers, as long out as in.

    Args:
        inputs: Features at each step.
        strides: Of each convolution; its kernel is twice as long, so that frames overlap.
        cells: The GRU, fed with ``width`` channels.
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

    @property
    def receptive_field(self) -> None:
        """None: the state can carry everything since the first sample."""
        return None

    def frames(self, x: Tensor, length: Tensor | None) -> Tensor:
        """Return the GRU's states (frame, batch, width); no step looks ahead, into padding."""
        for stride, convolution in zip(self.strides, self.convolutions, strict=True):
            x = functional.gelu(_convolved(x, stride, convolution))
        return self.cells(x) if len(x) else x.new_zeros(0, x.shape[1], self.outputs)

    def stream(self, batch: int) -> "ConvGruStream":
        """Return a state that takes one step after the other."""
        return ConvGruStream(self, batch)


def _convolved(x: Tensor, stride: int, convolution: nn.Module) -> Tensor:
    """Return what each block of ``stride`` steps and the one before give (frame, batch, channel).

    Each half of the kernel goes over the blocks by itself: none is copied beside its neighbour.
    """
    frames, (_, batch, size) = len(x) // stride, x.shape
    blocks = x[: frames * stride].reshape(frames, stride, batch, size)
    blocks = blocks.transpose(1, 2).reshape(frames, batch, stride * size)
    before, this = convolution.get_parameter("weight").chunk(2, dim=1)
    seen_before = functional.pad(functional.linear(blocks[:-1], before), (0, 0, 0, 0, 1, 0))
    return functional.linear(blocks, this, convolution.get_parameter("bias")) + seen_before[:frames]


class ConvGruStream:
    """The blocks that are not complete yet, and the state held since the last complete frame."""

    def __init__(self, network: ConvGru, batch: int) -> None:
        self._network = network
        self._waiting: list[list[Tensor]] = [[] for _ in network.strides]
        self._before: list[Tensor | None] = [None] * len(network.strides)
        self._cells: Step = network.cells.stream(batch)
        self._mixing = network.mixing()
        self._held = network.now.weight.new_zeros(batch, network.outputs)

    def step(self, x: Tensor) -> Tensor:
        """Return the output (batch, width) of the next step, from its features."""
        frame = self._shortened(x)
        if frame is not None:
            self._held = self._network.from_frames(self._cells.step(frame), self._mixing)
        return self._network.combined(self._held, x, self._mixing)

    def _shortened(self, x: Tensor) -> Tensor | None:
        """Return the frame that is complete with this step, if there is one."""
        frame = x
        layers = zip(self._network.strides, self._network.convolutions, strict=True)
        for index, (stride, convolution) in enumerate(layers):
            self._waiting[index].append(frame)
            if len(self._waiting[index]) < stride:
                return None
            block = torch.cat(self._waiting[index], dim=1)
            before = self._before[index]
            before = torch.zeros_like(block) if before is None else before
            frame = functional.gelu(convolution(torch.cat((before, block), dim=1)))
            self._waiting[index], self._before[index] = [], block
        return frame
