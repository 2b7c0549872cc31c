"""Training: the same bits again, what is learnt, and data that cannot be learnt from."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_runs import FRESH, RESULTS, SMALL, WEIGHTS, columns_of, everything, results, scene_of

from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from radarseq.errors import DatasetError, OutputError
from radarseq.inference.checkpoint import load_checkpoint
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.training.data.training_data import load_training_data
from radarseq.training.optimisation import train_step
from radarseq.training.optimisation.trainer import balanced_weights
from radarseq.training.settings import TrainSettings
from radarseq.training.train import train
from simulators.pairs import FRESH_VALIDATION, PairGenerator


@pytest.mark.parametrize("model", ["wavenet", "lstm", "gru", "rnn", "resnet"])
def test_the_same_seed_gives_the_same_bits_and_another_does_not(space, tmp_path, model):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        torch.rand(seed)  # what happened before must not matter
        train(space, tmp_path / name, epochs=2, seed=seed, model=model, **SMALL)
    assert results(tmp_path / "a") == results(tmp_path / "b")
    different = results(tmp_path / "c")
    assert all(different[name] != results(tmp_path / "a")[name] for name in RESULTS)


def test_fresh_pairs_give_the_same_bits_and_another_seed_does_not(plate_recipe, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        train(plate_recipe, tmp_path / name, epochs=1, seed=seed, **SMALL, **FRESH)
    assert results(tmp_path / "a") == results(tmp_path / "b")
    different = results(tmp_path / "c")
    assert all(different[name] != results(tmp_path / "a")[name] for name in RESULTS)


def test_training_leaves_torchs_own_random_numbers_alone(toy_data, tmp_path):
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    train(toy_data, tmp_path / "a", epochs=1, **SMALL)
    assert torch.equal(torch.rand(3), expected)


def test_a_folder_that_is_not_empty_is_refused(toy_data, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/precious.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"precious\.txt"):
        train(toy_data, tmp_path / "run", epochs=1, **SMALL)
    assert everything(tmp_path / "run") == {"precious.txt": b"mine"}


@pytest.mark.parametrize(
    ("names", "task"),
    [
        (("tx", "rx", "label", "target"), "both"),
        (("tx", "rx", "label"), "classify"),
        (("rx", "target"), "echo"),
    ],
)
def test_the_task_is_what_the_data_can_serve(space_examples, tmp_path, names, task):
    write_dataset(tmp_path / "data", columns_of(space_examples, *names).take(slice(100)))
    train(tmp_path / "data", tmp_path / "run", epochs=1, **SMALL)
    network = load_checkpoint(tmp_path / "run/checkpoints/best").network
    assert network.settings.task == task
    assert (network.classes is not None) == (task != "echo")
    assert (network.sequence is not None) == (task != "classify")


def test_one_class_alone_cannot_be_learnt(toy, tmp_path):
    header = Header(sample_axis="step", class_names=("only",))
    columns = {"x": toy["x"], "label": np.zeros(len(toy), np.int32)}
    write_dataset(tmp_path / "data", Examples(header, columns))
    with pytest.raises(DatasetError, match="two or more classes; the data have 1"):
        train(tmp_path / "data", tmp_path / "run", **SMALL)


def test_a_dataset_without_a_train_split_is_refused(toy, tmp_path):
    held_out = toy.take(toy["split"] == 1)
    write_dataset(tmp_path / "data", held_out)
    with pytest.raises(DatasetError, match="no example is in the train split"):
        train(tmp_path / "data", tmp_path / "run", **SMALL)


def test_rows_without_label_do_not_end_training(toy, tmp_path):
    label = toy["label"].copy()
    label[np.flatnonzero(toy["split"] == 0)[:-3]] = -1
    columns = {"x": toy["x"], "split": toy["split"], "label": label}
    write_dataset(tmp_path / "data", Examples(toy.header, columns))
    train(tmp_path / "data", tmp_path / "run", epochs=1, **SMALL | {"batch_size": 8})


def test_without_validation_the_last_weights_are_the_best(toy, tmp_path):
    write_dataset(tmp_path / "data", columns_of(toy, "x", "label"))
    result = train(tmp_path / "data", tmp_path / "run", epochs=3, **SMALL)
    assert result.best_epoch == 3
    assert any("no validation split" in note for note in result.notes)
    best, last = (results(tmp_path / "run", [name]).popitem()[1] for name in WEIGHTS)
    assert best == last


@pytest.mark.parametrize("model", ["wavenet", "lstm", "gru", "rnn", "resnet"])
def test_a_learnable_toy_is_learnt(toy_data, tmp_path, model):
    result = train(toy_data, tmp_path / "run", epochs=6, model=model, **SMALL | {"batch_size": 16})
    with (tmp_path / "run/metrics.csv").open(newline="") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    assert rows[-1]["loss"] < 0.5 * rows[0]["loss"]
    assert result.metrics["validation_accuracy"] > 0.95
    assert result.metrics == rows[result.best_epoch - 1]
    assert json.loads((tmp_path / "run/metrics.json").read_text())["best"] == result.metrics


def test_an_echo_is_learnt_better_than_the_copy(plate_recipe, tmp_path):
    result = train(
        plate_recipe,
        tmp_path / "run",
        task="echo",
        epochs=2,
        pairs_per_epoch=8000,
        validation_pairs=500,
        **SMALL,
    )
    judge = PairGenerator(scene_of(plate_recipe), seed=0, domain=FRESH_VALIDATION)(0, 500)
    power = (np.abs(judge.rx) ** 2).sum(axis=1)
    copied = np.log((np.abs(judge.rx - judge.target) ** 2).sum(axis=1) / power + 1e-3).mean()
    assert result.metrics["validation_echo_loss"] < copied - 0.1  # nats: 0.4 dB


def test_a_short_receptive_field_is_told(space, tmp_path):
    result = train(space, tmp_path / "run", epochs=1, dilations=(1, 2, 4), **SMALL)
    assert result.receptive_field == 8
    assert any("8 samples, is shorter than the sequence, 32" in note for note in result.notes)
    assert any("Add dilations or stacks" in note for note in result.notes)
    small = train(space, tmp_path / "net", epochs=1, **SMALL | {"model": "resnet"})
    assert any("is shorter than the sequence, 32" in note for note in small.notes)
    assert any("Add strides" in note for note in small.notes)
    assert not train(space, tmp_path / "b", epochs=1, **SMALL).notes


def with_lengths(examples, length):
    return replace(examples, columns=examples.columns | {"length": length})


@pytest.mark.parametrize("features", [("iq", "level"), ("iq", "level", "spectrum")])
def test_a_run_learns_the_same_whether_padding_is_computed_or_not(
    space_examples, tmp_path, monkeypatch, features
):
    """A spectrum has as many bins as the arrays have steps: there they stay as they are."""
    length = np.random.default_rng(0).integers(4, 21, 600, np.int32)
    write_dataset(tmp_path / "data", with_lengths(space_examples, length))
    shapes, weights = [], []
    with monkeypatch.context() as patched:
        forward = Network.forward

        def seen(network, signal, *others):
            if network.training:
                shapes.append(signal.shape[1])
            return forward(network, signal, *others)

        patched.setattr(Network, "forward", seen)
        for run in ("cut", "whole"):
            if run == "whole":
                patched.setattr(train_step.Batch, "trimmed", lambda batch: batch)
            options = SMALL | {"features": features, "dropout": 0.0, "epochs": 1}
            train(tmp_path / "data", tmp_path / run, by_length=True, **options)
            network = load_checkpoint(tmp_path / run / "checkpoints/last").network
            weights.append(torch.cat([p.detach().flatten() for p in network.parameters()]))
    steps = len(shapes) // 2
    assert set(shapes[steps:]) == {32}
    assert max(shapes[:steps]) == (32 if "spectrum" in features else 20)
    torch.testing.assert_close(*weights, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("steps", "settings", "says"),
    [
        (8, {}, True),
        (8, {"by_length": True}, False),
        (8, {"features": ("iq", "spectrum")}, False),  # its arrays stay whole
        (28, {}, False),
    ],
)
def test_a_run_says_how_much_of_its_training_is_padding(
    space_examples, tmp_path, steps, settings, says
):
    length = np.full(600, steps, np.int32)
    write_dataset(tmp_path / "data", with_lengths(space_examples, length))
    options = SMALL | {"epochs": 1, "features": ("iq", "level")} | settings
    notes = train(tmp_path / "data", tmp_path / "run", **options).notes
    info = [note for note in notes if "padding" in note]
    assert len(info) == says
    assert all(note.startswith("75% of the training steps are padding") for note in info)


def test_whether_noise_is_redrawn_changes_the_weights(space, tmp_path):
    for name, redraw in (("new", True), ("same", False)):
        train(space, tmp_path / name, epochs=1, redraw_noise=redraw, **SMALL)
    assert results(tmp_path / "new", WEIGHTS) != results(tmp_path / "same", WEIGHTS)


CPU = torch.device("cpu")


def test_balanced_classes_count_alike(toy, tmp_path):
    few = np.flatnonzero((toy["label"] == 0) | (np.arange(len(toy)) % 12 == 1))
    write_dataset(tmp_path / "data", toy.take(few))
    data = load_training_data(tmp_path / "data", ModelSettings(), TrainSettings(), CPU)
    counts, weight = data.class_counts, balanced_weights(data.class_counts).numpy()
    assert counts[0] == 4 * counts[1]
    assert counts[0] * weight[0] == pytest.approx(counts[1] * weight[1])
    assert (counts * weight).sum() == pytest.approx(counts.sum())


def test_a_class_that_only_the_test_rows_have_is_refused_by_name(toy, tmp_path):
    label = np.where(toy["split"] == 0, 0, toy["label"]).astype(np.int32)
    write_dataset(tmp_path / "data", Examples(toy.header, toy.columns | {"label": label}))
    with pytest.raises(DatasetError, match="no training row is of class up"):
        train(tmp_path / "data", tmp_path / "run", **SMALL)
    alone = Examples(toy.header, toy.columns | {"label": np.zeros(len(toy), np.int32)})
    write_dataset(tmp_path / "one", alone)
    with pytest.raises(DatasetError, match="all training rows are of class down"):
        train(tmp_path / "one", tmp_path / "run", **SMALL)
