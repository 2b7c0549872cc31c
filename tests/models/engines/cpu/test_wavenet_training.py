"""Compiled layers of a WaveNet in training, against torch in double precision."""

import pytest
import torch
from networks import check_slopes, random, slopes_of, trained, wavenet


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    ("dilations", "steps", "batch"),
    [((1, 2, 4, 8, 16), 32, 77), ((3, 1, 50), 17, 9), ((1,), 1, 1), ((4,), 3, 8)],
)
def test_a_wavenets_values_and_slopes_are_those_of_double_precision(dilations, steps, batch, last):
    plain = wavenet(dilations, width=64, skip=32, stacks=1).requires_grad_()
    x = torch.from_numpy(random(batch, steps, 6)).transpose(0, 1)
    weight = torch.from_numpy(random(batch, 32) if last else random(steps, batch, 32))
    check_slopes(plain, x, weight, last=last)


def test_two_ways_forward_do_not_share_their_room_and_each_way_back_is_for_once():
    network = trained(wavenet())
    x, other = torch.from_numpy(random(32, 16, 6)), torch.from_numpy(-random(32, 16, 6))
    alone = slopes_of(network, x, torch.ones(()))[1]
    first = network(x).sum()
    network(other).sum().backward()
    network.zero_grad()
    first.backward(retain_graph=True)
    assert torch.equal(network.layers[0].out.weight.grad, alone["layers.0.out.weight"])
    with pytest.raises(RuntimeError, match="it is possible once"):
        first.backward()
