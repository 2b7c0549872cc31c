"""Compiled layers of a WaveNet give what torch does."""

import pytest
import torch
from networks import random, wavenet

from radarseq.models.engines.cpu.wavenet_inference import WaveNetInferenceEngine


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dilations", "steps"), [((1, 2, 4, 8, 16), 32), ((3, 1, 50), 17), ((1,), 1), ((4,), 3)]
)
def test_compiled_layers_give_what_torch_does(dilations, steps):
    network = wavenet(dilations, width=64, skip=32)
    fast = WaveNetInferenceEngine(network)
    x = torch.from_numpy(random(21, steps, 6)).transpose(0, 1)  # no multiple of a block
    every = network(x)
    torch.testing.assert_close(fast.forward(x), every, rtol=0, atol=1e-5)
    torch.testing.assert_close(fast.at_last_step(x), every[-1], rtol=0, atol=1e-5)
    assert every.std() > 0.05
    stream = fast.stream(21)
    for step, expected in zip(x, every, strict=True):
        torch.testing.assert_close(stream.step(step), expected, rtol=0, atol=1e-5)
