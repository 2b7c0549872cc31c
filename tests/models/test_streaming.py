"""One sample in, one output out, the same as from the whole sequence."""

import pytest
import torch
from networks import MODELS, network_of, signal_of, spec_of, streamed

from radarseq.errors import MismatchError, UsageError
from radarseq.models.features.names import FEATURE_NAMES
from radarseq.models.streaming import NetworkStream

STEPWISE = tuple(name for name in FEATURE_NAMES if name != "spectrum")


def assert_alike(streamed, whole):
    """To a millionth of the largest value, if that is above one: eight roundings of float32."""
    largest = max(1.0, float(whole.detach().abs().max()))
    torch.testing.assert_close(streamed, whole, rtol=0, atol=1e-6 * largest)


@pytest.mark.parametrize("settings", [{}, {"layer_norm": True, "residual": True, "pool": "last"}])
@pytest.mark.parametrize(
    "spec",
    [
        spec_of(),
        spec_of(channels=3, target_channels=1, coded=False),
        spec_of(is_complex=False, channels=2, target="real", coded=False, standardised=True),
    ],
    ids=["coded", "channels", "real"],
)
@pytest.mark.parametrize("model", MODELS)
def test_a_stream_gives_what_the_whole_sequence_does(model, spec, settings):
    network = network_of(spec, model=model, features=STEPWISE, strides=(2, 2), **settings)
    signal, tx = signal_of(spec)
    network.fit(signal, tx, None, None)
    sequence, logits, _ = streamed(network, signal, tx)
    whole = network(signal, tx)
    assert_alike(sequence, whole.sequence)
    assert_alike(logits, network.step_logits(signal, tx))
    assert_alike(logits[:, -1], whole.logits)


def test_a_stream_outlasts_the_length_of_training():
    network = network_of(spec_of(steps=100), features=("iq",))
    signal, tx = signal_of(network.spec)
    sequence = streamed(network, signal, tx)[0]
    assert_alike(sequence, network(signal, tx).sequence)


def test_what_cannot_be_streamed_says_so():
    with pytest.raises(UsageError, match="causal=true"):
        NetworkStream(network_of(spec_of(), causal=False))
    network = network_of(spec_of())
    signal, tx = signal_of(network.spec)
    assert (
        NetworkStream(network, 5).step(signal[:, 0], tx[:, 0]).logits is None
    )  # reads the spectrum
    with pytest.raises(MismatchError, match="of 2 sequences, got 5"):
        NetworkStream(network, 2).step(signal[:, 0], tx[:, 0])
