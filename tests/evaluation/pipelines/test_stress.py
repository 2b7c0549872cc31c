"""The sweep over corruptions of the received samples."""

import numpy as np
import pytest

from radarseq.baselines.classifiers import fit_boosting
from radarseq.cli.evaluation_text import as_text
from radarseq.dataset.schema import Examples, Header
from radarseq.evaluation.pipelines.stress import corrupted, stress_metrics
from radarseq.inference.predictor import load
from radarseq.inference.training_rows import training_rows_in


@pytest.mark.parametrize("is_complex", [True, False])
def test_channels_are_hit_alike(is_complex):
    generator = np.random.default_rng(1)
    values = generator.normal(size=(50, 20, 3)) + 1j * generator.normal(size=(50, 20, 3))
    named = {"rx": values.astype(np.complex64)} if is_complex else {"x": values.real.astype("f4")}
    rows = Examples(Header(sample_axis="step"), named)
    lost = corrupted(rows, "dropped", 0.2)
    assert (lost.shape, lost.dtype) == (rows.input.shape, rows.input.dtype)
    gone = lost == 0
    assert (gone == gone[..., :1]).all()
    assert 0.1 < gone.mean() < 0.3
    assert np.array_equal(lost[~gone], rows.input[~gone])


def test_the_sweep_judges_model_and_baseline_on_the_same_corrupted_rows(space_run, space_examples):
    model, test = load(space_run, device="cpu"), space_examples.part("test")
    known = training_rows_in(space_examples)
    trees = fit_boosting(known.training.take(slice(60)))
    part = stress_metrics(model, test, trees, None)
    texts = [row["text"] for row in part["conditions"]]
    assert texts[:4] == ["none", "occlusion 10 %", "occlusion 20 %", "occlusion 50 %"]
    assert texts[-3:] == ["interference 0 dB", "interference 10 dB", "interference 20 dB"]
    assert len(texts) == 16
    assert part["baseline"] == "gradient boosting"
    none, half = part["conditions"][0], part["conditions"][3]
    label, tx = test["label"], test["tx"]
    assert none["model"] == (model.predict_examples(test).label == label).mean()
    assert none["baseline"] == (trees.probabilities(test["rx"], tx).argmax(axis=1) == label).mean()
    changed = corrupted(test, "occlusion", 0.5)
    assert half["model"] == (model.predict(changed, tx).label == label).mean()
    assert half["baseline"] == (trees.probabilities(changed, tx).argmax(axis=1) == label).mean()
    assert all(row["model_low"] <= row["model"] <= row["model_high"] for row in part["conditions"])
    info = {"model": {"name": "wavenet"}, "stress": part}
    info["data"] = {"path": "d", "split": "test", "examples": 1, "skipped": {}}
    assert "interference 20 dB" in as_text(info, [])
    assert stress_metrics(model, test.take(slice(0)), None, None) is None
