"""WaveNet against dilated convolutions by hand, its receptive field and its norm."""

import numpy as np
import pytest
import torch
from networks import network_of, spec_of
from torch import nn
from torch.nn import functional

from radarseq.models.backbones.wavenet import WaveNet


class ConvWaveNet(nn.Module):
    """WaveNet as the paper draws it: Conv1d of kernel 2, tanh filter, sigmoid gate."""

    def __init__(self, net: WaveNet):
        super().__init__()
        self.first, self.last, self.layers = net.first, net.last, net.layers
        self.convolutions = nn.ModuleList()
        for layer in net.layers:
            weight = layer.convolution.weight.detach()
            width = weight.shape[1] // 2
            conv = nn.Conv1d(width, 2 * width, 2, dilation=layer.dilation)
            with torch.no_grad():
                conv.weight[:, :, 0] = weight[:, :width]
                conv.weight[:, :, 1] = weight[:, width:]
                conv.bias.copy_(layer.convolution.bias)
            self.convolutions.append(conv)

    def forward(self, x):  # (batch, channel, step)
        def pointwise(linear, values):
            return functional.conv1d(values, linear.weight[:, :, None], linear.bias)

        x, skips = pointwise(self.first, x), []
        for layer, convolution in zip(self.layers, self.convolutions, strict=True):
            both = convolution(functional.pad(x, (layer.dilation, 0)))
            filtered, gate = both.chunk(2, dim=1)
            out = pointwise(layer.out, torch.tanh(filtered / 2) * torch.sigmoid(gate))
            x = x + out[:, : x.shape[1]]
            skips.append(out[:, x.shape[1] :])
        total = torch.stack(skips).sum(dim=0) / np.sqrt(len(skips))
        return functional.gelu(pointwise(self.last, functional.gelu(total)))


@pytest.mark.parametrize("steps", [1, 7, 32, 64])
@pytest.mark.parametrize(
    ("dilations", "stacks"), [((1, 2, 4, 8, 16), 1), ((1, 2, 4), 3), ((3,), 1), ((40, 1), 1)]
)
def test_wavenet_is_the_stack_of_dilated_convolutions(dilations, stacks, steps):
    torch.manual_seed(3)
    net = WaveNet(6, width=8, skip=12, dilations=dilations, stacks=stacks)
    x = torch.randn(steps, 4, 6)
    expected = ConvWaveNet(net)(x.permute(1, 2, 0)).permute(2, 0, 1)
    assert expected.std() > 0.01
    torch.testing.assert_close(net(x), expected, rtol=0, atol=1e-6)


def test_wavenets_gradients_are_those_of_the_convolutions():
    torch.manual_seed(4)
    net = WaveNet(3, width=4, skip=5, dilations=(1, 2, 4), stacks=1)
    reference, x = ConvWaveNet(net), torch.randn(16, 2, 3)
    net(x).square().sum().backward()
    found = [layer.convolution.weight.grad.clone() for layer in net.layers]
    net.zero_grad()
    reference(x.permute(1, 2, 0)).square().sum().backward()
    for gradient, convolution in zip(found, reference.convolutions, strict=True):
        taps = torch.cat((convolution.weight.grad[:, :, 0], convolution.weight.grad[:, :, 1]), 1)
        torch.testing.assert_close(gradient, taps, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("dilations", "stacks", "field"),
    [((1, 2, 4, 8, 16), 1, 32), ((1, 2, 4, 8, 16), 2, 63), ((1,), 1, 2), ((1, 2, 4), 3, 22)],
)
def test_the_receptive_field_is_what_the_gradient_reaches(dilations, stacks, field):
    torch.manual_seed(0)
    net = WaveNet(2, width=8, skip=8, dilations=dilations, stacks=stacks).double()
    assert net.receptive_field == field
    x = torch.randn(80, 1, 2, dtype=torch.float64, requires_grad=True)
    t = 70
    net(x)[t].sum().backward()
    reached = x.grad.abs().sum(dim=(1, 2)) > 0
    assert reached.nonzero().flatten().tolist() == list(range(t - field + 1, t + 1))


def test_the_default_wavenet_sees_exactly_32_samples_of_64():
    net = network_of(spec_of(steps=64)).backbone.double()
    assert net.receptive_field == 32
    x = torch.randn(64, 1, net.first.in_features, dtype=torch.float64)
    for back, reached in ((31, True), (32, False), (0, True), (-1, False)):
        t, impulse = 50, x.clone()
        impulse[t - back] += 1.0
        assert (net(impulse)[t] != net(x)[t]).any().item() is reached, back


def test_wavenets_layer_norm_steadies_what_each_convolution_sees():
    torch.manual_seed(1)
    plain, normed = (
        WaveNet(2, width=8, skip=8, dilations=(1, 2), stacks=1, layer_norm=n) for n in (False, True)
    )
    assert len(normed.state_dict()) == len(plain.state_dict()) + 4
    seen = []
    normed.layers[1].norm.register_forward_hook(lambda *a: seen.append(a[2]))
    normed(100 * torch.randn(6, 4, 2))
    (now,) = seen
    torch.testing.assert_close(now.std(dim=2, correction=0), torch.ones(6, 4), rtol=0, atol=1e-3)


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize(
    ("dilations", "stacks", "steps"),
    [((1, 2, 4, 8, 16), 1, 32), ((1, 2, 4, 8, 16), 2, 32), ((1, 2, 4), 2, 50), ((7, 1), 1, 3)],
)
def test_the_shortest_way_to_the_last_step_ends_where_the_long_one_does(
    dilations, stacks, steps, layer_norm
):
    torch.manual_seed(3)
    net = WaveNet(
        5, width=8, skip=12, dilations=dilations, stacks=stacks, layer_norm=layer_norm
    ).double()
    x = torch.randn(steps, 4, 5, dtype=torch.float64)
    gradients = []
    for value in (net(x)[-1], net.at_last_step(x)):
        net.zero_grad()
        value.square().sum().backward()
        gradients.append([p.grad.clone() for p in net.parameters()])
    torch.testing.assert_close(net.at_last_step(x), net(x)[-1], rtol=0, atol=1e-12)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)
