"""Strided convolutions, a GRU and the way back."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from radarseq.models.backbones.conv_gru import ConvGru
from radarseq.models.backbones.recurrent import Recurrent


@pytest.mark.parametrize("steps", [1, 5, 12, 31])
@pytest.mark.parametrize("strides", [(1,), (2,), (2, 3)])
def test_conv_gru_is_strided_convolutions_a_gru_and_the_way_back(strides, steps):
    torch.manual_seed(5)
    cells = Recurrent("gru", 4, width=4, layers=2, dropout=0.0)
    network = ConvGru(3, strides=strides, cells=cells, width=4)
    x = torch.randn(steps, 2, 3)
    frames = x.permute(1, 2, 0)  # (batch, channel, step)
    for stride, layer in zip(strides, network.convolutions, strict=True):
        kernel = layer.weight.unflatten(1, (2 * stride, -1)).transpose(1, 2)
        padded = functional.pad(frames, (stride, 0))
        if padded.shape[2] < 2 * stride:
            frames = padded.new_zeros(2, 4, 0)
            break
        frames = functional.gelu(functional.conv1d(padded, kernel, layer.bias, stride=stride))
    states = cells.cells(frames.permute(2, 0, 1))[0] if frames.shape[2] else torch.zeros(0, 2, 4)
    shortened = int(np.prod(strides))
    for step, output in enumerate(network(x)):
        complete = (step + 1) // shortened
        held = states[complete - 1] if complete else torch.zeros(2, 4)
        expected = functional.gelu(network.last(torch.cat((held, network.now(x[step])), dim=1)))
        torch.testing.assert_close(output, expected, rtol=0, atol=1e-6)
