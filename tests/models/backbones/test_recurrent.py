"""Recurrent networks against written-out equations."""

import numpy as np
import pytest
import torch
from networks import MODELS, network_of, spec_of
from torch.nn import functional

from radarseq.models.backbones.recurrent import Recurrent


@pytest.mark.parametrize("kind", MODELS[1:-1])
def test_a_recurrent_network_has_no_receptive_field(kind):
    assert network_of(spec_of(), model=kind).receptive_field is None


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step(x, h, c, wi, wh, b, _):
    i, f, g, o = np.split(x @ wi.T + h @ wh.T + b, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(x, h, c, wi, wh, bi, bh):
    xr, xz, xn = np.split(x @ wi.T + bi, 3, axis=1)
    hr, hz, hn = np.split(h @ wh.T + bh, 3, axis=1)
    z = sigmoid(xz + hz)
    return (1 - z) * np.tanh(xn + sigmoid(xr + hr) * hn) + z * h, c


def rnn_step(x, h, c, wi, wh, b, _):
    return np.tanh(x @ wi.T + h @ wh.T + b), c


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(
    ("kind", "step"), [("lstm", lstm_step), ("gru", gru_step), ("rnn", rnn_step)]
)
def test_a_recurrent_network_follows_its_equations(kind, step, layers):
    torch.manual_seed(1)
    net = Recurrent(kind, 3, width=5, layers=layers, dropout=0.0).double()
    x = torch.randn(12, 4, 3, dtype=torch.float64)
    sequence = list(x.numpy())
    for layer in range(layers):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        wi, wh, bi, bh = (getattr(net.cells, f"{n}_l{layer}").detach().numpy() for n in names)
        first = bi if kind == "gru" else bi + bh
        h = c = np.zeros((4, 5))
        states = []
        for value in sequence:
            h, c = step(value, h, c, wi, wh, first, bh)
            states.append(h)
        sequence = states
    np.testing.assert_allclose(net(x).detach().numpy(), np.stack(sequence), rtol=0, atol=1e-12)


def test_the_gradient_of_a_recurrent_weight_sums_those_of_its_steps():
    torch.manual_seed(2)
    net = Recurrent("rnn", 2, width=4, layers=1, dropout=0.0).double()
    x, weighting = (torch.randn(9, 3, n, dtype=torch.float64) for n in (2, 4))
    (net(x) * weighting).sum().backward()
    h = net(x).detach()
    before = torch.cat((torch.zeros_like(h[:1]), h[:-1]))
    recurrent = net.cells.weight_hh_l0.detach()
    carried, steps = torch.zeros(3, 4, dtype=torch.float64), []
    for t in reversed(range(9)):
        error = (weighting[t] + carried) * (1 - h[t] ** 2)
        steps.append(error.T @ before[t])
        carried = error @ recurrent
    torch.testing.assert_close(net.cells.weight_hh_l0.grad, sum(steps), rtol=1e-12, atol=1e-14)
    assert len([s for s in steps if s.abs().max() > 0]) == 8  # all but the first step


def test_residual_and_norm_do_what_they_are_named_for():
    torch.manual_seed(1)
    net = Recurrent("gru", 3, width=5, layers=3, dropout=0.0, layer_norm=True, residual=True)
    x = torch.randn(9, 2, 3)
    y = functional.layer_norm(net.cells[0](x)[0], (5,))
    for cell in list(net.cells)[1:]:
        y = functional.layer_norm(y + cell(y)[0], (5,))
    torch.testing.assert_close(net(x), y)
