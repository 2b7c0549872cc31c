"""One sample in, one output out, the same as from the whole sequence; gates; made-up symbols."""

import numpy as np
import pytest
import torch

from radarseq.errors import MismatchError, UsageError
from radarseq.inference.generate import generate
from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.features.radar import FEATURE_NAMES
from radarseq.models.gate_values import gates_of, recurrent_gates, wavenet_gates
from radarseq.models.streaming import NetworkStream
from tests.test_contract import MODELS, network_of, notes_of, signal_of, spec_of, symbol_spec

STEPWISE = tuple(name for name in FEATURE_NAMES if name != "spectrum")


def streamed(network, signal, tx=None):
    stream = NetworkStream(network, len(signal))
    codes = [None] * signal.shape[1] if tx is None else tx.unbind(1)
    steps = [stream.step(x, code) for x, code in zip(signal.unbind(1), codes, strict=True)]
    return [
        None if steps[0][part] is None else torch.stack([s[part] for s in steps], dim=1)
        for part in range(3)
    ]


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


# --- gates


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_the_gates_lead_to_torchs_own_output(kind, plain):
    torch.manual_seed(0)
    extra = {} if plain else {"layer_norm": True, "residual": True}
    net = Recurrent(kind, 3, width=6, layers=2, dropout=0.0, **extra)
    x = 3 * torch.randn(20, 4, 3)
    first, last = recurrent_gates(net, x)
    torch.testing.assert_close(last.state, net(x), rtol=0, atol=1e-6)
    for gate in first.gates.values():
        assert 0 <= gate.min() < 0.2
        assert 0.8 < gate.max() <= 1
    if kind == "lstm" and plain:
        memory = net.cells(x)[1][1]  # (layer, batch, width), after the last step
        torch.testing.assert_close(first.memory[-1], memory[0], rtol=0, atol=1e-6)
        torch.testing.assert_close(last.memory[-1], memory[1], rtol=0, atol=1e-6)


def test_the_long_term_state_is_what_the_gates_let_in_and_kept():
    torch.manual_seed(0)
    net = Recurrent("lstm", 3, width=6, layers=1, dropout=0.0)
    x = torch.randn(20, 4, 3)
    (layer,) = recurrent_gates(net, x)
    weights, bias = net.cells.weight_ih_l0[12:18], (net.cells.bias_ih_l0 + net.cells.bias_hh_l0)
    before = torch.cat((torch.zeros(1, 4, 6), layer.state[:-1]))
    candidate = torch.tanh(x @ weights.T + before @ net.cells.weight_hh_l0[12:18].T + bias[12:18])
    kept = torch.cat((torch.zeros(1, 4, 6), layer.memory[:-1])) * layer.gates["forget"]
    torch.testing.assert_close(
        layer.memory, kept + candidate * layer.gates["input"], rtol=0, atol=1e-6
    )
    torch.testing.assert_close(
        layer.state, layer.gates["output"] * layer.memory.tanh(), rtol=0, atol=1e-6
    )


def test_a_wavenets_gates_lead_to_its_output():
    torch.manual_seed(0)
    net = WaveNet(3, width=6, skip=5, dilations=(1, 2, 40), stacks=1)
    x = torch.randn(20, 4, 3)
    layers = wavenet_gates(net, x)
    combined = net.combined(sum(layer.state for layer in layers))
    torch.testing.assert_close(combined, net(x), rtol=0, atol=1e-6)
    assert all(((g := layer.gates["gate"]) > 0).all() and (g < 1).all() for layer in layers)


def test_gates_of_a_whole_network_and_of_one_without():
    signal, tx = signal_of(spec_of())
    for model, names in (("lstm", ["input", "forget", "output"]), ("gru", ["reset", "update"])):
        layers = gates_of(network_of(spec_of(), model=model), signal, tx)
        assert [list(layer.gates) for layer in layers] == [names, names]
        assert layers[0].memory.shape == (32, 5, 8)
    with pytest.raises(UsageError, match="'rnn' cannot be shown"):
        gates_of(network_of(spec_of(), model="rnn"), signal, tx)


# --- made-up symbols


@pytest.mark.parametrize("model", MODELS)
def test_the_coldest_symbols_are_those_of_the_whole_sequence(model):
    network = network_of(symbol_spec(), model=model, task="next_symbol")
    notes = notes_of(network.spec)
    made = generate(network, notes, 5, temperature=0.0)
    sequence = notes
    for step in range(5):
        best = network(sequence).symbols[:, -1].argmax(dim=2)
        assert np.array_equal(made[:, step], best.numpy())
        sequence = torch.cat((sequence, best[:, None].float()), dim=1)


def test_warm_symbols_come_as_often_as_the_network_says():
    network = network_of(symbol_spec(voices=1, symbols=3), task="next_symbol")
    notes = notes_of(network.spec, batch=1).repeat(4000, 1, 1)
    for temperature in (1.0, 2.5):
        made = generate(network, notes, 1, temperature=temperature, seed=4)[:, 0, 0]
        share = np.bincount(made, minlength=3) / 4000
        expected = (network(notes[:1]).symbols[0, -1, 0] / temperature).softmax(dim=0)
        assert np.abs(share - expected.detach().numpy()).max() < 0.03  # four deviations
        again = generate(network, notes, 1, temperature=temperature, seed=4)[:, 0, 0]
        assert np.array_equal(made, again)


def test_what_makes_up_no_symbols_says_so():
    signal, _ = signal_of(spec_of())
    with pytest.raises(UsageError, match="task=next_symbol"):
        generate(network_of(spec_of()), signal, 3)
    network = network_of(symbol_spec(), task="next_symbol")
    with pytest.raises(UsageError, match="temperature -1"):
        generate(network, notes_of(network.spec), 3, temperature=-1.0)
