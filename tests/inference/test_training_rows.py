"""Training pairs that a run did not store."""

from types import SimpleNamespace

import numpy as np

from radarseq.dataset.simulate import header_of
from radarseq.inference import training_rows
from radarseq.recipes.recipe import read_recipe
from simulators.pairs import FRESH_TRAIN, FRESH_VALIDATION, PairGenerator


def test_the_pairs_of_a_run_that_stored_none_are_simulated_again(plate_recipe, monkeypatch):
    recipe = read_recipe(plate_recipe)
    header = header_of(recipe, 5)
    run = SimpleNamespace(manifest={"data": {"kind": "fresh"}}, header=header)
    monkeypatch.setattr(training_rows, "MAX_FRESH", 20)
    found = training_rows.load_training_rows(run)
    for rows, domain in ((found.training, FRESH_TRAIN), (found.validation, FRESH_VALIDATION)):
        pairs = PairGenerator(recipe.scene, seed=5, domain=domain)(0, 20)
        assert np.array_equal(rows["rx"], pairs.rx)
        assert np.array_equal(rows["label"], pairs.label)
    assert not np.array_equal(found.training["rx"], found.validation["rx"])
