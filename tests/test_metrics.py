"""Metrics against scikit-learn, the textbook, and models whose calibration is known."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    confusion_matrix,
    log_loss,
    roc_auc_score,
    roc_curve,
)

from radarseq.evaluation.decisions.fusion import Fusion, fuse, measure_fusion_weight
from radarseq.evaluation.metrics.bootstrap import intervals_by_capture, share_interval
from radarseq.evaluation.metrics.classification import (
    balanced_accuracy,
    class_curves,
    class_metrics,
    confusion,
    mean_db,
    relative_error,
    reliability,
    snr_bins,
)


def some(rows=400, classes=4, seed=0):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(classes, 0.7), rows)
    return probabilities, generator.integers(0, classes, rows)


@pytest.mark.parametrize("seed", range(5))
def test_the_metrics_are_those_of_scikit_learn(seed):
    probabilities, label = some(seed=seed)
    decision = probabilities.argmax(axis=1)
    found = class_metrics(probabilities, label)
    assert found["accuracy"] == pytest.approx((decision == label).mean(), abs=1e-15)
    assert found["log_loss"] == pytest.approx(log_loss(label, probabilities), rel=1e-9)
    expected = balanced_accuracy_score(label, decision)
    assert found["balanced_accuracy"] == pytest.approx(expected, rel=1e-12)
    assert confusion(decision, label, 4) == confusion_matrix(label, decision).tolist()


def test_a_class_that_does_not_occur_does_not_count():
    label, decision = np.array([0, 0, 2, 2, 2, 2]), np.array([0, 1, 2, 2, 2, 0])
    assert balanced_accuracy(decision, label) == pytest.approx((0.5 + 0.75) / 2)
    assert confusion(decision, label, 3) == [[1, 1, 0], [0, 0, 0], [1, 0, 3]]


def test_a_certain_model_that_is_right_is_perfect_and_one_that_is_wrong_stays_finite():
    label = np.array([0, 1, 1])
    right = class_metrics(np.eye(2)[label], label)
    assert right["accuracy"] == right["balanced_accuracy"] == right["accuracy_high"] == 1.0
    assert right["log_loss"] == right["calibration_error"] == 0.0
    wrong = class_metrics(np.eye(2)[1 - label], label)
    assert wrong["accuracy"] == wrong["accuracy_low"] == 0.0
    assert wrong["log_loss"] == pytest.approx(-np.log(1e-12))
    assert wrong["calibration_error"] == 1.0


@pytest.mark.parametrize(("right", "rows"), [(0, 10), (7, 10), (10, 10), (371, 1000), (1, 1)])
def test_the_interval_is_wilsons(right, rows):
    label = np.zeros(rows, dtype=int)
    decision = (np.arange(rows) >= right).astype(int)
    found = class_metrics(np.eye(2)[decision], label)
    z, share = norm.ppf(0.975), right / rows
    centre = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    assert found["accuracy_low"] == pytest.approx(centre - half, abs=1e-9)
    assert found["accuracy_high"] == pytest.approx(centre + half, abs=1e-9)


def two_classes(confidence, chance, rows=200_000, seed=1):
    """Decisions for class 1 with a confidence, right with a chance."""
    right = np.random.default_rng(seed).random(rows) < chance
    return np.column_stack((1 - confidence, confidence)), right.astype(int)


def test_a_calibrated_model_has_no_calibration_error():
    confidence = np.random.default_rng(2).uniform(0.5, 1.0, 200_000)
    found = class_metrics(*two_classes(confidence, confidence))
    assert found["calibration_error"] < 0.005


@pytest.mark.parametrize("excess", [0.05, 0.15, 0.3])
def test_an_overconfident_model_errs_by_its_excess(excess):
    confidence = np.random.default_rng(3).uniform(0.8, 1.0, 200_000)
    found = class_metrics(*two_classes(confidence, confidence - excess))
    assert found["calibration_error"] == pytest.approx(excess, abs=0.005)


def test_the_reliability_bins_hold_every_example_once():
    probabilities, label = some()
    bins = reliability(probabilities, label)
    assert sum(b["examples"] for b in bins) == len(label)
    hits = sum(b["examples"] * b["accuracy"] for b in bins)
    assert hits == pytest.approx((probabilities.argmax(axis=1) == label).sum())
    confidences = [b["confidence"] for b in bins]
    assert confidences == sorted(confidences)
    edges = [int(min(c * 10, 9)) for c in confidences]
    assert len(set(edges)) == len(edges)


# --- decibels


@pytest.mark.parametrize("shape", [(6, 8), (6, 8, 3)])
@pytest.mark.parametrize("is_complex", [True, False])
def test_the_relative_error_is_over_the_energy(shape, is_complex):
    generator = np.random.default_rng(0)
    estimate, target = generator.normal(size=(2, *shape)).astype(np.float32)
    if is_complex:
        estimate, target = estimate + 1j * target, target - 2j * estimate
    errors = relative_error(estimate, target)
    for row, found in enumerate(errors):
        expected = np.linalg.norm(estimate[row] - target[row]) ** 2
        assert found == pytest.approx(expected / np.linalg.norm(target[row]) ** 2, rel=1e-5)
    assert (relative_error(target, target) == 0).all()
    assert np.allclose(relative_error(0 * target, target), 1.0)
    np.testing.assert_allclose(relative_error(1e20 * estimate, 1e20 * target), errors, rtol=1e-5)


def test_an_error_of_samples_beyond_float32s_square_is_right():
    target = np.full((1, 4), 1e30, dtype=np.complex64)
    assert relative_error(0.5 * target, target)[0] == pytest.approx(0.25)
    assert np.isfinite(relative_error(target, 0 * target)).all()


def test_the_mean_is_of_powers_and_not_of_decibels():
    assert mean_db(np.array([0.1])) == pytest.approx(-10.0)
    assert mean_db(np.array([1.0, 0.01])) == pytest.approx(10 * np.log10(0.505))
    assert mean_db(np.zeros(3)) == -300.0


@pytest.mark.parametrize(
    "snr_db",
    [
        np.linspace(0, 20, 201),
        np.linspace(-20, 20, 201),
        np.linspace(-13.7, -2.2, 57),
        np.array([20.0]),
        np.array([0.0, 0.0]),
        np.array([-5.0, 0.0, 5.0, 20.0]),
        np.random.default_rng(0).uniform(0, 20, 999).astype(np.float32),
    ],
)
def test_every_row_is_in_one_snr_bin(snr_db):
    bins = snr_bins(snr_db)
    masks = np.array([mask for _, _, mask in bins])
    assert (masks.sum(axis=0) == 1).all()
    assert masks.any(axis=1).all()
    for low, high, mask in bins:
        assert high - low == 5.0
        assert low % 5.0 == 0.0
        assert (snr_db[mask] >= low).all()
        assert (snr_db[mask] <= high).all()
    assert [low for low, _, _ in bins] == sorted(low for low, _, _ in bins)


def test_twenty_decibels_make_no_bin_of_their_own():
    assert [low for low, _, _ in snr_bins(np.linspace(0, 20, 41))] == [0, 5, 10, 15]
    assert [low for low, _, _ in snr_bins(np.linspace(-10, 0, 41))] == [-10, -5]


# --- fusion


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


# --- fusion of windows that say in part the same


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


# --- curves and intervals


def test_the_curves_are_those_of_scikit_learn():
    probabilities, label = some(rows=500)
    probabilities = probabilities.round(2)  # ties
    for index, curve in enumerate(class_curves(probabilities, label, tuple("abcd"))):
        is_class, score = label == index, probabilities[:, index]
        assert curve["auroc"] == pytest.approx(roc_auc_score(is_class, score), abs=1e-12)
        expected = average_precision_score(is_class, score)
        assert curve["average_precision"] == pytest.approx(expected, abs=1e-12)
        assert curve["roc"][0] == [0.0, 0.0]
        assert curve["roc"][-1] == [1.0, 1.0]
        false_alarm, hit, _ = roc_curve(is_class, score)
        x, y = np.transpose(curve["roc"])
        assert len(x) <= 201
        thinned = np.interp(false_alarm, x, y)  # between the points that were kept
        assert np.abs(thinned - hit).mean() < 0.02


def test_the_interval_by_captures_covers_and_is_wider_than_that_of_windows():
    generator = np.random.default_rng(9)
    covered, by_windows = 0, 0
    for _ in range(100):
        chance = generator.choice([0.5, 1.0], 40)  # of a capture's windows to be right
        right = generator.random((40, 25)) < chance[:, None]
        label = np.zeros(1000, int)
        probabilities = np.eye(2)[(~right.ravel()).astype(int)]
        found = intervals_by_capture(probabilities, label, np.arange(40).repeat(25))
        low, high = found["accuracy"]
        covered += low <= 0.75 <= high
        plain = class_metrics(probabilities, label)
        by_windows += plain["accuracy_low"] <= 0.75 <= plain["accuracy_high"]
    assert 88 <= covered <= 99  # of 100, at 95 % and 40 captures
    assert by_windows < 75


def test_the_intervals_hold_the_metrics_and_one_capture_has_none():
    probabilities, label = some(rows=300)
    group = np.arange(300) % 30
    found = intervals_by_capture(probabilities, label, group)
    metrics = class_metrics(probabilities, label)
    for key in ("accuracy", "balanced_accuracy", "log_loss"):
        low, high = found[key]
        assert low < metrics[key] < high
    assert found == intervals_by_capture(probabilities, label, group)
    assert intervals_by_capture(probabilities, label, np.zeros(300, int)) is None
    assert share_interval(np.array([True])) is None
    ends = (4 / (4 + 1.959964**2), 1.0)  # all right: Wilson's closed form, not certainty
    assert share_interval(np.ones(4, bool)) == pytest.approx(ends)
    low, high = share_interval(np.arange(400) % 4 > 0)
    assert (low, high) == pytest.approx((0.75 - 0.0424, 0.75 + 0.0424), abs=0.006)  # binomial
