"""Eight classes of space objects: the class hides in the echo alone, and the noise is as asked."""

import numpy as np
import pytest
from paths import ROOT
from scipy.special import digamma, polygamma
from scipy.stats import binom
from sklearn.ensemble import HistGradientBoostingClassifier

from radarseq.recipes.recipe import read_recipe
from simulators.kernels.dwell import PARAMETERS
from simulators.pairs import PairGenerator

RECIPE = ROOT / "datasets" / "space_objects.toml"
COUNT, TRAIN = 100_000, 20_000
CLASSES = 8


@pytest.fixture(scope="module")
def many():
    return PairGenerator(read_recipe(RECIPE).scene, seed=3)(0, COUNT)


@pytest.mark.slow
def test_boosted_trees_cannot_tell_the_class_from_what_else_was_drawn(many):
    """All that is stored of an example but its echo, its sizes and the levels that follow them."""
    names = [n for n in PARAMETERS if n not in ("realised_snr_db", "noise_power_m2")]
    drawn = many.parameters
    excess_db = drawn["realised_snr_db"] - drawn["snr_db"]
    columns = [drawn[name] for name in names] + [excess_db, many.split, np.arange(COUNT)]
    nuisances = np.column_stack(columns)[: 2 * TRAIN]
    label, order = many.label[: 2 * TRAIN], np.random.default_rng(0).permutation(2 * TRAIN)
    here, there = order[:TRAIN], order[TRAIN:]

    def right(features):
        model = HistGradientBoostingClassifier(max_iter=8, random_state=0)
        model.fit(features[here], label[here])
        return int(np.sum(model.predict(features[there]) == label[there]))

    # Chance, or the share of the commonest class; one run in 30,000 is above by luck.
    commonest = np.bincount(label[there], minlength=CLASSES).max() / TRAIN
    bound = binom.isf(3e-5, TRAIN, max(1 / CLASSES, commonest))
    assert right(nuisances) < bound
    # The same trees find a leak of a fifth of the noise's spread from class to class.
    leak = excess_db[: 2 * TRAIN] + 0.2 * excess_db.std() * label
    assert right(np.column_stack([nuisances, leak])) > 1.2 * bound


def test_the_realised_ratio_is_the_asked_one_within_its_standard_error(many):
    """The mean power of 32 samples of noise is gamma distributed: its logarithm is known too."""
    asked = many.parameters["snr_db"].astype(float)
    excess_db = asked - many.parameters["realised_snr_db"].astype(float)
    power = 10 ** (excess_db / 10)
    assert np.mean(power) == pytest.approx(1, abs=4 / np.sqrt(32 * COUNT))
    assert np.var(power) == pytest.approx(1 / 32, rel=0.03)
    decibels = 10 / np.log(10)
    expected = decibels * (digamma(32) - np.log(32))
    spread = decibels * np.sqrt(polygamma(1, 32))
    assert np.mean(excess_db) == pytest.approx(expected, abs=4 * spread / np.sqrt(COUNT))
    echo, noise = many.target.astype(complex), many.rx.astype(complex) - many.target
    ratio_db = 10 * np.log10(
        np.mean(np.abs(echo) ** 2, axis=1) / np.mean(np.abs(noise) ** 2, axis=1)
    )
    np.testing.assert_allclose(many.parameters["realised_snr_db"], ratio_db, atol=2e-3)
