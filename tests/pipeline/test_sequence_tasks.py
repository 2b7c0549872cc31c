"""Forecasts, symbols and labels of steps: trained and evaluated."""

import numpy as np
import pytest
import torch
from signals import deck_series, sequences

from radarseq.cli.evaluation_text import as_text
from radarseq.dataset.write import write_dataset
from radarseq.errors import DatasetError, MismatchError
from radarseq.evaluation.evaluate import evaluate
from radarseq.inference.generate import generate
from radarseq.inference.predictor import load
from radarseq.training.train import train


def test_a_forecast_is_trained_judged_and_told(tmp_path):
    series = deck_series(35)[:1200]
    split = np.repeat(np.array([0, 1, 2], np.uint8), [800, 200, 200])
    write_dataset(tmp_path / "data", sequences(series, split=split))
    settings = {"horizon": 3, "width": 16, "skip": 16, "device": "cpu", "batch_size": 64}
    result = train(tmp_path / "data", tmp_path / "run", task="forecast", epochs=6, **settings)
    model = load(tmp_path / "run", device="cpu")
    assert model.network.settings.features == ("value",)
    assert model.network.spec.steps == 32
    found = evaluate(tmp_path / "run", tmp_path / "data", tmp_path / "e", device="cpu")
    part = found.metrics["forecast"]
    assert part["model"]["mse"] < 0.3 * part["baselines"]["naive"]["mse"]
    assert part["model"]["mse"] == pytest.approx(result.metrics["validation_last_mse"], rel=0.3)
    assert list(part["baselines"])[:2] == ["naive", "drift"]
    info = as_text(found.metrics, found.captures)
    assert "forecast, 3 ahead" in info
    assert "MASE" in info
    assert part["verdict"] in info
    with pytest.raises(MismatchError, match="sequences of 31 steps, the model has 32"):
        write_dataset(tmp_path / "short", sequences(series[:, :34], split=split))
        evaluate(tmp_path / "run", tmp_path / "short", tmp_path / "f", device="cpu")


def test_symbols_are_trained_judged_told_and_made_up(tmp_path):
    """A cycle that any model can learn; rows of different lengths, padded with nonsense."""
    start = np.random.default_rng(0).integers(0, 4, size=(240, 1))
    notes = ((start + np.arange(13)) % 4)[..., None].astype(np.float32)
    length = np.random.default_rng(1).integers(5, 14, size=240).astype(np.int32)
    for row, steps in zip(notes, length, strict=True):
        row[steps:] = -7.5
    split = np.repeat(np.array([0, 1, 2], np.uint8), [160, 40, 40])
    write_dataset(tmp_path / "data", sequences(notes, split=split, length=length))
    settings = {
        "task": "next_symbol",
        "model": "gru",
        "width": 16,
        "batch_size": 16,
    }
    result = train(
        tmp_path / "data",
        tmp_path / "run",
        epochs=12,
        learning_rate=0.01,
        device="cpu",
        **settings,
    )
    assert result.metrics["validation_step_accuracy"] == 1.0
    found = evaluate(tmp_path / "run", tmp_path / "data", tmp_path / "e", device="cpu")
    assert found.metrics["symbols"]["model"]["accuracy"] == 1.0
    assert "nats" in as_text(found.metrics, found.captures)
    network = load(tmp_path / "run", device="cpu").network
    made = generate(network, torch.tensor([[2.0, 3.0]]), 6, temperature=0.5)
    assert made[0, :, 0].tolist() == [0, 1, 2, 3, 0, 1]
    wider = sequences(np.where(notes == 3, 6, notes), split=split, length=length)
    write_dataset(tmp_path / "wide", wider)
    with pytest.raises(DatasetError, match=r"hold symbol 6; the model has 0 to 3"):
        evaluate(tmp_path / "run", tmp_path / "wide", tmp_path / "f", device="cpu")


def test_labels_of_steps_are_trained_and_judged(tmp_path):
    x = np.random.default_rng(0).normal(size=(200, 16, 1)).cumsum(axis=1)
    target = (x[..., 0] > 0).astype(np.float32)
    split = np.repeat(np.array([0, 1, 2], np.uint8), [120, 40, 40])
    write_dataset(tmp_path / "data", sequences(x, target=target, split=split))
    settings = {"task": "step_label", "width": 16, "skip": 16, "device": "cpu"}
    train(tmp_path / "data", tmp_path / "run", epochs=6, batch_size=16, **settings)
    found = evaluate(tmp_path / "run", tmp_path / "data", tmp_path / "e", device="cpu")
    part = found.metrics["symbols"]
    assert part["model"]["accuracy"] > 0.9 > part["baselines"]["most frequent"]["accuracy"]
