"""What training can be asked for besides: averages, weights, faults, several seeds, calibration."""

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from radarseq.errors import (
    CheckpointError,
    DatasetError,
    DivergedError,
    MismatchError,
    OutputError,
    RecipeError,
    UsageError,
)
from radarseq.evaluation.evaluate import evaluate
from radarseq.inference.checkpoint import load_checkpoint, load_state
from radarseq.inference.predictor import load
from radarseq.inference.resampling import on_interval
from radarseq.inference.temperature import fit_temperature
from radarseq.models.features.radar import valid_steps
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.storage.sealed import write_json
from radarseq.training import train as run
from radarseq.training.data.augmentation import AugmentedBatches, augment
from radarseq.training.data.batches import Batch, StoredBatches, as_batch
from radarseq.training.optimisation import losses as objective
from radarseq.training.optimisation.weight_average import Average
from radarseq.training.seeds import as_text, train_seeds
from radarseq.training.settings import TrainSettings
from radarseq.training.train import train

CPU = torch.device("cpu")
SMALL = {"batch_size": 64, "width": 8, "skip": 16, "device": "cpu"}
FILES = (
    "checkpoints/best/model.safetensors",
    "checkpoints/last/model.safetensors",
    "checkpoints/last/state.pt",
    "metrics.csv",
    "metrics.json",
)


def results(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


# --- resuming with all of it


@pytest.mark.parametrize("source", ["stored", "fresh"])
def test_averages_and_faults_survive_an_interruption_bit_for_bit(
    source, toy_data, plate_recipe, tmp_path
):
    data = toy_data if source == "stored" else plate_recipe
    settings = SMALL | {"ema": 0.9, "dropped": 0.1, "spikes": 0.05, "occlusion": 0.5}
    settings |= {"saturation": 0.2, "class_weights": "balanced", "label_smoothing": 0.1}
    settings |= {"pairs_per_epoch": 128, "validation_pairs": 64, "epochs": 4}
    train(data, tmp_path / "whole", **settings)

    def stop(row):
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "broken", on_epoch=stop, **settings)
    train(data, tmp_path / "broken", resume=True, device="cpu")
    assert results(tmp_path / "whole") == results(tmp_path / "broken")
    assert results(tmp_path / "whole")[FILES[0]] != results(tmp_path / "whole")[FILES[1]]


def worsening(toy, tmp_path):
    """Data whose validation labels are wrong, so that patience runs out."""
    held_out = toy["split"] == 1
    label = np.where(held_out, 1 - toy["label"], toy["label"]).astype(np.int32)
    columns = {"x": toy["x"], "split": toy["split"], "label": label}
    write_dataset(tmp_path / "data", Examples(toy.header, columns))
    return tmp_path / "data"


def test_a_run_that_patience_stopped_goes_on_when_more_epochs_are_asked_for(toy, tmp_path):
    data, folder = worsening(toy, tmp_path), tmp_path / "run"
    stopped = train(data, folder, epochs=8, patience=2, **SMALL)
    assert stopped.epochs < 8
    again = train(data, folder, resume=True, device="cpu")
    assert again.epochs == stopped.epochs
    assert any("resume it with more epochs than 8" in note for note in again.notes)
    more = train(data, folder, resume=True, epochs=20, device="cpu")
    assert more.epochs == stopped.epochs + 2  # it waits anew, as long as patience lasts
    assert train(data, folder, resume=True, device="cpu").epochs == more.epochs
    at_once = train(
        data, tmp_path / "b", epochs=more.epochs, schedule_epochs=8, patience=0, **SMALL
    )
    assert at_once.epochs == more.epochs
    assert results(folder)[FILES[1]] == results(tmp_path / "b")[FILES[1]]


def test_going_on_after_patience_may_itself_be_interrupted(toy, tmp_path):
    data = worsening(toy, tmp_path)
    for name in ("a", "b"):
        train(data, tmp_path / name, epochs=8, patience=2, **SMALL)
    train(data, tmp_path / "a", resume=True, epochs=20, device="cpu")

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "b", resume=True, epochs=20, device="cpu", on_epoch=stop)
    train(data, tmp_path / "b", resume=True, device="cpu")
    assert results(tmp_path / "a") == results(tmp_path / "b")


# --- averages, weights


def test_the_average_forgets_as_its_decay_says_and_is_only_lent():
    layer = torch.nn.Linear(1, 1, bias=False)
    average, expected = Average(layer, 0.5), layer.weight.item()
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


def test_balanced_classes_count_alike(toy, tmp_path):
    few = np.flatnonzero((toy["label"] == 0) | (np.arange(len(toy)) % 12 == 1))
    write_dataset(tmp_path / "data", toy.take(few))
    prepared = run.prepare(tmp_path / "data", ModelSettings(), TrainSettings(), CPU)
    counts, weight = prepared.class_counts, run._balanced(prepared).numpy()
    assert counts[0] == 4 * counts[1]
    assert counts[0] * weight[0] == pytest.approx(counts[1] * weight[1])
    assert (counts * weight).sum() == pytest.approx(counts.sum())


# --- faults on training batches


def batch_of(rows=4000, steps=40, *, complex_=True, noise_power=None):
    generator = torch.Generator().manual_seed(0)
    dtype = torch.complex64 if complex_ else torch.float32
    signal, target = torch.randn(2, rows, steps, dtype=dtype, generator=generator).unbind(0)
    return Batch(signal, None, target, None, None, noise_power)


def faulty(batch, seed=1, **faults):
    generator = torch.Generator().manual_seed(seed)
    return augment(batch, TrainSettings(**faults), generator).signal


@pytest.mark.parametrize("complex_", [True, False])
def test_each_fault_comes_as_often_and_as_strong_as_it_says(complex_):
    batch = batch_of(complex_=complex_)
    clean = batch.signal
    lost = faulty(batch, dropped=0.2) == 0
    assert lost.float().mean() == pytest.approx(0.2, abs=0.005)
    spike = faulty(batch, spikes=0.1) - clean
    hit = spike.abs() > 1e-3
    assert hit.float().mean() == pytest.approx(0.1, abs=0.005)
    rms = clean.abs().square().mean(dim=1, keepdim=True).sqrt().expand_as(clean)
    torch.testing.assert_close(spike[hit].abs(), 10 * rms[hit], rtol=1e-4, atol=1e-4)
    assert (spike[hit] / rms[hit]).mean().abs() < 0.4  # of any phase: 10 / sqrt(16000), times 5
    clipped = faulty(batch, saturation=0.5)
    parts = torch.view_as_real(clipped) if complex_ else clipped[..., None]
    changed = (clipped != clean).any(dim=1)
    assert changed.float().mean() == pytest.approx(0.5, abs=0.04)
    largest = parts[changed].abs().amax(dim=(1, 2))
    torch.testing.assert_close(largest, rms[changed][:, 0], rtol=1e-5, atol=0)
    hidden = faulty(batch, occlusion=0.5) == 0
    assert hidden.any(dim=1).float().mean() == pytest.approx(0.5, abs=0.04)
    length = hidden.sum(dim=1)[hidden.any(dim=1)]
    assert (length.min(), length.max()) == (4, 12)
    edges = hidden.int().diff(dim=1).abs().sum(dim=1)
    assert edges.max() <= 2  # one run


@pytest.mark.parametrize("complex_", [True, False])
def test_added_noise_is_white_and_as_strong_as_it_says(complex_):
    batch = batch_of(complex_=complex_)
    loud = replace(batch, signal=batch.signal * torch.logspace(-3, 3, 4000)[:, None])
    noise = faulty(loud, noise=0.2) - loud.signal
    rms = loud.signal.abs().square().mean(dim=1, keepdim=True).sqrt()
    share = noise / rms
    assert share.abs().square().mean().sqrt() == pytest.approx(0.2, rel=0.01)
    assert (share[:, 1:] * share[:, :-1].conj()).mean().abs() < 0.04 * 0.0127  # 5 / sqrt(156000)
    assert share.mean().abs() < 0.2 * 0.0125


def test_hiding_an_object_leaves_the_noise_and_the_target():
    batch = batch_of(noise_power=torch.ones(4000))
    generator = torch.Generator().manual_seed(1)
    found = augment(batch, TrainSettings(occlusion=0.9), generator)
    changed = found.signal != batch.signal
    noise = batch.signal - batch.target
    torch.testing.assert_close(found.signal[changed], noise[changed])
    assert torch.equal(found.target, batch.target)


def test_padding_does_not_set_how_strong_a_spike_is():
    batch = batch_of(rows=50)
    length = torch.full((50,), 10)
    loud = torch.where(valid_steps(length, 40), batch.signal, 1e6)
    one, other = (
        faulty(replace(batch, signal=s, length=length), spikes=0.5)[:, :10]
        for s in (batch.signal, loud)
    )
    assert torch.equal(one, other)


def test_each_epoch_has_faults_of_its_own_which_the_seed_fixes(toy):
    def epoch(seed, number):
        settings = TrainSettings(dropped=0.3, seed=seed)
        source = StoredBatches(as_batch(toy, CPU), batch_size=240, seed=0, redraw_noise=False)
        batch = next(AugmentedBatches(source, settings).epoch(number))
        return batch.signal[batch.label.argsort(stable=True)] == 0

    assert torch.equal(epoch(1, 0), epoch(1, 0))
    assert not torch.equal(epoch(1, 0), epoch(2, 0))
    assert not torch.equal(epoch(1, 0), epoch(1, 1))


def test_faults_of_samples_are_refused_where_there_are_symbols(tmp_path):
    notes = Examples(Header(sample_axis="step"), {"x": np.zeros((20, 8, 1), np.float32)})
    write_dataset(tmp_path / "data", notes)
    with pytest.raises(UsageError, match="input is made of symbols"):
        train(tmp_path / "data", tmp_path / "run", task="next_symbol", dropped=0.1, **SMALL)


# --- calibration


def test_the_temperature_is_the_one_that_was_put_in():
    generator = np.random.default_rng(0)
    logits = 2 * generator.normal(size=(20000, 5))
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    label = (share.cumsum(axis=1) > generator.random((20000, 1))).argmax(axis=1)
    for temperature in (0.4, 1.0, 3.0):
        found = fit_temperature(temperature * logits, label)
        assert found == pytest.approx(temperature, rel=0.03)
    unknown = np.where(np.arange(20000) % 2, label, -1)
    assert fit_temperature(logits, unknown) == pytest.approx(1, rel=0.05)
    assert fit_temperature(logits, logits.argmax(axis=1)) == 1.0
    assert fit_temperature(logits, np.full(20000, -1)) == 1.0


def test_a_stored_temperature_divides_the_scores(space_run, space_examples):
    model = load(space_run, device="cpu")
    assert model.temperature == model.manifest["temperature"] != 1.0
    few = space_examples.take(slice(20))
    rx, tx = (torch.from_numpy(few[name]) for name in ("rx", "tx"))
    expected = (model.network(rx, tx).logits / model.temperature).softmax(dim=1)
    np.testing.assert_array_equal(
        model.predict_examples(few).probabilities, expected.detach().numpy()
    )


# --- several seeds


def test_several_seeds_are_the_runs_alone_and_their_mean(toy_data, tmp_path):
    several = train_seeds(toy_data, tmp_path / "runs", seeds=3, seed=5, epochs=1, **SMALL)
    alone = train(toy_data, tmp_path / "alone", seed=6, epochs=1, **SMALL)
    assert several.runs[1].metrics == alone.metrics
    losses = [run.metrics["validation_loss"] for run in several.runs]
    spread = several.spread["validation_loss"]
    assert spread["mean"] == pytest.approx(np.mean(losses))
    assert spread["deviation"] == pytest.approx(np.std(losses, ddof=1))
    told = as_text(several)
    assert f"{np.mean(losses):.4f}" in told
    assert len((tmp_path / "runs/seeds.csv").read_text().splitlines()) == 4
    again = train_seeds(
        toy_data, tmp_path / "runs", seeds=4, seed=5, epochs=1, resume=True, **SMALL
    )
    assert [run.sequences_per_s > 0 for run in again.runs] == [False, False, False, True]
    with pytest.raises(UsageError, match="seeds is 0"):
        train_seeds(toy_data, tmp_path / "none", seeds=0)


# --- numbers that are none


def test_what_ends_training_is_named_with_the_examples_that_reproduce_it(toy, toy_data, tmp_path):
    with pytest.raises(
        DivergedError, match=r"on examples \d+, .* more; there is no checkpoint yet"
    ):
        train(toy_data, tmp_path / "run", epochs=5, learning_rate=1e30, **SMALL)
    told = json.loads((tmp_path / "run/diverged.json").read_text())
    rows = np.flatnonzero(toy["split"] == 0)
    source = StoredBatches(
        as_batch(toy.part("train"), CPU, rows), batch_size=64, seed=0, redraw_noise=False
    )
    batch = list(source.epoch(told["epoch"] - 1))[told["step"]]
    assert told["examples"] == batch.index.tolist()
    assert np.array_equal(toy["x"][told["examples"]], batch.signal.numpy())


def test_an_exploding_loss_stops_while_it_still_is_a_number(toy, tmp_path):
    columns = {"x": toy["x"], "split": toy["split"], "target": 3 * toy["x"]}
    write_dataset(tmp_path / "data", Examples(Header(sample_axis="step"), columns))
    with pytest.raises(DivergedError, match=r"the loss is [\d.]+e\+\d+ at step 1 of epoch 1"):
        train(tmp_path / "data", tmp_path / "run", epochs=3, learning_rate=1e5, **SMALL)


def test_answers_that_are_no_numbers_are_refused(space_run, space_examples):
    few = space_examples.take(slice(3))
    tiny = few["tx"] * np.float32(1e-30)
    model = load(space_run, device="cpu")
    with pytest.raises(MismatchError, match="row 0 is not finite"):
        model.predict(few["rx"] * np.float32(1e15), tiny)


# --- bad input


def test_a_class_that_only_the_test_rows_have_is_refused_by_name(toy, tmp_path):
    label = np.where(toy["split"] == 0, 0, toy["label"]).astype(np.int32)
    write_dataset(tmp_path / "data", Examples(toy.header, toy.columns | {"label": label}))
    with pytest.raises(DatasetError, match="no training row is of class up"):
        train(tmp_path / "data", tmp_path / "run", **SMALL)
    alone = Examples(toy.header, toy.columns | {"label": np.zeros(len(toy), np.int32)})
    write_dataset(tmp_path / "one", alone)
    with pytest.raises(DatasetError, match="all training rows are of class down"):
        train(tmp_path / "one", tmp_path / "run", **SMALL)


def test_columns_that_do_not_fit_are_refused_in_words(toy):
    x = toy["x"]
    for columns, word in (
        ({"x": x, "label": toy["label"] / 2}, "'label' is float64; expected int32"),
        ({"x": x, "target": x[:, :5]}, r"\[5, 8\] steps; expected the same length"),
        ({"x": x, "label": toy["label"][:7]}, r"\[7, 240\] rows"),
    ):
        with pytest.raises(DatasetError, match=word):
            Examples(toy.header, columns)


def test_other_feature_counts_and_empty_sequences_are_refused(toy_data, toy, tmp_path):
    train(toy_data, tmp_path / "run", epochs=1, **SMALL)
    model = load(tmp_path / "run", device="cpu")
    with pytest.raises(
        MismatchError, match=r"expected samples \(batch, step, 2\), got \(5, 8, 3\)"
    ):
        model.predict(np.zeros((5, 8, 3)))
    with pytest.raises(MismatchError, match=r"expected samples \(n, 8\)"):
        model.predict(np.zeros((5, 0, 2)))
    with pytest.raises(MismatchError, match="not finite, first in row 2"):
        model.predict(np.where(np.arange(5)[:, None, None] == 2, np.nan, toy["x"][:5]))


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"ema": 1.0}, "ema is 1.0"),
        ({"label_smoothing": -0.1}, "label_smoothing is -0.1"),
        ({"dropped": 2.0}, "dropped is 2.0"),
        ({"class_weights": "some"}, "class_weights"),
    ],
)
def test_settings_out_of_range_are_refused(toy_data, tmp_path, wrong, word):
    with pytest.raises(RecipeError, match=word):
        train(toy_data, tmp_path / "run", **wrong)


def test_a_temperature_that_is_none_is_refused(space_run, tmp_path):
    folder = shutil.copytree(space_run / "checkpoints/best", tmp_path / "best")
    for wrong in (0.0, -1.0, "warm", True):
        manifest = json.loads((folder / "manifest.json").read_text())
        write_json(folder / "manifest.json", manifest | {"temperature": wrong})
        with pytest.raises(CheckpointError, match="temperature is"):
            load_checkpoint(folder)


def test_a_checkpoint_of_before_these_settings_still_predicts_the_same(
    space_run, space_examples, tmp_path
):
    folder = shutil.copytree(space_run / "checkpoints/best", tmp_path / "best")
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in ("strides", "pool", "layer_norm", "residual", "horizon", "symbols", "embedding"):
        del manifest["model"][name]
    for name in ("horizon", "symbols", "target_symbols", "standardised"):
        del manifest["input"][name]
    del manifest["temperature"]
    write_json(folder / "manifest.json", manifest)
    few = space_examples.take(slice(50))
    old, new = (load(path, device="cpu") for path in (folder, space_run))
    assert np.array_equal(old.predict_examples(few).echo, new.predict_examples(few).echo)
    assert old.temperature == 1.0


# --- another sampling interval


def test_a_tone_on_another_interval_is_the_same_tone():
    time_s, wanted_s = np.arange(60) * 0.02, np.arange(40) * 0.025
    tones = np.exp(2j * np.pi * np.array([[1.0], [-2.5]]) * time_s)
    found = on_interval(tones, 0.02, 0.025, 40)
    expected = np.exp(2j * np.pi * np.array([[1.0], [-2.5]]) * wanted_s)
    assert np.abs(found - expected)[:, 4:-4].max() < 0.01
    finer = on_interval(tones.real[..., None], 0.02, 0.01, 100)[..., 0]
    assert (
        np.abs(finer - np.cos(2 * np.pi * np.array([[1], [2.5]]) * np.arange(100) / 100)).max()
        < 0.01
    )
    too_fast = np.sin(2 * np.pi * 22.0 * time_s)[None]  # above 20 Hz, the new band's edge
    assert np.abs(on_interval(too_fast, 0.02, 0.025, 40))[:, 8:-8].max() < 0.1


def test_a_dataset_of_another_interval_is_refused_and_resampled_on_request(toy, tmp_path):
    def dataset(name, steps, interval_s):
        draw = np.random.default_rng(3)
        time_s = np.arange(steps) * interval_s
        rate = np.where(toy["label"] == 0, 1.0, 2.0)[:, None]
        x = np.sin(2 * np.pi * (rate * time_s + draw.random((240, 1))))
        header = replace(toy.header, sample_interval_s=interval_s)
        columns = {"x": x[..., None].astype(np.float32), "label": toy["label"]}
        write_dataset(tmp_path / name, Examples(header, columns | {"split": toy["split"]}))
        return tmp_path / name

    data, other = dataset("data", 40, 0.025), dataset("other", 60, 0.02)
    train(data, tmp_path / "run", epochs=3, **SMALL | {"batch_size": 16})
    with pytest.raises(MismatchError, match="sample_interval_s"):
        evaluate(tmp_path / "run", other, tmp_path / "a", split="all", device="cpu")
    found = evaluate(
        tmp_path / "run", other, tmp_path / "b", split="all", resample=True, device="cpu"
    )
    assert found.metrics["classification"]["model"]["accuracy"] > 0.95
    short = dataset("short", 20, 0.02)
    with pytest.raises(MismatchError, match="Cut longer windows"):
        evaluate(tmp_path / "run", short, tmp_path / "c", split="all", resample=True)
    assert open_dataset(other).header.sample_interval_s == 0.02


def test_gates_are_drawn_by_the_command_and_wrong_asks_end_in_words(space_run, space, tmp_path):
    from radarseq.artifacts.gate_figure import draw_example_gates

    out = tmp_path / "gates.png"
    told = draw_example_gates(space_run, space, 3, out)
    assert out.read_bytes().startswith(b"\x89PNG")
    assert len(told["open"]) == 5
    assert all(0 < value < 1 for value in told["open"].values())
    with pytest.raises(OutputError, match="does not exist yet"):
        draw_example_gates(space_run, space, 3, out)
    with pytest.raises(UsageError, match="numbered 0 to 599"):
        draw_example_gates(space_run, space, 600, tmp_path / "b.png")


def test_a_gradient_that_is_no_number_is_not_taken(toy_data, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "radarseq.training.optimisation.train_step.clip_grad_norm_",
        lambda *_: torch.tensor(math.inf),
    )
    with pytest.raises(DivergedError, match="the gradient is inf at step 0 of epoch 1"):
        train(toy_data, tmp_path / "run", epochs=1, **SMALL)


def test_the_network_of_a_spec_with_labels_alone_has_no_sequence(toy):
    from radarseq.inference.task_targets import spec_of

    assert Network(ModelSettings(task="classify"), spec_of(toy)).sequence is None
