"""A small residual network, and torch's own norm."""

import torch
from torch import nn

from radarseq.models.backbones.masked_batch_norm import MaskedBatchNorm
from radarseq.models.backbones.resnet import ResNet


def torchs_norm(norm: MaskedBatchNorm) -> nn.BatchNorm1d:
    """Return torch's norm with the same weights and moments, in the same mode."""
    own = nn.BatchNorm1d(len(norm.weight), dtype=norm.weight.dtype)
    with torch.no_grad():
        own.weight.copy_(norm.weight)
        own.bias.copy_(norm.bias)
        own.running_mean.copy_(norm.running_mean)
        own.running_var.copy_(norm.running_variance)
    return own.train(norm.training)


def network_and_input(strides, steps, batch=4):
    torch.manual_seed(2)
    network = ResNet(3, strides=strides, width=5).double()
    for part in network.modules():
        if isinstance(part, MaskedBatchNorm):
            nn.init.uniform_(part.running_mean)
            nn.init.uniform_(part.running_variance, 0.5, 2)
    return network, torch.randn(steps, batch, 3, dtype=torch.float64)
