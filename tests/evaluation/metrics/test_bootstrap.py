"""Bootstrap intervals over recordings."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp
from small_runs import some

from radarseq.evaluation.metrics.bootstrap import (
    MIN_UNITS,
    intervals_by_capture,
    paired_difference,
    share_interval,
)
from radarseq.evaluation.metrics.classification import class_metrics


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
        by_windows += plain.accuracy_low <= 0.75 <= plain.accuracy_high
    assert 88 <= covered <= 99  # of 100, at 95 % and 40 captures
    assert by_windows < 75


def test_the_intervals_hold_the_metrics_and_one_capture_has_none():
    probabilities, label = some(rows=300)
    group = np.arange(300) % 30
    found = intervals_by_capture(probabilities, label, group)
    metrics = class_metrics(probabilities, label)
    for key in ("accuracy", "balanced_accuracy", "log_loss"):
        low, high = found[key]
        assert low < getattr(metrics, key) < high
    assert found == intervals_by_capture(probabilities, label, group)
    assert intervals_by_capture(probabilities, label, np.zeros(300, int)) is None
    assert share_interval(np.array([True])) is None
    ends = (4 / (4 + 1.959964**2), 1.0)  # all right: Wilson's closed form, not certainty
    assert share_interval(np.ones(4, bool)) == pytest.approx(ends)
    low, high = share_interval(np.arange(400) % 4 > 0)
    assert (low, high) == pytest.approx((0.75 - 0.0424, 0.75 + 0.0424), abs=0.006)  # binomial


# --- paired differences


def paired_rows(groups, rows, mean, seed, spread=1.0):
    """Losses of two methods whose difference has a known mean and is alike within a group."""
    generator = np.random.default_rng(seed)
    common = generator.exponential(5.0, groups * rows)
    difference = generator.normal(mean, spread, groups).repeat(rows)
    difference += generator.normal(0.0, spread, groups * rows)
    return common + difference, common, np.arange(groups).repeat(rows)


@pytest.mark.parametrize("groups", [12, 40, 400])
def test_the_paired_interval_is_students_over_groups_of_equal_size(groups):
    first, second, group = paired_rows(groups, 10, 0.3, seed=3)
    found = paired_difference(first, second, group)
    assert found.first - found.second == pytest.approx((first - second).mean())
    means = (first - second).reshape(groups, 10).mean(axis=1)
    expected = ttest_1samp(means, 0.0).confidence_interval()
    assert found.interval == pytest.approx(tuple(expected), abs=0.35 / np.sqrt(groups))


@pytest.mark.parametrize(("groups", "rows"), [(MIN_UNITS, 10), (10, 20), (30, 10), (100, 3)])
def test_the_paired_interval_holds_the_true_difference_19_times_of_20(groups, rows):
    held = 0
    for seed in range(200):
        interval = paired_difference(*paired_rows(groups, rows, 0.3, seed), seed=seed).interval
        held += interval[0] <= 0.3 <= interval[1]
    assert 180 <= held <= 198  # binomial: 190, standard deviation 3.1


def test_without_groups_blocks_of_alike_neighbours_keep_the_interval_wide():
    held, held_by_rows = 0, 0
    for seed in range(100):
        first, second, group = paired_rows(120, 5, 0.3, seed)  # five neighbours are alike
        low, high = paired_difference(first, second, seed=seed).interval
        held += low <= 0.3 <= high
        low, high = paired_difference(first, second, np.arange(len(group)), seed=seed).interval
        held_by_rows += low <= 0.3 <= high
    assert held >= 88
    assert held_by_rows < 80


def test_weights_and_scores_are_those_of_the_means():
    generator = np.random.default_rng(4)
    first, second = generator.exponential(1.0, 500), generator.exponential(2.0, 500)
    weight = generator.integers(1, 5, 500)
    found = paired_difference(first, second, np.arange(500), weight, score=np.log10)
    assert found.first == pytest.approx(np.log10(np.average(first, weights=weight)))
    assert found.interval[0] < found.first - found.second < found.interval[1]
    assert found.interval[1] < 0


def test_few_rows_have_no_interval_and_the_same_rows_none_of_width():
    assert paired_difference(np.ones(5), np.zeros(5), np.arange(5)).interval is None
    assert paired_difference(np.ones(50), np.ones(50)).interval == (0.0, 0.0)
    many = np.arange(10_000.0)
    low, high = paired_difference(many + 1, many, np.arange(10_000)).interval
    assert (low, high) == pytest.approx((1.0, 1.0))
