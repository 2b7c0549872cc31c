"""Forecasts against the truth and the naive forecast."""

import numpy as np
import pytest
from ramps import ramps

from radarseq.dataset.schema import Examples
from radarseq.evaluation.metrics.forecasts import compare_forecasts
from radarseq.inference.task_targets import task_examples
from radarseq.models.settings import ModelSettings
from radarseq.report.page import render


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
