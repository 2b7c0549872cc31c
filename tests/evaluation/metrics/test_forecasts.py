"""Errors of forecasts by their definitions, and forecasts on the page."""

import numpy as np
import pytest
from signals import STEP, forecasting, ramps, sequences

from radarseq.dataset.schema import Examples
from radarseq.evaluation.metrics.forecasts import compare_forecasts, compare_targets
from radarseq.inference.task_targets import task_examples
from radarseq.models.settings import ModelSettings
from radarseq.report.page import render


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
    assert "m is level with naive" in part["verdict"]


def test_a_real_target_is_judged_in_its_own_unit():
    target = np.random.default_rng(0).normal(5, 2, size=(200, 8, 1)).astype(np.float32)
    examples = sequences(np.zeros((200, 8, 1)), target=target)
    part = compare_targets("m", target + 0.5, examples, examples, {})
    assert part["model"]["rmse"] == pytest.approx(0.5, rel=1e-5)
    assert part["baselines"]["mean of training"]["rmse"] == pytest.approx(2, abs=0.1)
    flat = compare_targets("m", target[..., 0] + 0.5, examples, examples, {})
    assert flat["model"] == part["model"]
    padded = Examples(STEP, examples.columns | {"length": np.full(200, 3, np.int32)})
    wrong = target.copy()
    wrong[:, 3:] = 1e6
    assert compare_targets("m", wrong, padded, None, {})["model"]["rmse"] == 0


@pytest.mark.slow
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
