"""The gate layer forward and backward, against torch's convolution and finite differences."""

import pytest
import torch
from torch.nn import functional

from radarseq.models.backbones.gated_convolution import dilated_convolution, gate


def draw(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("dilation", [1, 3, 7, 8, 20])
def test_a_dilated_convolution_is_that_of_torch_on_padded_samples(dilation):
    x, weight, bias = draw(8, 3, 4), draw(6, 8), draw(6)
    kernel = torch.stack(weight.chunk(2, dim=1), dim=2)  # (output, channel, tap)
    padded = functional.pad(x.permute(1, 2, 0), (dilation, 0))
    expected = functional.conv1d(padded, kernel, bias, dilation=dilation).permute(2, 0, 1)
    torch.testing.assert_close(dilated_convolution(x, weight, bias, dilation), expected)


@pytest.mark.parametrize("dilation", [1, 4, 9])
def test_the_slopes_of_a_dilated_convolution_are_those_of_finite_differences(dilation):
    given = [draw(5, 2, 3), draw(4, 6), draw(4)]
    given = [values.requires_grad_() for values in given]
    assert torch.autograd.gradcheck(lambda x, w, b: dilated_convolution(x, w, b, dilation), given)


def test_a_gate_is_tanh_times_sigmoid():
    y = 3 * draw(5, 2, 8)
    expected = torch.tanh(y[..., :4] / 2) * torch.sigmoid(y[..., 4:])
    torch.testing.assert_close(gate(y), expected)


def test_the_slopes_of_a_gate_are_those_of_finite_differences():
    assert torch.autograd.gradcheck(gate, [(2 * draw(3, 2, 6)).requires_grad_()])


def test_a_gate_that_is_shut_or_saturated_has_no_slope_and_no_nan():
    y = torch.tensor([[200.0, -200.0], [-200.0, 200.0]], requires_grad=True)
    gate(y).sum().backward()
    assert y.grad is not None
    torch.testing.assert_close(y.grad, torch.zeros(2, 2))
