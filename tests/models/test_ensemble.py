"""Networks that answer as one."""

import torch

from radarseq.inference.generate import generate
from radarseq.inference.predictor import load
from radarseq.models.ensemble import Ensemble
from radarseq.models.input_spec import InputSpec
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings


def test_one_network_twice_is_that_network(space_run, space_examples):
    network = load(space_run, device="cpu", engine="torch").network
    rows = space_examples.part("test").take(slice(20))
    signal, tx = torch.from_numpy(rows.input), torch.from_numpy(rows.code)
    with torch.inference_mode():
        alone, twice = network(signal, tx), Ensemble([network, network])(signal, tx)
    assert torch.equal(alone.logits, twice.logits)
    assert torch.equal(alone.sequence, twice.sequence)


def test_an_ensemble_makes_up_symbols():
    spec = InputSpec(
        is_complex=False,
        channels=1,
        steps=8,
        target="symbol",
        target_channels=1,
        classes=0,
        coded=False,
        symbols=5,
        target_symbols=5,
    )
    settings = ModelSettings(model="gru", task="next_symbol", width=8, symbols=5)
    networks = [Network(settings, spec).eval() for _ in range(2)]
    together = Ensemble(networks)
    prompt = torch.tensor([[1.0, 3.0]])
    with torch.inference_mode():
        scores = sum(network(prompt).symbols[0, -1, 0] for network in networks)
    assert generate(together, prompt, 1, temperature=0)[0, 0, 0] == int(scores.argmax())
