"""Symbols that a network makes up."""

import numpy as np
import pytest
import torch
from networks import MODELS, network_of, notes_of, signal_of, spec_of, symbol_spec

from radarseq.errors import UsageError
from radarseq.inference.generate import generate


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
