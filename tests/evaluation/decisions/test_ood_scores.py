"""Out-of-distribution scores by their formulas."""

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from scipy.special import logsumexp, softmax

from radarseq.evaluation.decisions.ood_scores import (
    SCORES,
    Gaussians,
    all_scores,
    fit_gaussians,
    fit_ood_detector,
)


def test_the_distance_is_that_of_scipy():
    generator = np.random.default_rng(0)
    mixing = generator.normal(size=(5, 5))
    label = generator.integers(0, 3, 4000)
    centres = 4 * generator.normal(size=(3, 5))
    hidden = generator.normal(size=(4000, 5)) @ mixing + centres[label]
    found = fit_gaussians(hidden, label).distance(hidden[:50])
    means = np.stack([hidden[label == c].mean(axis=0) for c in range(3)])
    inverse = np.linalg.inv(np.cov((hidden - means[label]).T))
    expected = [min(mahalanobis(row, mean, inverse) for mean in means) for row in hidden[:50]]
    np.testing.assert_allclose(found, expected, rtol=0.02)  # the covariance is shrunk a little


def test_a_hidden_value_that_never_varies_does_no_harm():
    hidden = np.random.default_rng(0).normal(size=(200, 4))
    hidden[:, 2] = 0.0
    assert np.isfinite(fit_gaussians(hidden, np.arange(200) % 2).distance(hidden + 1.0)).all()


def test_the_scores_of_logits_are_by_their_formulas():
    logits = np.random.default_rng(1).normal(size=(20, 4)).astype(np.float32)
    hidden = np.zeros((20, 2))
    scores = all_scores(Gaussians(np.ones((1, 2)), np.eye(2)), logits, hidden)
    energy, distance, certainty = scores.T
    np.testing.assert_allclose(energy, -logsumexp(logits, axis=1), rtol=1e-6)
    np.testing.assert_allclose(distance, np.sqrt(2.0), rtol=1e-6)
    np.testing.assert_allclose(certainty, -softmax(logits, axis=1).max(axis=1), rtol=1e-6)


@pytest.mark.parametrize("false_reject", [0.01, 0.05, 0.3])
def test_the_wanted_share_of_known_windows_lies_above_the_threshold(false_reject):
    scores = np.random.default_rng(2).gamma(3.0, size=(20_000, len(SCORES)))
    detector = fit_ood_detector(Gaussians(np.zeros((1, 1)), np.eye(1)), scores)
    for index, name in enumerate(SCORES):
        share = (scores[:, index] > detector.threshold(name, false_reject)).mean()
        assert share == pytest.approx(false_reject, abs=1e-3)
    assert fit_ood_detector(detector.gaussians, scores[:39]) is None
