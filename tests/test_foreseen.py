"""What forecasts and symbols come to on the page; the last step alone; keys up or down."""

import numpy as np
import pytest
import torch

from radarseq.dataset.schema import Examples, Header
from radarseq.evaluation.metrics.forecasts import compare_forecasts
from radarseq.evaluation.metrics.symbols import compare_symbols
from radarseq.inference.task_targets import spec_of, task_examples
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.report.page import render
from radarseq.training.data.batches import as_batch
from radarseq.training.optimisation.losses import Objective, batch_loss

STEP = Header(sample_axis="step")


def ramps(rows=40, steps=12, horizon=3):
    """Straight lines: the drift is right, the last value is wrong by the steps ahead."""
    slope = np.linspace(1, 2, rows)[:, None]
    line = (slope * np.arange(steps + horizon)).astype(np.float32)
    return task_examples(
        Examples(STEP, {"x": line[..., None]}),
        ModelSettings(task="forecast", horizon=horizon),
    )


def test_the_page_draws_forecasts_beside_truth_and_naive():
    examples = ramps()
    part = compare_forecasts("m", examples["target"], examples, None, {}, 3)
    one = part["examples"][0]
    assert one["future"] == pytest.approx([12, 13, 14])
    assert one["naive"] == pytest.approx([11, 11, 11])
    assert one["past"] == pytest.approx(list(range(12)))
    assert part["baselines"]["naive"]["mse_by_horizon"][2] == pytest.approx(
        np.mean((3 * np.linspace(1, 2, 40)) ** 2)
    )
    page = render({"forecast": part, "model": {"name": "lstm"}})
    for text in ("Forecasts of examples", "Forecast error by horizon", "truth", "Skill over naive"):
        assert text in page
    assert part["verdict"] in page
    assert "mathdefault" not in page


def test_keys_that_are_down_are_counted_a_step_and_drawn():
    """Keys down by chance 0.25 cost a perfect model its entropy, times their number a frame."""
    down = (np.random.default_rng(0).random((300, 21, 6)) < 0.25).astype(np.float32)
    length = np.random.default_rng(1).integers(5, 22, 300).astype(np.int32)
    examples = task_examples(
        Examples(STEP, {"x": down, "length": length}), ModelSettings(task="next_symbol")
    )
    perfect = np.broadcast_to([0.75, 0.25], (300, 20, 6, 2))
    part = compare_symbols("m", perfect, examples, examples, {}, follows=True)
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert part["model"]["nats"] == pytest.approx(entropy, abs=0.005)
    assert part["model"]["nats_per_step"] == pytest.approx(6 * part["model"]["nats"])
    assert part["baselines"]["counts"]["nats_per_step"] == pytest.approx(6 * entropy, abs=0.03)
    page = render({"symbols": part, "model": {"name": "lstm"}})
    assert "Symbols by method" in page
    assert "Nats a step" in page


@pytest.mark.parametrize("has_length", [False, True])
def test_the_last_step_alone_can_train(has_length):
    """Only the hidden state of the last valid step then gets a gradient."""
    examples = ramps()
    if has_length:
        length = np.full(40, 7, np.int32)
        examples = Examples(STEP, examples.columns | {"length": length})
    settings = ModelSettings(model="rnn", task="forecast", width=4, features=("value",))
    network = Network(settings, spec_of(examples, settings))
    batch = as_batch(examples, torch.device("cpu"))
    network.fit(batch.signal, None, batch.target, batch.length)
    seen = []
    network.backbone.register_forward_hook(lambda *a: seen.append(a[2]) or a[2].retain_grad())
    loss, parts = batch_loss(network, batch, Objective(1.0, last_step=True))
    loss.backward()
    moved = seen[0].grad.abs().sum(dim=(1, 2)) > 0
    assert torch.nonzero(moved).flatten().tolist() == [6 if has_length else 11]
    assert parts["loss"] > 0


def test_a_stored_forecast_of_coded_samples_is_taken_without_the_code(space_examples):
    """It comes to the same baselines as the forecast that the task makes of the samples."""
    columns = {name: space_examples[name] for name in ("rx", "tx")}
    settings = ModelSettings(task="forecast", horizon=2)
    made = task_examples(Examples(space_examples.header, columns), settings)
    stored = Examples(space_examples.header, {name: made[name] for name in ("rx", "tx", "target")})
    assert task_examples(stored, settings) is stored
    parts = [compare_forecasts("m", e["target"], e, e, {}, 2)["baselines"] for e in (made, stored)]
    assert parts[0] == parts[1]
    decoded = made["rx"] * made["tx"].conj()
    naive = np.abs(decoded[:, -1:] - made["target"][:, -1]) ** 2
    assert parts[1]["naive"]["mse"] == pytest.approx(naive.mean(), rel=1e-5)
