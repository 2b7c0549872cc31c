"""Forecasts and symbols: what is to be foreseen, the simple methods, and the verdict in words."""

import numpy as np
import pytest
import torch

from radarseq.baselines.forecasts import (
    LinearForecast,
    drift,
    naive,
    naive_scale,
    season_of,
    seasonal_naive,
    series_of,
)
from radarseq.baselines.symbols import MarkovBaseline, Persistence
from radarseq.cli.evaluation_text import as_text
from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from radarseq.errors import DatasetError, MismatchError
from radarseq.evaluation.evaluate import evaluate
from radarseq.evaluation.metrics.forecasts import compare_forecasts, compare_targets
from radarseq.evaluation.metrics.symbols import compare_symbols
from radarseq.inference.generate import generate
from radarseq.inference.predictor import load
from radarseq.inference.task_targets import spec_of, task_examples
from radarseq.models.settings import ModelSettings
from radarseq.training.train import train

STEP = Header(sample_axis="step")


def sequences(x, **columns):
    return Examples(STEP, {"x": np.asarray(x, np.float32)} | columns)


def forecasting(x, horizon=1, **columns):
    return task_examples(sequences(x, **columns), ModelSettings(task="forecast", horizon=horizon))


def deck_series(steps):
    """The book's series, drawn in its order from its seed: two sines and noise."""
    draw = np.random.RandomState(42).rand
    one, two, first, second = draw(4, 10000, 1)
    time = np.linspace(0, 1, steps)
    series = 0.5 * np.sin((time - first) * (one * 10 + 10))
    series += 0.2 * np.sin((time - second) * (two * 20 + 20))
    series += 0.1 * (draw(10000, steps) - 0.5)
    return series.astype(np.float32)[..., None]


# --- what is to be foreseen


def test_the_target_is_the_later_input_one_step_ahead_after_the_other():
    x = np.arange(2 * 6 * 2).reshape(2, 6, 2)
    ready = forecasting(x, horizon=2, length=np.array([6, 4], np.int32))
    assert ready.input.shape == (2, 4, 2)
    assert ready["length"].tolist() == [4, 2]
    for step in range(4):
        expected = np.concatenate((x[0, step + 1], x[0, step + 2]))
        assert np.array_equal(ready["target"][0, step], expected)
    spec = spec_of(ready, ModelSettings(task="forecast"))
    assert (spec.horizon, spec.target_channels, spec.steps) == (2, 4, 4)


def test_a_code_is_taken_off_what_is_to_be_foreseen(space_examples):
    ready = task_examples(
        Examples(space_examples.header, {n: space_examples[n] for n in ("rx", "tx")}),
        ModelSettings(task="forecast", horizon=3),
    )
    decoded = space_examples["rx"] * space_examples["tx"].conj()
    np.testing.assert_allclose(ready["target"][:, 5, 2], decoded[:, 8], rtol=1e-5)
    assert ready["tx"].shape == (600, 29)


@pytest.mark.parametrize(
    ("task", "columns", "word"),
    [
        ("forecast", {}, "they are 4 steps long, expected 5 or more"),
        ("forecast", {"length": np.array([4, 3], np.int32)}, "row 1 is 3 steps long"),
        ("next_symbol", {}, "'x' holds 0.5 in row 1, step 2; expected whole numbers from 0 on"),
        ("step_label", {}, "needs a target that holds a class at each step"),
        ("step_label", {"target": np.full((2, 4), -2, np.float32)}, "holds -2.0 in row 0, step 0"),
    ],
)
def test_data_that_do_not_serve_the_task_are_refused(task, columns, word):
    x = np.zeros((2, 4, 1))
    x[1, 2] = 0.5
    with pytest.raises(DatasetError, match=word):
        task_examples(sequences(x, **columns), ModelSettings(task=task, horizon=4))


# --- the simple methods against numbers that others published


def test_the_books_numbers_for_one_step():
    examples = forecasting(deck_series(51))
    training, judged = (series_of(examples.take(r), 1) for r in (slice(7000), slice(7000, 9000)))
    assert ((naive(judged, 1) - judged.future) ** 2).mean() == pytest.approx(0.020211, abs=5e-7)
    linear = LinearForecast(training)
    assert linear.lags == 50
    assert 0.0029 <= ((linear(judged) - judged.future) ** 2).mean() <= 0.0031


def test_the_books_numbers_for_ten_steps():
    examples = forecasting(deck_series(60), horizon=10)
    training, judged = (series_of(examples.take(r), 10) for r in (slice(7000), slice(7000, 9000)))
    assert ((naive(judged, 10) - judged.future) ** 2).mean() == pytest.approx(0.25697, abs=5e-6)
    found = ((LinearForecast(training)(judged) - judged.future) ** 2).mean()
    assert found == pytest.approx(0.0155, abs=3e-4)


def test_a_season_a_line_and_a_recursion_are_foreseen_exactly():
    time = np.arange(40)
    season = np.sin(2 * np.pi * time / 7) + np.arange(5)[:, None]
    ready = series_of(forecasting(season[..., None], 9), 9)
    assert season_of(ready) == 7
    np.testing.assert_allclose(seasonal_naive(ready, 9, 7), ready.future, atol=1e-6)
    lines = series_of(forecasting((np.arange(5)[:, None] * time)[..., None], 9), 9)
    np.testing.assert_allclose(drift(lines, 9), lines.future, atol=1e-6)
    draws = np.random.default_rng(0).normal(size=(200, 40, 1))
    for step in range(2, 40):
        draws[:, step] = 0.5 * draws[:, step - 1] - 0.8 * draws[:, step - 2] + 1.0
    recursion = series_of(forecasting(draws, 3), 3)
    np.testing.assert_allclose(LinearForecast(recursion)(recursion), recursion.future, atol=1e-4)


def test_lengths_are_respected_by_every_method():
    x = np.random.default_rng(0).normal(size=(60, 30, 2))
    length = np.full(60, 21, np.int32)
    padded, cut = forecasting(x, 2, length=length), forecasting(x[:, :21], 2)
    one, other = series_of(padded, 2), series_of(cut, 2)
    assert np.array_equal(one.future, other.future)
    for method in (lambda s: naive(s, 2), lambda s: drift(s, 2), LinearForecast(other)):
        assert np.array_equal(method(one), method(other))
    assert season_of(one) == season_of(other) or season_of(one) > 10
    assert naive_scale(one) == pytest.approx(np.abs(np.diff(x[:, :19], axis=1)).mean(), rel=1e-6)


def test_errors_are_those_of_the_definitions():
    x = np.random.default_rng(1).normal(size=(300, 12, 1)).cumsum(axis=1)
    examples = forecasting(x, 2)
    judged, training = examples.take(slice(100)), examples.take(slice(100, 300))
    estimate = judged["target"] + 0.5
    part = compare_forecasts("m", estimate, judged, training, {}, 2)
    model, baselines = part["model"], part["baselines"]
    assert model["mse"] == pytest.approx(0.25, rel=1e-5)
    scale = np.abs(np.diff(x[100:, :10], axis=1)).mean()
    assert model["mase_by_horizon"] == pytest.approx([0.5 / scale] * 2, rel=1e-5)
    beaten = ((x[:100, 10:, 0] - x[:100, 9]) ** 2).mean(axis=0)
    assert baselines["naive"]["mse_by_horizon"] == pytest.approx(beaten, rel=1e-5)
    assert model["skill_by_horizon"] == pytest.approx(1 - 0.25 / beaten, rel=1e-5)
    assert "m beats" in part["verdict"]


def test_on_a_random_walk_there_is_no_gain_over_naive_and_it_is_said():
    x = np.random.default_rng(1).normal(size=(600, 30, 1)).cumsum(axis=1)
    examples = forecasting(x)
    judged, training = examples.take(slice(300)), examples.take(slice(300, 600))
    noise = 0.05 * np.random.default_rng(2).normal(size=judged["target"].shape)
    part = compare_forecasts("m", judged.input + noise, judged, training, {}, 1)
    assert "m: no gain over naive" in part["verdict"]


# --- symbols


def chain(rows, steps, voices, seed=0):
    """Symbols of which each stays with probability 0.7, else moves to the next of five."""
    moves = np.random.default_rng(seed).random((rows, steps, voices)) < 0.3
    return moves.cumsum(axis=1) % 5


def test_persistence_and_counts_learn_the_chain():
    notes = chain(400, 30, 2)
    valid = np.ones((400, 29), bool)
    past, following = notes[:, :-1], notes[:, 1:]
    held = Persistence(past, following, valid, 5)
    counts = MarkovBaseline(past, following, valid, 5, held.lag)
    assert held.lag == 0
    probability = counts(past)
    np.testing.assert_allclose(probability.sum(axis=3), 1.0)
    np.testing.assert_allclose(held(past).sum(axis=3), 1.0)
    assert probability[0, 0, 0, past[0, 0, 0]] == pytest.approx(0.7, abs=0.03)
    assert probability[0, 0, 0, (past[0, 0, 0] + 1) % 5] == pytest.approx(0.3, abs=0.03)


def test_the_chains_entropy_is_what_a_perfect_model_pays():
    examples = task_examples(sequences(chain(400, 30, 2)), ModelSettings(task="next_symbol"))
    past = examples["x"].astype(int)
    perfect = np.full((400, 29, 2, 5), 1e-12)
    np.put_along_axis(perfect, past[..., None], 0.7, axis=3)
    np.put_along_axis(perfect, (past[..., None] + 1) % 5, 0.3, axis=3)
    part = compare_symbols("m", perfect, examples, examples, {}, follows=True)
    entropy = -0.7 * np.log(0.7) - 0.3 * np.log(0.3)
    assert part["model"]["nats"] == pytest.approx(entropy, abs=0.02)
    assert part["model"]["accuracy"] == pytest.approx(0.7, abs=0.02)
    assert part["baselines"]["counts"]["nats"] == pytest.approx(entropy, abs=0.02)
    assert part["baselines"]["persistence"]["accuracy"] == pytest.approx(0.7, abs=0.02)
    assert "no gain over counts" in part["verdict"]


def test_a_lag_is_found_where_voices_are_woven_into_one():
    woven = chain(200, 40, 4).reshape(200, -1, 1)[:, :100]
    held = Persistence(woven[:, :-1], woven[:, 1:], np.ones((200, 99), bool), 5)
    assert held.lag == 3  # the same voice sounded four notes before the next one


def test_a_real_target_is_judged_in_its_own_unit():
    target = np.random.default_rng(0).normal(5, 2, size=(200, 8, 1)).astype(np.float32)
    examples = sequences(np.zeros((200, 8, 1)), target=target)
    part = compare_targets("m", target + 0.5, examples, examples, {})
    assert part["model"]["rmse"] == pytest.approx(0.5, rel=1e-5)
    assert part["baselines"]["mean of training"]["rmse"] == pytest.approx(2, abs=0.1)
    padded = Examples(STEP, examples.columns | {"length": np.full(200, 3, np.int32)})
    wrong = target.copy()
    wrong[:, 3:] = 1e6
    assert compare_targets("m", wrong, padded, None, {})["model"]["rmse"] == 0


# --- the whole way


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
    told = as_text(found.metrics, found.captures)
    assert "forecast, 3 ahead" in told
    assert "mase" in told
    assert part["verdict"] in told
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
    with pytest.raises(DatasetError, match=r"hold symbol 6; the model knows 0 to 3"):
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
