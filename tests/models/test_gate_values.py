"""Gates of a network lead to torch's own output."""

import pytest
import torch
from networks import network_of, signal_of, spec_of

from radarseq.errors import UsageError
from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.gate_values import compute_gates, recurrent_gates, wavenet_gates


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
    combined = net.output(sum(layer.state for layer in layers))
    torch.testing.assert_close(combined, net(x), rtol=0, atol=1e-6)
    assert all(((g := layer.gates["gate"]) > 0).all() and (g < 1).all() for layer in layers)


def test_gates_of_a_whole_network_and_of_one_without():
    signal, tx = signal_of(spec_of())
    for model, names in (("lstm", ["input", "forget", "output"]), ("gru", ["reset", "update"])):
        layers = compute_gates(network_of(spec_of(), model=model), signal, tx)
        assert [list(layer.gates) for layer in layers] == [names, names]
        assert layers[0].memory.shape == (32, 5, 8)
    with pytest.raises(UsageError, match="'rnn' cannot be computed"):
        compute_gates(network_of(spec_of(), model="rnn"), signal, tx)
