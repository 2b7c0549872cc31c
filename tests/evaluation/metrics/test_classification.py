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
from small_runs import some

from radarseq.evaluation.metrics.classification import (
    auroc,
    balanced_accuracy,
    class_curves,
    class_metrics,
    confusion,
    mean_db,
    relative_error,
    reliability,
    snr_bins,
)


@pytest.mark.parametrize("seed", range(5))
def test_the_metrics_are_those_of_scikit_learn(seed):
    probabilities, label = some(seed=seed)
    decision = probabilities.argmax(axis=1)
    found = class_metrics(probabilities, label)
    assert found.accuracy == pytest.approx((decision == label).mean(), abs=1e-15)
    assert found.log_loss == pytest.approx(log_loss(label, probabilities), rel=1e-9)
    expected = balanced_accuracy_score(label, decision)
    assert found.balanced_accuracy == pytest.approx(expected, rel=1e-12)
    assert confusion(decision, label, 4) == confusion_matrix(label, decision).tolist()


def test_a_class_that_does_not_occur_does_not_count():
    label, decision = np.array([0, 0, 2, 2, 2, 2]), np.array([0, 1, 2, 2, 2, 0])
    assert balanced_accuracy(decision, label) == pytest.approx((0.5 + 0.75) / 2)
    assert confusion(decision, label, 3) == [[1, 1, 0], [0, 0, 0], [1, 0, 3]]


def test_a_certain_model_that_is_right_is_perfect_and_one_that_is_wrong_stays_finite():
    label = np.array([0, 1, 1])
    right = class_metrics(np.eye(2)[label], label)
    assert right.accuracy == right.balanced_accuracy == right.accuracy_high == 1.0
    assert right.log_loss == right.calibration_error == 0.0
    wrong = class_metrics(np.eye(2)[1 - label], label)
    assert wrong.accuracy == wrong.accuracy_low == 0.0
    assert wrong.log_loss == pytest.approx(-np.log(1e-12))
    assert wrong.calibration_error == 1.0


@pytest.mark.parametrize(("right", "rows"), [(0, 10), (7, 10), (10, 10), (371, 1000), (1, 1)])
def test_the_interval_is_wilsons(right, rows):
    label = np.zeros(rows, dtype=int)
    decision = (np.arange(rows) >= right).astype(int)
    found = class_metrics(np.eye(2)[decision], label)
    z, share = norm.ppf(0.975), right / rows
    centre = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    assert found.accuracy_low == pytest.approx(centre - half, abs=1e-9)
    assert found.accuracy_high == pytest.approx(centre + half, abs=1e-9)


def two_classes(confidence, chance, rows=200_000, seed=1):
    """Decisions for class 1 with a confidence, right with a chance."""
    right = np.random.default_rng(seed).random(rows) < chance
    return np.column_stack((1 - confidence, confidence)), right.astype(int)


def test_a_calibrated_model_has_no_calibration_error():
    confidence = np.random.default_rng(2).uniform(0.5, 1.0, 200_000)
    found = class_metrics(*two_classes(confidence, confidence))
    assert found.calibration_error < 0.005


@pytest.mark.parametrize("excess", [0.05, 0.15, 0.3])
def test_an_overconfident_model_errs_by_its_excess(excess):
    confidence = np.random.default_rng(3).uniform(0.8, 1.0, 200_000)
    found = class_metrics(*two_classes(confidence, confidence - excess))
    assert found.calibration_error == pytest.approx(excess, abs=0.005)


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


@pytest.mark.parametrize("seed", range(3))
def test_the_area_is_that_of_scikit_learn_with_ties(seed):
    generator = np.random.default_rng(seed)
    negative, positive = generator.integers(0, 8, 300), generator.integers(2, 10, 150)
    truth = np.append(np.zeros(300), np.ones(150))
    expected = roc_auc_score(truth, np.append(negative, positive))
    assert auroc(negative, positive) == pytest.approx(expected, abs=1e-12)
    assert auroc(negative, positive[:0]) is None
