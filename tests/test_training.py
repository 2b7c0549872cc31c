"""Training: the same bits again, also after an interruption; and what stops it says why."""

import csv
import json
import math
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch

from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from radarseq.errors import CheckpointError, DatasetError, OutputError, RadarseqError, RecipeError
from radarseq.evaluation.metrics.classification import relative_error
from radarseq.inference.checkpoint import load_checkpoint, load_state
from radarseq.inference.task_targets import spec_of
from radarseq.models.network import Network
from radarseq.models.settings import ModelName, ModelSettings
from radarseq.training.data.batches import FreshBatches, StoredBatches, as_batch
from radarseq.training.optimisation import loop, train_step
from radarseq.training.optimisation.losses import Objective, batch_loss
from radarseq.training.resolve_settings import fit_task, resolve_settings
from radarseq.training.settings import TrainSettings
from radarseq.training.train import train
from simulators.pairs import FRESH_TRAIN, FRESH_VALIDATION, PairGenerator

CPU = torch.device("cpu")
SMALL = {"batch_size": 64, "width": 8, "skip": 16, "device": "cpu"}
FRESH = {"pairs_per_epoch": 256, "validation_pairs": 128}
WEIGHTS = ("checkpoints/best/model.safetensors", "checkpoints/last/model.safetensors")
RESULTS = (*WEIGHTS, "metrics.csv", "metrics.json")


def results(run, names=RESULTS):
    return {name: (run / name).read_bytes() for name in names}


def everything(run, but=()):
    files = (path for path in sorted(run.rglob("*")) if path.is_file())
    return {n: p.read_bytes() for p in files if (n := str(p.relative_to(run))) not in but}


def stop_after(epoch):
    def on_epoch(row):
        if row["epoch"] == epoch:
            raise KeyboardInterrupt

    return on_epoch


def interrupted(data, run, after=2, **settings):
    with pytest.raises(KeyboardInterrupt):
        train(data, run, on_epoch=stop_after(after), **(SMALL | settings))
    return run


@pytest.fixture(params=["stored", "fresh"])
def source(request, space, plate_recipe):
    """Training data, and the settings that go with them."""
    return (space, {}) if request.param == "stored" else (plate_recipe, FRESH)


# --- the same again


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


def test_an_interrupted_run_ends_as_an_unbroken_one(source, tmp_path):
    data, more = source
    settings = {"epochs": 4, "model": "lstm", "layers": 2, "dropout": 0.3} | more
    settings["input_dropout"] = 0.2
    whole = train(data, tmp_path / "whole", **SMALL, **settings)
    broken = interrupted(data, tmp_path / "broken", **settings)
    assert results(broken, WEIGHTS) != results(whole.run, WEIGHTS)
    rows = []
    resumed = train(data, broken, resume=True, device="cpu", on_epoch=rows.append)
    assert [row["epoch"] for row in rows] == [3, 4]
    assert results(broken) == results(whole.run)
    assert resumed.metrics == whole.metrics
    states = [load_state(run / "checkpoints/last") for run in (whole.run, broken)]
    assert states[0]["progress"] == states[1]["progress"]
    moments = [state["optimiser"]["state"] for state in states]
    assert all(
        torch.equal(one[key], moments[1][index][key])
        for index, one in moments[0].items()
        for key in one
    )


@pytest.mark.parametrize("more", [{}, {"model": "resnet", "ema": 0.9}])
def test_an_interrupted_run_leaves_every_other_file_the_same(toy_data, tmp_path, more):
    train(toy_data, tmp_path / "whole", epochs=3, **SMALL, **more)
    broken = interrupted(toy_data, tmp_path / "broken", epochs=3, **more)
    train(toy_data, broken, resume=True, device="cpu")
    one, other = (everything(tmp_path / n, but=("environment.json",)) for n in ("whole", "broken"))
    assert one == other


def test_resuming_to_more_epochs_keeps_the_schedule(source, tmp_path):
    data, more = source
    train(data, tmp_path / "short", epochs=2, **SMALL, **more)
    train(data, tmp_path / "short", epochs=4, resume=True, device="cpu")
    train(data, tmp_path / "long", epochs=4, schedule_epochs=2, **SMALL, **more)
    names = (*RESULTS, "config.toml", "checkpoints/best/manifest.json")
    assert results(tmp_path / "short", names) == results(tmp_path / "long", names)


def test_a_finished_run_has_nothing_left_to_resume(toy_data, tmp_path):
    first = train(toy_data, tmp_path / "run", epochs=2, **SMALL)
    before = everything(tmp_path / "run", but=("config.toml",))
    again = train(toy_data, tmp_path / "run", resume=True, device="cpu")
    assert again.sequences_per_s == 0
    assert first.sequences_per_s > 0
    assert (again.epochs, again.metrics) == (2, first.metrics)
    assert everything(tmp_path / "run", but=("config.toml",)) == before


def test_a_run_stopped_before_its_first_checkpoint_starts_again(toy_data, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(train_step, "batch_loss", stop)
        with pytest.raises(KeyboardInterrupt):
            train(toy_data, tmp_path / "run", epochs=2, **SMALL)
    assert not (tmp_path / "run/checkpoints").exists()
    train(toy_data, tmp_path / "run", resume=True, device="cpu")
    train(toy_data, tmp_path / "whole", epochs=2, **SMALL)
    assert results(tmp_path / "run") == results(tmp_path / "whole")


def test_a_run_killed_between_two_renames_goes_on_from_its_checkpoint(toy_data, tmp_path):
    run = interrupted(toy_data, tmp_path / "run", epochs=3)
    (run / "checkpoints/last").rename(run / "checkpoints/last.old")
    rows = []
    train(toy_data, run, resume=True, device="cpu", on_epoch=rows.append)
    assert [row["epoch"] for row in rows] == [3]


# --- what cannot be resumed


@pytest.mark.parametrize(
    "changed",
    [{"seed": 1}, {"model": "lstm"}, {"learning_rate": 1.0}, {"dilations": (1, 2)}, {"dropout": 0}],
)
def test_another_setting_is_refused_by_name(toy_data, tmp_path, changed):
    train(toy_data, tmp_path / "run", epochs=1, **SMALL)
    before = everything(tmp_path / "run")
    with pytest.raises(OutputError, match=next(iter(changed))):
        train(toy_data, tmp_path / "run", resume=True, epochs=2, device="cpu", **changed)
    assert everything(tmp_path / "run") == before


def test_the_same_settings_may_be_repeated(toy_data, tmp_path):
    train(toy_data, tmp_path / "run", epochs=1, dilations=(1, 2), **SMALL)
    train(toy_data, tmp_path / "run", resume=True, epochs=2, dilations=(1, 2), **SMALL)
    assert len((tmp_path / "run/metrics.csv").read_text().splitlines()) == 3


def test_other_data_are_refused_by_name(toy, toy_data, space, tmp_path):
    data = tmp_path / "data"
    write_dataset(data, toy)
    train(data, tmp_path / "run", epochs=1, **SMALL)
    with pytest.raises(OutputError, match=f"trained on {data}, not on {space}"):
        train(space, tmp_path / "run", resume=True, epochs=2, device="cpu")
    before = everything(tmp_path / "run")
    for path in data.iterdir():
        path.unlink()
    data.rmdir()
    write_dataset(data, toy.take(np.arange(len(toy))[::-1]))
    with pytest.raises(OutputError, match="no longer those that this run was trained on"):
        train(data, tmp_path / "run", resume=True, epochs=2, device="cpu")
    assert everything(tmp_path / "run") == before


def test_there_must_be_a_run_to_resume(toy_data, tmp_path):
    with pytest.raises(CheckpointError, match="no run to resume") as caught:
        train(toy_data, tmp_path / "none", resume=True)
    assert caught.value.exit_code == 4
    (tmp_path / "none").mkdir(exist_ok=True)
    (tmp_path / "none/config.toml").write_bytes(b"\xff[")
    with pytest.raises(CheckpointError, match="not as radarseq wrote it"):
        train(toy_data, tmp_path / "none", resume=True)


def test_a_folder_that_is_not_empty_is_refused(toy_data, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/precious.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"precious\.txt"):
        train(toy_data, tmp_path / "run", epochs=1, **SMALL)
    assert everything(tmp_path / "run") == {"precious.txt": b"mine"}


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"epoch": 3}, "unknown setting 'epoch'"),
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": 1.5}, "epochs"),
        ({"model": "transformer"}, "model"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0"),
        ({"learning_rate": math.nan}, "learning_rate"),
        ({"warmup": 1.0}, "warmup is 1.0"),
        ({"features": ("magic",)}, "magic"),
        ({"seed": -1}, "seed is -1"),
        ({"patience": -1}, "patience is -1"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_name(tmp_path, toy_data, wrong, word):
    with pytest.raises(RecipeError, match=word):
        train(toy_data, tmp_path / "run", **wrong)
    assert not (tmp_path / "run").exists()


def test_each_model_has_its_own_width_unless_one_is_asked_for():
    widths = {m: resolve_settings({"model": m})[0].width for m in get_args(ModelName)}
    expected = {"wavenet": 32, "lstm": 64, "gru": 72, "rnn": 128, "conv_gru": 64, "resnet": 64}
    assert widths == expected
    assert resolve_settings({"model": "lstm", "width": 5})[0].width == 5


# --- the task


def columns_of(examples, *names, **more):
    return Examples(examples.header, {n: examples[n] for n in names} | more)


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


@pytest.mark.parametrize(
    ("names", "task", "word"),
    [
        (("rx", "label"), "echo", "needs a target sequence"),
        (("rx", "label"), "both", "needs a target sequence"),
        (("rx", "target"), "classify", "needs labels of two or more classes; the data have 0"),
        (("rx", "target"), "both", "needs labels"),
        (("rx",), None, "needs labels"),
    ],
)
def test_a_task_that_the_data_cannot_serve_is_refused(space_examples, names, task, word):
    spec = spec_of(columns_of(space_examples, *names))
    with pytest.raises(DatasetError, match=word):
        fit_task(ModelSettings(task=task or "both"), spec, asked=task is not None)


def test_an_asked_task_is_taken(space_examples):
    spec = spec_of(space_examples)
    for task in ("both", "echo", "classify"):
        assert fit_task(ModelSettings(task=task), spec, asked=True).task == task


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


def test_accuracy_is_over_the_labelled_rows(toy):
    network = Network(ModelSettings(task="classify"), spec_of(toy)).eval()
    batch = as_batch(toy, CPU)
    half = replace(batch, label=torch.where(torch.arange(len(batch)) < 120, batch.label, -1))
    _, parts = batch_loss(network, half, Objective(0.2))
    _, known = batch_loss(network, batch.take(slice(120)), Objective(0.2))
    assert parts["accuracy"].item() == pytest.approx(known["accuracy"].item())


# --- the loop


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


def test_the_echo_loss_is_the_log_of_the_relative_error(space_examples):
    network = Network(ModelSettings(task="echo"), spec_of(space_examples)).eval()
    batch = as_batch(space_examples.take(slice(50)), CPU)
    loss, parts = batch_loss(network, batch, Objective(0.2))
    estimate = network(batch.signal, batch.tx).sequence.detach().numpy().astype(np.complex128)
    error = (np.abs(estimate - batch.target.numpy()) ** 2).sum(axis=1)
    power = (np.abs(batch.signal.numpy().astype(np.complex128)) ** 2).sum(axis=1)
    expected = np.log(error / power + 1e-3).mean()
    assert parts["echo_loss"].item() == pytest.approx(expected, abs=1e-4)
    assert loss.item() == pytest.approx(0.2 * expected, abs=1e-4)


def test_the_relative_echo_loss_is_the_error_that_is_judged(space_examples):
    examples = space_examples.take(slice(50))
    network = Network(ModelSettings(task="echo"), spec_of(space_examples)).eval()
    batch = as_batch(examples, CPU)
    _, parts = batch_loss(network, batch, Objective(1.0, echo_error="relative"))
    estimate = network(batch.signal, batch.tx).sequence.detach().numpy()
    judged = relative_error(estimate, examples["target"]).mean()
    assert parts["echo_loss"].item() == pytest.approx(judged, rel=1e-5)


def test_validation_in_pieces_is_the_mean_over_all(space_examples, monkeypatch):
    network = Network(ModelSettings(width=8), spec_of(space_examples)).eval()
    batch = as_batch(space_examples.take(slice(50)), CPU)
    whole = loop.judge(network, batch, Objective(0.2)).metrics
    monkeypatch.setattr(loop, "_VALIDATION_BATCH", 17)
    assert loop.judge(network, batch, Objective(0.2)).metrics == pytest.approx(whole, abs=1e-5)


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
        with pytest.raises(RadarseqError, match="the loss is nan at step 1 of epoch 2") as caught:
            train(toy_data, tmp_path / "run", epochs=3, **SMALL)
    assert caught.value.exit_code == 1
    assert load_checkpoint(tmp_path / "run/checkpoints/last").manifest["epoch"] == 1
    train(toy_data, tmp_path / "run", resume=True, device="cpu")
    assert results(tmp_path / "run") == results(tmp_path / "whole")


def test_a_learning_rate_beyond_reason_ends_in_words(toy_data, tmp_path):
    with pytest.raises(RadarseqError, match=r"the loss is (nan|inf) at step \d+ of epoch \d+"):
        train(toy_data, tmp_path / "run", epochs=5, learning_rate=1e30, **SMALL)


def test_what_the_message_on_a_lost_loss_advises_can_be_done(toy_data, tmp_path):
    with pytest.raises(RadarseqError, match="another folder with a lower learning_rate"):
        train(toy_data, tmp_path / "run", epochs=2, learning_rate=1e30, **SMALL)
    train(toy_data, tmp_path / "other", epochs=1, learning_rate=1e-3, **SMALL)


def test_a_short_receptive_field_is_told(space, tmp_path):
    result = train(space, tmp_path / "run", epochs=1, dilations=(1, 2, 4), **SMALL)
    assert result.receptive_field == 8
    assert any("8 samples, is shorter than the sequence, 32" in note for note in result.notes)
    assert any("Add dilations or stacks" in note for note in result.notes)
    small = train(space, tmp_path / "net", epochs=1, **SMALL | {"model": "resnet"})
    assert any("is shorter than the sequence, 32" in note for note in small.notes)
    assert any("Add strides" in note for note in small.notes)
    assert not train(space, tmp_path / "b", epochs=1, **SMALL).notes


# --- batches


def scene_of(path):
    from radarseq.recipes.recipe import read_recipe

    return read_recipe(path).scene


def columns(batches):
    batches = list(batches)
    return {
        name: torch.cat([getattr(b, name) for b in batches])
        for name in ("signal", "tx", "target", "label")
    }


def stored(batch, batch_size, seed=1, redraw_noise=False, **more):
    more = {"batch_size": batch_size, "seed": seed, "redraw_noise": redraw_noise} | more
    return StoredBatches(batch, **more)


@pytest.mark.parametrize("batch_size", [1, 64, 100, 600, 1000])
def test_an_epoch_holds_every_stored_example_once(space_examples, batch_size):
    batch = as_batch(space_examples, CPU)
    source = stored(batch, batch_size)
    batches = list(source.epoch(0))
    assert len(batches) == len(source) == math.ceil(600 / batch_size)
    found = columns(batches)
    index = {row.numpy().tobytes(): i for i, row in enumerate(batch.signal)}
    order = [index[row.numpy().tobytes()] for row in found["signal"]]
    assert sorted(order) == list(range(600))
    for name, values in found.items():
        assert torch.equal(values, getattr(batch, name)[order])


def test_each_epoch_has_its_own_order_which_the_seed_fixes(space_examples):
    batch = as_batch(space_examples, CPU)
    one, other = stored(batch, 100), stored(batch, 100, seed=2)
    orders = [columns(s.epoch(n))["signal"] for s, n in ((one, 0), (one, 1), (other, 0))]
    assert all(not torch.equal(a, orders[i - 1]) for i, a in enumerate(orders))
    again = stored(batch, 100)
    assert torch.equal(columns(again.epoch(1))["signal"], orders[1])


def of_lengths(space_examples):
    length = torch.randint(1, 33, (600,), generator=torch.Generator().manual_seed(0))
    return replace(as_batch(space_examples, CPU, np.arange(600)), length=length)


@pytest.mark.parametrize("batch_size", [1, 16, 100, 1000])
def test_by_length_a_batch_has_little_padding_and_an_epoch_every_example_once(
    space_examples, batch_size
):
    batch = of_lengths(space_examples)
    source, mixed = stored(batch, batch_size, by_length=True), stored(batch, batch_size)
    epochs = [list(source.epoch(number)) for number in (0, 1)]
    for batches in epochs:
        assert [len(b) for b in batches].count(batch_size) == 600 // batch_size
        assert len(batches) == len(source)
        rows = torch.cat([b.index for b in batches])
        assert rows.sort().values.tolist() == list(range(600))
        assert all(torch.equal(b.length, batch.length[b.index]) for b in batches)
    orders = [torch.cat([b.index for b in batches]) for batches in epochs]
    assert not torch.equal(*orders)
    again = torch.cat([b.index for b in stored(batch, batch_size, by_length=True).epoch(1)])
    assert torch.equal(again, orders[1])

    def steps(batches):
        return sum(b.trimmed().signal.numel() for b in batches)

    valid = int(batch.length.sum())
    if batch_size == 16:  # windows of 128: a batch spans an eighth of the lengths, 4 of 32 steps
        assert steps(epochs[0]) < 1.15 * valid < 1.7 * valid < steps(mixed.epoch(0))


def test_a_batch_by_length_is_no_batch_for_life_and_short_ones_come_at_any_time(space_examples):
    source = stored(of_lengths(space_examples), 16, by_length=True)
    first, second = (list(source.epoch(number)) for number in (0, 1))
    together = [{frozenset(b.index.tolist()) for b in batches} for batches in (first, second)]
    assert not together[0] & together[1]
    source = stored(of_lengths(space_examples), 75, by_length=True)  # one window of 8 batches
    longest = [[float(b.length.max()) for b in source.epoch(number)] for number in range(60)]
    at_place = torch.tensor(longest).mean(dim=0)  # each 18 +- 1.2; in order they are 4 to 32
    assert at_place.max() - at_place.min() < 8


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
    told = [note for note in notes if "padding" in note]
    assert len(told) == says
    assert all(note.startswith("75% of the training steps are padding") for note in told)


def test_by_length_changes_nothing_where_no_example_has_a_length(space_examples):
    batch = as_batch(space_examples, CPU)
    one, other = (columns(stored(batch, 100, by_length=way).epoch(0)) for way in (True, False))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_new_noise_is_circular_of_the_stored_power_and_another_in_each_epoch(space_examples):
    batch = as_batch(space_examples, CPU)
    source, plain = stored(batch, 100, redraw_noise=True), stored(batch, 100)
    drawn = []
    for number in range(40):
        noisy, quiet = columns(source.epoch(number)), columns(plain.epoch(number))
        assert all(torch.equal(noisy[n], quiet[n]) for n in ("tx", "target", "label"))
        index = {row.numpy().tobytes(): i for i, row in enumerate(batch.target)}
        order = [index[row.numpy().tobytes()] for row in noisy["target"]]
        noise = torch.empty_like(batch.signal)
        noise[order] = noisy["signal"] - noisy["target"]
        drawn.append(noise / batch.noise_power.sqrt()[:, None])
    unit = torch.stack(drawn).numpy().astype(np.complex128)  # (epoch, example, step)
    per_example = (np.abs(unit) ** 2).mean(axis=(0, 2))  # of 1280 samples: 1 +- 0.028
    assert np.abs(per_example - 1).max() < 0.17
    assert (np.abs(unit) ** 2).mean() == pytest.approx(1, abs=0.006)  # six deviations
    assert abs((unit**2).mean()) < 0.01
    assert abs(unit.mean()) < 0.01
    assert abs((unit[1:] * unit[:-1].conj()).mean()) < 0.01
    again = columns(stored(batch, 100, redraw_noise=True).epoch(0))["signal"]
    assert torch.equal(again, columns(source.epoch(0))["signal"])


def test_noise_is_redrawn_of_simulated_echoes_alone(space_examples, toy):
    bare = columns_of(space_examples, "rx", "tx", "label", "parameters/noise_power_m2")
    for examples in (bare, toy):
        batch = as_batch(examples, CPU)
        one, other = (next(stored(batch, 50, redraw_noise=r).epoch(0)) for r in (True, False))
        assert torch.equal(one.signal, other.signal)


def test_whether_noise_is_redrawn_changes_the_weights(space, tmp_path):
    for name, redraw in (("new", True), ("same", False)):
        train(space, tmp_path / name, epochs=1, redraw_noise=redraw, **SMALL)
    assert results(tmp_path / "new", WEIGHTS) != results(tmp_path / "same", WEIGHTS)


def test_fresh_batches_are_the_generators_examples_one_after_the_other(plate_recipe):
    generate = PairGenerator(scene_of(plate_recipe), seed=9, domain=FRESH_TRAIN)
    source = FreshBatches(generate, batch_size=48, pairs_per_epoch=200, device=CPU)
    assert len(source) == 4
    found = [columns(source.epoch(number)) for number in range(3)]
    pairs = generate(0, 3 * 4 * 48)
    for number, epoch in enumerate(found):
        rows = slice(number * 192, number * 192 + 192)
        assert np.array_equal(epoch["signal"].numpy(), pairs.rx[rows])
        assert np.array_equal(epoch["tx"].numpy(), pairs.tx[rows])
        assert np.array_equal(epoch["target"].numpy(), pairs.target[rows])
        assert np.array_equal(epoch["label"].numpy(), pairs.label[rows])
    drawn = {row.numpy().tobytes() for epoch in found for row in epoch["signal"]}
    assert len(drawn) == 576


def test_training_and_validation_share_no_fresh_example(plate_recipe):
    scene = scene_of(plate_recipe)
    one, other = (
        PairGenerator(scene, seed=9, domain=domain)(0, 300)
        for domain in (FRESH_TRAIN, FRESH_VALIDATION)
    )
    assert not set(one.group) & set(other.group)
    assert not {r.tobytes() for r in one.target} & {r.tobytes() for r in other.target}


def test_an_epoch_of_fresh_batches_may_be_left_half_way(plate_recipe):
    generate = PairGenerator(scene_of(plate_recipe), seed=9, domain=FRESH_TRAIN)
    source = FreshBatches(generate, batch_size=8, pairs_per_epoch=80, device=CPU)
    epoch = source.epoch(0)
    first = next(epoch)
    epoch.close()
    assert torch.equal(next(iter(source.epoch(0))).signal, first.signal)
