"""Settings of a network: those that are refused, and dilations for a length."""

import numpy as np
import pytest

from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.settings import ModelSettings, dilations_for


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"width": 0}, "width is 0"),
        ({"stacks": 0}, "stacks is 0"),
        ({"layers": -1}, "layers is -1"),
        ({"skip": 0}, "skip is 0"),
        ({"dilations": ()}, "dilations"),
        ({"dilations": (1, 0)}, "dilations"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"input_dropout": -0.1}, "input_dropout is -0.1"),
        ({"features": ()}, "features"),
        ({"features": ("spectrum",)}, "one besides spectrum"),
        ({"features": ("iq", "magic")}, "magic"),
    ],
)
def test_settings_that_make_no_network_are_refused(wrong, word):
    with pytest.raises(ValueError, match=word):
        ModelSettings(**wrong)


@pytest.mark.parametrize("steps", [2, 3, 4, 32, 33, 100, 501])
def test_dilations_for_a_length_see_just_that_length(steps):
    dilations = dilations_for(steps)
    net = WaveNet(1, width=2, skip=2, dilations=dilations, stacks=1)
    assert net.receptive_field == steps
    assert len(dilations) == int(np.ceil(np.log2(steps)))


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"strides": ()}, "strides"),
        ({"strides": (0,)}, "strides"),
        ({"horizon": 0}, "horizon is 0"),
        ({"symbols": -1}, "symbols is -1"),
        ({"task": "forecast", "causal": False}, "would read its target"),
        ({"pool": "last", "causal": False}, "pool=mean_max"),
    ],
)
def test_settings_that_contradict_are_refused(wrong, word):
    with pytest.raises(ValueError, match=word):
        ModelSettings(**wrong)
