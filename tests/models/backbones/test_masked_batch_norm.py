"""The norm over valid frames, against torch's own."""

import torch
from networks import torchs_norm

from radarseq.models.backbones.masked_batch_norm import MaskedBatchNorm


def norm_of(width=3):
    norm = MaskedBatchNorm(width).double()
    with torch.no_grad():
        norm.weight.copy_(torch.linspace(0.5, 2, width))
        norm.bias.copy_(torch.linspace(-1, 1, width))
    return norm


def test_a_norm_is_torchs_with_its_gradients_and_moments():
    norm, x = norm_of(), torch.randn(6, 3, 5, dtype=torch.float64)
    own, slope = torchs_norm(norm), torch.randn(6, 3, 5, dtype=torch.float64)
    for _ in range(3):
        given = [x.clone().requires_grad_() for _ in range(2)]
        for part, values in zip((norm, own), given, strict=True):
            part.zero_grad()
            (part(values) * slope).sum().backward()
        torch.testing.assert_close(given[0].grad, given[1].grad)
        torch.testing.assert_close(norm.weight.grad, own.weight.grad)
        torch.testing.assert_close(norm.bias.grad, own.bias.grad)
    torch.testing.assert_close(norm.running_mean, own.running_mean)
    torch.testing.assert_close(norm.running_variance, own.running_var)
    torch.testing.assert_close(norm.eval()(x), own.eval()(x))


def test_padding_counts_in_no_norm():
    norm, x = norm_of(), torch.randn(4, 3, 5, dtype=torch.float64)
    valid = torch.tensor([5, 1, 0, 3])[:, None] > torch.arange(5)
    frames = x.transpose(1, 2)[valid]  # (frame, channel)
    expected = (own := torchs_norm(norm))(frames)
    torch.testing.assert_close(norm(x, valid).transpose(1, 2)[valid], expected)
    torch.testing.assert_close(norm.running_variance, own.running_var)
