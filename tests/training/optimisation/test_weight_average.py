"""The average of the weights: what it forgets, and where it is used."""

import pytest
import torch
from networks import network_and_input
from small_runs import SMALL

from radarseq.inference.checkpoint import load_checkpoint, load_state
from radarseq.training.data.batches import as_batch
from radarseq.training.optimisation import losses as objective
from radarseq.training.optimisation.weight_average import WeightAverage
from radarseq.training.train import train


def test_the_moments_are_averaged_with_the_weights():
    network, x = network_and_input((2,), 16)
    norm = network.residual_blocks()[0].first_norm
    average, expected = WeightAverage(network, 0.5), norm.running_mean.clone()
    for step in range(1, 4):
        network(x)
        average.update()
        share = 1 - min(0.5, step / (step + 9))
        expected = expected + share * (norm.running_mean - expected)
    own = norm.running_mean.clone()
    with average.applied():
        torch.testing.assert_close(norm.running_mean, expected)
    assert torch.equal(norm.running_mean, own)
    assert not torch.allclose(own, expected)


CPU = torch.device("cpu")


def test_the_average_forgets_as_its_decay_says_and_is_only_lent():
    layer = torch.nn.Linear(1, 1, bias=False)
    average, expected = WeightAverage(layer, 0.5), layer.weight.item()
    for step in range(1, 8):
        with torch.no_grad():
            layer.weight.fill_(float(step))
        average.update()
        decay = min(0.5, step / (step + 9))
        expected = decay * expected + (1 - decay) * step
    with average.applied():
        assert layer.weight.item() == pytest.approx(expected, rel=1e-6)
    assert layer.weight.item() == 7.0


def test_the_best_checkpoint_holds_the_average_and_validation_judges_it(toy, toy_data, tmp_path):
    result = train(toy_data, tmp_path / "run", epochs=1, ema=0.99, **SMALL)
    best, last = (load_checkpoint(tmp_path / f"run/checkpoints/{n}") for n in ("best", "last"))
    average = load_state(last.path)["average"]["weights"]
    for name, value in best.network.named_parameters():
        assert torch.equal(value, average[name])
        assert not torch.equal(value, dict(last.network.named_parameters())[name])
    held_out = as_batch(toy.part("validation"), CPU)
    loss = objective.batch_loss(best.network, held_out, objective.Objective(0.2))[0].item()
    assert result.metrics["validation_loss"] == pytest.approx(loss, rel=1e-5)
