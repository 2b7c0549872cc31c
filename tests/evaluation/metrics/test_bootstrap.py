"""Bootstrap intervals over recordings."""

import numpy as np
import pytest
from made_predictions import some

from radarseq.evaluation.metrics.bootstrap import intervals_by_capture, share_interval
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
