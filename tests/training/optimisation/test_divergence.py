"""Losses that are no numbers: training ends, the step and the examples are named."""

import json
import math

import numpy as np
import pytest
import torch
from small_runs import SMALL, results

from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from radarseq.errors import DivergedError, RadarseqError
from radarseq.inference.checkpoint import load_checkpoint
from radarseq.training.data.batches import StoredBatches, as_batch
from radarseq.training.optimisation import train_step
from radarseq.training.optimisation.divergence import DivergenceCheck
from radarseq.training.settings import TrainSettings
from radarseq.training.train import train


def test_a_device_that_runs_ahead_is_looked_at_later_and_the_step_is_still_named():
    info = []
    divergence = DivergenceCheck(2, TrainSettings(), lambda *what: info.append(what))
    divergence._waiting = [
        (step, torch.tensor([step]), "loss", torch.tensor(1.0)) for step in range(5)
    ]
    divergence._waiting[3] = (3, torch.tensor([70, 71]), "loss", torch.tensor(float("nan")))
    with pytest.raises(
        DivergedError, match="the loss is nan at iteration 3 of epoch 3, on examples 70"
    ):
        divergence.check()
    assert info[0][:2] == (3, 3)


def test_a_loss_that_is_no_number_ends_training_and_the_last_checkpoint_is_good(
    toy_data, tmp_path, monkeypatch
):
    train(toy_data, tmp_path / "whole", epochs=3, **SMALL)
    real, calls = train_step.batch_loss, []

    def failing(network, batch, weight):
        if network.training:
            calls.append(1)
            if len(calls) == 5:  # the second step of the second epoch
                loss, parts = real(network, batch, weight)
                return loss * math.nan, parts | {"loss": math.nan}
        return real(network, batch, weight)

    with monkeypatch.context() as patched:
        patched.setattr(train_step, "batch_loss", failing)
        with pytest.raises(
            RadarseqError, match="the loss is nan at iteration 1 of epoch 2"
        ) as caught:
            train(toy_data, tmp_path / "run", epochs=3, **SMALL)
    assert caught.value.exit_code == 1
    assert load_checkpoint(tmp_path / "run/checkpoints/last").manifest["epoch"] == 1
    train(toy_data, tmp_path / "run", resume=True, device="cpu")
    assert results(tmp_path / "run") == results(tmp_path / "whole")


def test_a_learning_rate_beyond_reason_ends_in_words(toy_data, tmp_path):
    with pytest.raises(RadarseqError, match=r"the loss is (nan|inf) at iteration \d+ of epoch \d+"):
        train(toy_data, tmp_path / "run", epochs=5, learning_rate=1e30, **SMALL)


def test_what_the_message_on_a_lost_loss_advises_can_be_done(toy_data, tmp_path):
    with pytest.raises(RadarseqError, match="another folder with a lower learning_rate"):
        train(toy_data, tmp_path / "run", epochs=2, learning_rate=1e30, **SMALL)
    train(toy_data, tmp_path / "other", epochs=1, learning_rate=1e-3, **SMALL)


CPU = torch.device("cpu")


def test_what_ends_training_is_named_with_the_examples_that_reproduce_it(toy, toy_data, tmp_path):
    with pytest.raises(
        DivergedError, match=r"on examples \d+, .* more; there is no checkpoint yet"
    ):
        train(toy_data, tmp_path / "run", epochs=5, learning_rate=1e30, **SMALL)
    info = json.loads((tmp_path / "run/diverged.json").read_text())
    rows = np.flatnonzero(toy["split"] == 0)
    source = StoredBatches(
        as_batch(toy.part("train"), CPU, rows), batch_size=64, seed=0, redraw_noise=False
    )
    batch = list(source.epoch(info["epoch"] - 1))[info["iteration"]]
    assert info["examples"] == batch.index.tolist()
    assert np.array_equal(toy["x"][info["examples"]], batch.signal.numpy())


def test_an_exploding_loss_stops_while_it_still_is_a_number(toy, tmp_path):
    columns = {"x": toy["x"], "split": toy["split"], "target": 3 * toy["x"]}
    write_dataset(tmp_path / "data", Examples(Header(sample_axis="step"), columns))
    with pytest.raises(DivergedError, match=r"the loss is [\d.]+e\+\d+ at iteration 1 of epoch 1"):
        train(tmp_path / "data", tmp_path / "run", epochs=3, learning_rate=1e5, **SMALL)


def test_a_gradient_that_is_no_number_is_not_taken(toy_data, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "radarseq.training.optimisation.train_step.clip_grad_norm_",
        lambda *_: torch.tensor(math.inf),
    )
    with pytest.raises(DivergedError, match="the gradient is inf at iteration 0 of epoch 1"):
        train(toy_data, tmp_path / "run", epochs=1, **SMALL)
