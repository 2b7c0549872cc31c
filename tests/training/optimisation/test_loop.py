"""The schedule of the learning rate, validation and patience."""

import csv

import numpy as np
import pytest
import torch
from small_runs import SMALL

from radarseq.dataset.schema import Examples
from radarseq.dataset.write import write_dataset
from radarseq.inference import task_targets
from radarseq.inference.checkpoint import load_checkpoint
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.training.data.batches import as_batch
from radarseq.training.optimisation import loop
from radarseq.training.optimisation.losses import Objective
from radarseq.training.settings import TrainSettings
from radarseq.training.train import train

CPU = torch.device("cpu")


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.5])
def test_the_learning_rate_rises_and_falls_to_its_floor(warmup):
    settings = TrainSettings(learning_rate=3e-3, warmup=warmup)
    rates = np.array([loop.learning_rate(train_step, 200, settings) for train_step in range(400)])
    rise = max(1, round(warmup * 200))
    np.testing.assert_allclose(rates[:rise], 3e-3 * np.arange(1, rise + 1) / rise)
    assert rates.argmax() == rise - 1
    assert rates.max() == 3e-3
    share = (np.arange(rise, 200) - rise) / (200 - rise)
    cosine = 3e-3 * (0.02 + 0.98 * np.cos(np.pi * share / 2) ** 2)
    np.testing.assert_allclose(rates[rise:200], cosine, rtol=1e-12)
    np.testing.assert_allclose(rates[200:], 0.02 * 3e-3)
    assert (np.diff(rates[rise:]) <= 0).all()


def test_the_schedule_reaches_the_optimiser(toy_data, tmp_path, monkeypatch):
    used = []
    real = torch.optim.AdamW.step
    monkeypatch.setattr(
        torch.optim.AdamW,
        "step",
        lambda self: (used.append(self.param_groups[0]["lr"]), real(self)),
    )
    train(toy_data, tmp_path / "run", epochs=3, learning_rate=1e-3, **SMALL)
    steps = 3 * 3  # 160 training rows, 64 a step
    settings = TrainSettings(epochs=3, learning_rate=1e-3)
    assert used == [loop.learning_rate(train_step, steps, settings) for train_step in range(steps)]


def test_patience_ends_a_run_whose_validation_gets_worse(toy, tmp_path):
    held_out = toy["split"] == 1
    label = np.where(held_out, 1 - toy["label"], toy["label"]).astype(np.int32)
    columns = {"x": toy["x"], "split": toy["split"], "label": label}
    write_dataset(tmp_path / "data", Examples(toy.header, columns))
    result = train(tmp_path / "data", tmp_path / "run", epochs=20, patience=3, **SMALL)
    assert result.epochs == result.best_epoch + 3 < 20
    best = load_checkpoint(tmp_path / "run/checkpoints/best")
    assert best.manifest["epoch"] == result.best_epoch
    with (tmp_path / "run/metrics.csv").open(newline="") as file:
        losses = [float(row["validation_loss"]) for row in csv.DictReader(file)]
    assert int(np.argmin(losses)) + 1 == result.best_epoch
    assert train(tmp_path / "data", tmp_path / "b", epochs=8, patience=0, **SMALL).epochs == 8


def test_validation_in_pieces_is_the_mean_over_all(space_examples, monkeypatch):
    network = Network(ModelSettings(width=8), task_targets.spec_of(space_examples)).eval()
    batch = as_batch(space_examples.take(slice(50)), CPU)
    whole = loop.validate(network, batch, Objective(0.2)).metrics
    monkeypatch.setattr(loop, "_VALIDATION_BATCH", 17)
    assert loop.validate(network, batch, Objective(0.2)).metrics == pytest.approx(whole, abs=1e-5)
