"""Windows of a recording fused into one decision."""

from types import SimpleNamespace

import numpy as np
import pytest
from small_runs import some

from radarseq.dataset.row_operations import rows_by_group
from radarseq.evaluation.decisions.fusion import Fusion, measure_fusion_weight


def fuse(probabilities, group, prior):
    """Return group, rows, posterior and decision of each group, in order of the groups."""
    present, rows = rows_by_group(group)
    fusion = Fusion(prior, len(present))
    fusion.add(probabilities, np.searchsorted(present, group))
    return [
        SimpleNamespace(group=g, rows=r, posterior=p, decision=int(p.argmax()))
        for g, r, p in zip(present, rows, fusion.posterior(), strict=True)
    ]


def test_two_windows_are_joined_by_bayes_rule():
    one, two, prior = np.array([0.7, 0.2, 0.1]), np.array([0.5, 0.4, 0.1]), np.full(3, 1 / 3)
    (fused,) = fuse(np.array([one, two]), np.array([0, 0]), prior)
    by_hand = one * two / (0.35 + 0.08 + 0.01)
    np.testing.assert_allclose(fused.posterior, by_hand, rtol=1e-12)
    assert fused.decision == 0
    assert fused.rows.tolist() == [0, 1]


def test_the_prior_is_counted_once_and_not_for_each_window():
    prior = np.array([0.8, 0.2])
    likelihood = np.array([[0.3, 0.6], [0.2, 0.5], [0.4, 0.1]])  # of the windows, given the class
    given_prior = likelihood * prior / (likelihood * prior).sum(axis=1, keepdims=True)
    (fused,) = fuse(given_prior, np.zeros(3, dtype=int), prior)
    joint = prior * likelihood.prod(axis=0)
    np.testing.assert_allclose(fused.posterior, joint / joint.sum(), rtol=1e-9)


@pytest.mark.parametrize("prior", [[0.5, 0.5], [0.9, 0.1]])
def test_a_window_alone_keeps_its_probabilities(prior):
    (fused,) = fuse(np.array([[0.3, 0.7]]), np.array([5]), np.array(prior))
    np.testing.assert_allclose(fused.posterior, [0.3, 0.7], rtol=1e-9)
    assert fused.group == 5


def test_groups_need_no_order():
    probabilities, _ = some(rows=60)
    group = np.random.default_rng(4).permutation(np.repeat([7, 2, 11], [10, 20, 30]))
    found = fuse(probabilities, group, np.full(4, 0.25))
    assert [f.group for f in found] == [2, 7, 11]
    assert sorted(np.concatenate([f.rows for f in found])) == list(range(60))
    for item in found:
        assert (group[item.rows] == item.group).all()
        joint = probabilities[item.rows].prod(axis=0)
        np.testing.assert_allclose(item.posterior, joint / joint.sum(), rtol=1e-9)


def test_a_thousand_windows_do_not_underflow():
    (fused,) = fuse(np.tile([[0.51, 0.49]], (1000, 1)), np.zeros(1000, int), np.full(2, 0.5))
    assert fused.posterior[0] == pytest.approx(1.0)
    (sure,) = fuse(np.tile([[1.0, 0.0]], (1000, 1)), np.zeros(1000, int), np.full(2, 0.5))
    assert sure.posterior.tolist() == [1.0, 0.0]


def test_a_class_that_training_lacks_is_not_decided_for():
    windows = np.array([[0.9989, 0.001, 0.0001]] * 3)
    (fused,) = fuse(windows, np.zeros(3, int), np.array([0.5, 0.5, 0.0]))
    assert fused.decision == 0


@pytest.mark.parametrize("at_once", [1, 7, 60])
def test_the_track_is_bayes_rule_window_by_window(at_once):
    probabilities, _ = some(rows=60)
    generator = np.random.default_rng(6)
    group, accepted = generator.integers(0, 3, 60), generator.random(60) > 0.3
    prior, exponent = np.array([0.4, 0.3, 0.2, 0.1]), 0.25
    fusion = Fusion(prior, 3, exponent)
    track = np.concatenate(
        [
            fusion.add(*(part[i : i + at_once] for part in (probabilities, group, accepted)))
            for i in range(0, 60, at_once)
        ]
    )
    for row in range(60):
        before = np.flatnonzero((group[: row + 1] == group[row]) & accepted[: row + 1])
        joint = prior.copy()
        for nth, window in enumerate(before):
            joint = joint * (probabilities[window] / prior) ** (exponent if nth else 1.0)
        np.testing.assert_allclose(track[row], joint / joint.sum(), rtol=1e-5)
    np.testing.assert_allclose(fusion.posterior()[group[-1]], track[-1], rtol=1e-6)


def dependent_captures(repeats, captures=400, seed=8):
    """Calibrated windows of two classes, each of which comes ``repeats`` times in its capture."""
    generator = np.random.default_rng(seed)
    label = generator.integers(0, 2, captures)
    seen = generator.normal(2.0 * label[:, None] - 1.0, 2.0, (captures, 4))
    seen = seen.repeat(repeats, axis=1)  # log-likelihood ratio of N(1, 2) to N(-1, 2): seen / 2
    probability = 1 / (1 + np.exp(-0.5 * seen.ravel()))
    group = np.arange(captures).repeat(4 * repeats)
    return np.column_stack((1 - probability, probability)), label[group], group


def test_independent_windows_are_not_tempered_and_copies_are():
    prior = np.full(2, 0.5)
    alone = measure_fusion_weight(*dependent_captures(1), prior)
    assert alone.exponent > 0.8
    copied = measure_fusion_weight(*dependent_captures(5), prior)
    # Of 4 windows five times over, 20, the last 19 are worth what 3 are.
    assert copied.exponent == pytest.approx(3 / 19, abs=0.06)
    assert copied.log_loss < copied.log_loss_unweighted
    assert copied.groups == 400
    assert copied.log_loss == pytest.approx(alone.log_loss, abs=0.03)


def test_what_cannot_be_measured_comes_from_the_overlap():
    probabilities, label, group = dependent_captures(1, captures=9)
    none = measure_fusion_weight(probabilities, label, group, np.full(2, 0.5))
    assert (none.exponent, none.source) == (1.0, "overlap")
    assert none.for_overlap(0.25).exponent == 0.25
