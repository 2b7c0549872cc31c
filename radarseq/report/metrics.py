"""Every metric of an evaluation: its name in ``metrics.json`` and how tables show it.

A metric is one field of one class below. Files get it by ``asdict``; the page's table, the
terminal's table and the verdicts read ``COLUMNS``, which is made from the fields.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.report.text import fixed, percent, significant


@dataclass(frozen=True)
class VerdictFormat:
    """How a verdict compares two methods by a metric.

    Attributes:
        score: Makes the metric from the mean over the rows; increasing.
        name: Of the metric, before the scores; empty where the scores speak for themselves.
        score_unit: Written after a score.
        unit: Written after a difference.
        digits: Format of a difference.
        scale: Factor from the metric to that unit.
    """

    score: Callable[[Any], Any] = lambda mean: mean
    name: str = ""
    score_unit: str = ""
    unit: str = ""
    digits: str = ".4g"
    scale: float = 1.0


@dataclass(frozen=True)
class MetricColumn:
    """A metric as a column of a table.

    Attributes:
        part: Part of ``metrics.json`` that holds the metric.
        key: Its name there.
        title: Head of the column, with the unit.
        text: Formats a value; gives a dash for what is not a number.
        higher_is_better: Whether the largest value is the best.
        verdict: Format of the comparison; None for a metric that no verdict is about.
    """

    part: str
    key: str
    title: str
    text: Callable[[Any], str]
    higher_is_better: bool
    verdict: VerdictFormat | None


def _higher(title: str, text: Callable[[Any], str], verdict: VerdictFormat | None = None) -> Any:
    return field(metadata={"column": (title, text, True, verdict)})


def _lower(title: str, text: Callable[[Any], str], verdict: VerdictFormat | None = None) -> Any:
    return field(metadata={"column": (title, text, False, verdict)})


def _three_digits(value: Any) -> str:
    return fixed(value, 3)


def _mean_to_db(mean: NDArray) -> NDArray:
    return 10.0 * np.log10(np.maximum(mean, 1e-30))


@dataclass(frozen=True, kw_only=True)
class ClassMetrics:
    """Metrics of class probabilities; ``accuracy_low`` and ``accuracy_high`` by Wilson."""

    accuracy: float = _higher(
        "Accuracy (95 % interval)",
        percent,
        VerdictFormat(unit=" points", digits=".1f", scale=100.0),
    )
    accuracy_low: float
    accuracy_high: float
    balanced_accuracy: float = _higher("Balanced accuracy", percent)
    log_loss: float = _lower("Log loss (nats)", _three_digits)
    calibration_error: float = _lower("Calibration error", percent)


@dataclass(frozen=True, kw_only=True)
class EchoMetrics:
    """Metrics of a predicted echo: mean squared error over the echo's energy [dB]."""

    error_db: float = _lower(
        "Echo error (dB)",
        fixed,
        VerdictFormat(_mean_to_db, score_unit=" dB", unit=" dB", digits=".2f"),
    )


@dataclass(frozen=True, kw_only=True)
class TargetMetrics:
    """Metrics of a real target: root mean square error, in the target's unit."""

    rmse: float = _lower("Target error (rms)", significant, VerdictFormat(np.sqrt, "rms error "))


@dataclass(frozen=True, kw_only=True)
class ForecastMetrics:
    """Metrics of a forecast, over the horizon and at each step of it; None if undefined."""

    mse: float = _lower(
        "Mean squared error", significant, VerdictFormat(name="mean squared error ")
    )
    mae: float = _lower("Mean absolute error", significant)
    mase: float | None = _lower("Scaled error (MASE)", _three_digits)
    skill: float | None = _higher("Skill over naive", percent)
    mse_by_horizon: list[float]
    mase_by_horizon: list[float] | None
    skill_by_horizon: list[float | None] | None


@dataclass(frozen=True, kw_only=True)
class SymbolMetrics:
    """Metrics of symbol probabilities; ``nats_per_step`` sums the voices of a step."""

    accuracy: float = _higher("Correct symbols", percent)
    nats: float = _lower("Nats per symbol", _three_digits, VerdictFormat(name="nats per symbol "))
    nats_per_step: float = _lower("Nats per step", _three_digits)


PARTS: dict[str, type] = {
    "classification": ClassMetrics,
    "echo": EchoMetrics,
    "target": TargetMetrics,
    "forecast": ForecastMetrics,
    "symbols": SymbolMetrics,
}
COLUMNS = tuple(
    MetricColumn(part, item.name, *item.metadata["column"])
    for part, metrics in PARTS.items()
    for item in fields(metrics)
    if item.metadata
)


def compared_column(part: str) -> MetricColumn:
    """Return the metric of a part that its verdict compares."""
    return next(column for column in COLUMNS if column.part == part and column.verdict)
