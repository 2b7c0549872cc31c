"""Calibration as it is saved in a run."""

import numpy as np
import pytest

from radarseq.errors import CheckpointError
from radarseq.evaluation.decisions.calibration import (
    CALIBRATION_NAME,
    fit_calibration,
    load_calibration,
    save_calibration,
)
from radarseq.evaluation.decisions.ood_scores import all_scores
from radarseq.inference.predictor import load
from radarseq.inference.training_rows import training_rows_in


def test_what_was_fitted_is_kept_and_read_again_to_the_bit(model, fitted, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    save_calibration(tmp_path, model, fitted)
    again = load_calibration(tmp_path, model)
    assert again.to_json() == fitted.to_json()
    logits, hidden = np.ones((3, 4)), np.random.default_rng(0).normal(size=(3, 64))
    one, other = (all_scores(f.detector.gaussians, logits, hidden) for f in (fitted, again))
    assert np.array_equal(one, other)
    path = tmp_path / CALIBRATION_NAME
    path.write_text(path.read_text().replace("1", "2", 1))
    with pytest.raises(CheckpointError, match=CALIBRATION_NAME):
        load_calibration(tmp_path, model)


def test_a_fit_of_other_weights_is_not_taken(model, fitted, lstm_run, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    save_calibration(tmp_path, load(lstm_run, device="cpu"), fitted)
    assert load_calibration(tmp_path, model) is None


def test_without_validation_rows_nothing_is_rejected(space_run, space_examples, tmp_path):
    rows = space_examples.take(space_examples["split"] != 1)
    assert fit_calibration(load(space_run, device="cpu"), training_rows_in(rows)).detector is None
