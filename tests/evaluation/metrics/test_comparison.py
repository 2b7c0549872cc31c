"""Verdicts: the better method, the difference and its interval, as a sentence."""

import numpy as np
import pytest

from radarseq.evaluation.metrics.comparison import MODEL, compare, comparison
from radarseq.evaluation.metrics.echo import compare_echoes
from radarseq.report.metrics import (
    COLUMNS,
    PARTS,
    ClassMetrics,
    EchoMetrics,
    TargetMetrics,
    compared_column,
)

ACCURACY = compared_column("classification")


def share(of_thousand, rows=1000):
    """Correctness of rows of which so many in a thousand are correct, in a fixed mixed order."""
    order = np.random.default_rng(0).permutation(rows)
    return order < of_thousand * rows / 1000


def test_a_model_beats_its_best_baseline_by_points():
    difference, verdict = compare("m", share(900), {"a": share(500), "b": share(800)}, ACCURACY)
    assert difference.first - difference.second == pytest.approx(0.1)
    low, high = (100 * end for end in difference.interval)
    assert verdict == (
        f"m beats b by 10.0 points (90.0 % against 80.0 %; 95 % interval {low:.1f} to "
        f"{high:.1f} points)."
    )
    assert 0 < low < 10 < high


def test_a_model_that_loses_does_not_beat_its_baseline():
    _, verdict = compare("m", share(800), {"b": share(900)}, ACCURACY)
    assert verdict.startswith("m does NOT beat its baseline: b is 10.0 points better (80.0 %")


def test_a_difference_within_its_interval_is_level():
    generator = np.random.default_rng(1)
    own, other = generator.random((2, 300)) < 0.7
    _, verdict = compare("m", own, {"b": other}, ACCURACY)
    assert verdict.startswith("m is level with b (")
    assert verdict.endswith("includes zero.")


def test_few_groups_of_many_windows_are_less_certain_than_single_windows():
    """Windows of a group are right together: 40 groups do not prove what 4,000 windows seem to."""
    generator = np.random.default_rng(12)
    group = np.arange(40).repeat(100)
    own = (generator.random(40) < 0.75)[group]
    other = (generator.random(40) < 0.6)[group]
    assert "level" in compare("m", own, {"b": other}, ACCURACY, group)[1]
    assert "level" not in compare("m", own, {"b": other}, ACCURACY, np.arange(4000))[1]


def test_no_baseline_and_too_few_windows_give_no_verdict():
    difference, verdict = compare("m", share(900), {}, ACCURACY)
    assert difference is None
    assert verdict.startswith("m: 90.0 %; no baseline could be fitted")
    few = compare("m", np.ones(4), {"b": np.zeros(4)}, ACCURACY, np.arange(4))[1]
    assert few == "m against b: 100.0 % against 0.0 %; too few windows for a verdict."


def test_errors_are_compared_in_decibels_and_the_lower_one_wins():
    errors = np.random.default_rng(2).exponential(0.1, 500)
    metrics = {MODEL: EchoMetrics(error_db=-20.0), "b": EchoMetrics(error_db=-10.0)}
    part = comparison("echo", metrics, {MODEL: 0.1 * errors, "b": errors}, ["b"], {MODEL: "m"})
    assert part["model"] == {"error_db": -20.0}
    assert part["baselines"] == {"b": {"error_db": -10.0}}
    assert part["verdict"].startswith("m beats b by 10.00 dB (-")
    assert "95 % interval 10.00 to 10.00 dB" in part["verdict"]


def test_root_mean_squares_are_compared_in_the_targets_unit():
    errors = np.random.default_rng(2).exponential(1.0, 500)
    metrics = {MODEL: TargetMetrics(rmse=1.0), "b": TargetMetrics(rmse=2.0)}
    part = comparison("target", metrics, {MODEL: errors, "b": 4 * errors}, ["b"], {MODEL: "m"})
    assert f"rms error {np.sqrt(errors.mean()):.4g} against" in part["verdict"]


def test_a_causal_echo_is_compared_with_the_causal_filter(space_examples):
    test = space_examples.part("test")
    part = compare_echoes(
        "m", 0.9 * test["target"], test, space_examples.part("train"), {}, causal=True
    )
    assert "m's echo beats causal LMMSE by" in part["verdict"]
    assert part["baselines"].keys() == {"copy", "causal LMMSE", "LMMSE"}


def test_every_part_has_one_metric_that_verdicts_compare():
    for part in PARTS:
        assert len([c for c in COLUMNS if c.part == part and c.verdict]) == 1
    fields = set(ClassMetrics.__dataclass_fields__)
    assert fields >= {c.key for c in COLUMNS if c.part == "classification"}
