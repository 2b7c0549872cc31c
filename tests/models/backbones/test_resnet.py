"""The residual network against torch's own layers: its norm, its blocks, what it sees and keeps."""

from math import prod

import pytest
import torch
from networks import network_and_input, network_of, signal_of, spec_of, streamed, torchs_norm
from torch.nn import functional


def drawn_as_in_the_paper(network, x):
    """Return what the network should, from torch's convolutions and batch norms."""
    frames, shortened = x.permute(1, 2, 0), 1
    for block in network.blocks:
        stride, kernel = block.stride, max(7, 2 * block.stride)
        shortened *= stride
        # Whole strides alone, and each frame's last step is the newest that it sees.
        frames = frames[..., : frames.shape[2] // stride * stride]
        if not frames.shape[2]:
            break
        seen = functional.pad(frames, (kernel - stride, 0))
        y = functional.conv1d(seen, block.first.weight, stride=stride)
        y = functional.pad(torchs_norm(block.first_norm)(y).relu(), (6, 0))
        y = torchs_norm(block.second_norm)(functional.conv1d(y, block.second.weight))
        newest = frames.unfold(2, stride, stride)[..., -1]
        straight = torch.einsum("oi,bif->bof", block.straight.weight[..., 0], newest)
        frames = (y + straight + block.straight.bias[:, None]).relu()
    held = []
    for step in range(len(x)):
        complete = (step + 1) // shortened
        held.append(frames[..., complete - 1] if complete else torch.zeros(x.shape[1], 5))
    return functional.gelu(network.last(torch.cat((torch.stack(held), network.now(x)), dim=2)))


@pytest.mark.parametrize("steps", [1, 5, 12, 31])
@pytest.mark.parametrize("strides", [(1,), (2,), (2, 3), (8, 1)])
@pytest.mark.parametrize("trains", [True, False])
def test_the_network_is_its_blocks_and_the_way_back(strides, steps, trains):
    network, x = network_and_input(strides, steps)
    expected = drawn_as_in_the_paper(network.train(trains), x)
    assert expected.std() > 0.01
    torch.testing.assert_close(network(x), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("strides", [(1,), (2, 3), (8, 1)])
def test_the_receptive_field_is_what_the_gradient_reaches(strides):
    network, x = network_and_input(strides, 220, batch=1)
    network.eval()
    for block in network.residual_blocks():  # nothing is cut off where all is positive
        for convolution in (block.first, block.second, block.straight):
            convolution.weight.data.abs_()
    x, farthest = x.abs(), 0
    for step in range(219 - prod(network.strides), 219):
        given = x.clone().requires_grad_()
        network(given)[step].sum().backward()
        reached = given.grad.abs().sum(dim=(1, 2)).nonzero().flatten().tolist()
        assert reached[-1] == step
        farthest = max(farthest, step - reached[0] + 1)
    assert farthest == network.receptive_field


def test_a_class_alone_is_told_by_the_frames_alone():
    network = network_of(spec_of(steps=12), model="resnet", task="classify", strides=(2, 3))
    x = torch.randn(12, 2, network.features.width)
    output, frames = network.backbone(x), network.backbone.frames(x, None)
    assert torch.equal(output[5:11], frames[:1].expand(6, -1, -1))
    assert torch.equal(output[11], frames[1])
    assert not output[:5].any()


def test_a_stream_of_frames_alone_gives_what_the_whole_sequence_does():
    network = network_of(
        spec_of(), model="resnet", task="classify", strides=(2, 3), features=("iq", "level")
    )
    signal, tx = signal_of(network.spec)
    network.fit(signal, tx, None, None)
    _, info, _ = streamed(network, signal, tx)
    torch.testing.assert_close(info, network.step_logits(signal, tx), rtol=0, atol=1e-6)


def test_what_stands_in_the_padding_changes_neither_outputs_nor_moments():
    info, length = [], torch.tensor([40, 17, 3, 22])
    for content in (0.0, 1e3):
        network, x = network_and_input((2, 3), 40)
        x = torch.where(torch.arange(40)[:, None, None] < length[:, None], x, content)
        output = network(x, length)
        kept = [output[:count, row] for row, count in enumerate(length.tolist())]
        info.append([*kept, *network.state_dict().values()])
    for one, other in zip(*info, strict=True):
        assert torch.equal(one, other)


def test_one_frame_alone_is_finite():
    network, x = network_and_input((2,), 2, batch=1)
    assert network(x).isfinite().all()
    assert all(values.isfinite().all() for values in network.state_dict().values())


def test_padding_reaches_no_class_of_a_network_that_runs_both_ways():
    spec = spec_of(steps=24, coded=False)
    network = network_of(spec, model="resnet", task="classify", causal=False, features=("iq",))
    signal, _ = signal_of(spec)
    length = torch.tensor([24, 9, 1, 16, 2])
    noisy = torch.where(torch.arange(24) < length[:, None], signal, 1e3)
    network.fit(signal, None, None, length)
    assert torch.equal(network(noisy, None, length).logits, network(signal, None, length).logits)
