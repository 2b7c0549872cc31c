"""A model, its fitted calibration and noise for it."""

import numpy as np
import pytest

from radarseq.dataset.schema import Examples
from radarseq.evaluation.decisions.calibration import fit_calibration
from radarseq.inference.predictor import load
from radarseq.inference.training_rows import training_rows_in


@pytest.fixture(scope="module")
def model(space_run):
    return load(space_run, device="cpu")


@pytest.fixture(scope="module")
def fitted(model, space_examples):
    return fit_calibration(model, training_rows_in(space_examples))


@pytest.fixture(scope="module")
def noise(space_examples):
    """A receiver without an object: the code of real rows, white noise of their level."""
    generator = np.random.default_rng(3)
    tx = space_examples["tx"][:200]
    level = np.sqrt((np.abs(space_examples["rx"]) ** 2).mean())
    rx = level * (generator.normal(size=(2, *tx.shape)) * [[[1]], [[1j]]]).sum(axis=0)
    return Examples(space_examples.header, {"tx": tx, "rx": rx.astype(np.complex64)})
