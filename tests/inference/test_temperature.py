"""The temperature that divides the scores."""

import json
import shutil

import numpy as np
import pytest
import torch

from radarseq.errors import CheckpointError
from radarseq.inference.checkpoint import load_checkpoint
from radarseq.inference.predictor import load
from radarseq.inference.temperature import fit_temperature
from radarseq.storage.sealed import write_json


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


def test_a_temperature_that_is_none_is_refused(space_run, tmp_path):
    folder = shutil.copytree(space_run / "checkpoints/best", tmp_path / "best")
    for wrong in (0.0, -1.0, "warm", True):
        manifest = json.loads((folder / "manifest.json").read_text())
        write_json(folder / "manifest.json", manifest | {"temperature": wrong})
        with pytest.raises(CheckpointError, match="temperature is"):
            load_checkpoint(folder)
