"""What the page's tables say: numbers of ``metrics.json`` as rows of text."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

MISSING = "\N{EN DASH}"
_NO_BREAK = "\N{NO-BREAK SPACE}"
MAX_ROWS = 3000  # the page stays below 2 MB and quick to sort; the files have every row


_SCORE_KEYS = ("auroc", "found", "false_reject")


@dataclass(frozen=True)
class Cell:
    """A number of the main table: its text, and whether it is the best of its column."""

    text: str
    best: bool = False


@dataclass(frozen=True)
class Column:
    """A measure of the main table.

    Attributes:
        title: What stands above it, with the unit.
        part: The part of the metrics that has it.
        key: Its name there.
        higher_is_better: Which end of the column is the best.
    """

    title: str
    part: str
    key: str
    higher_is_better: bool


COLUMNS = (
    Column("Accuracy (95 % interval)", "classification", "accuracy", True),
    Column("Log loss (nats)", "classification", "log_loss", False),
    Column("Calibration error", "classification", "calibration_error", False),
    Column("Echo error (dB)", "echo", "error_db", False),
    Column("Target error (rms)", "target", "rmse", False),
    Column("Mean squared error", "forecast", "mse", False),
    Column("Scaled error (MASE)", "forecast", "mase", False),
    Column("Skill over naive", "forecast", "skill", True),
    Column("Right symbols", "symbols", "accuracy", True),
    Column("Nats a symbol", "symbols", "nats", False),
    Column("Nats a step", "symbols", "nats_per_step", False),
)
PARTS = tuple(dict.fromkeys(column.part for column in COLUMNS))
_DIGITS = {"error_db": 2, "log_loss": 3, "nats": 3, "nats_per_step": 3, "mase": 3}


def known(value: Any) -> TypeGuard[float]:
    """Return whether ``value`` is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def fixed(value: Any, digits: int = 2) -> str:
    """Return a number with so many digits after the point, with a true minus sign."""
    if not known(value):
        return MISSING
    return f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def significant(value: Any) -> str:
    """Return a number of any size with four digits that count."""
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}") if known(value) else MISSING


def percent(value: Any) -> str:
    """Return a share in percent, which a line break does not part from its sign."""
    return f"{100 * value:.1f}{_NO_BREAK}%" if known(value) else MISSING


def count(value: Any) -> str:
    """Return an integer with its thousands apart; any other value as text."""
    if isinstance(value, bool) or not isinstance(value, int):
        return MISSING if value is None else str(value)
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def main_table(metrics: Mapping[str, Any]) -> tuple[list[str], list[tuple[str, list[Cell]]]]:
    """Return the titles of the columns, and a row for the model and for each baseline.

    A column or a row without any number is left out.
    """
    results = _results(metrics)
    columns = [c for c in COLUMNS if any(known(_number(row, c)) for row in results.values())]
    best = {}
    for column in columns:
        values = [v for row in results.values() if known(v := _number(row, column))]
        best[column] = max(values) if column.higher_is_better else min(values)
    rows = []
    for name, row in results.items():
        cells = [Cell(_text(row, c), _number(row, c) == best[c]) for c in columns]
        if any(cell.text != MISSING for cell in cells):
            rows.append((name, cells))
    return [column.title for column in columns], rows


def _results(metrics: Mapping[str, Any]) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Return method -> part of the metrics -> its numbers, the model first."""
    name = f"{metrics.get('model', {}).get('name', 'model')} (the model)"
    results: dict[str, dict[str, Mapping[str, Any]]] = {name: {}}
    for part in PARTS:
        content = metrics.get(part) or {}
        results[name][part] = content.get("model") or {}
        for baseline, numbers in (content.get("baselines") or {}).items():
            results.setdefault(baseline, {})[part] = numbers
    return results


def _number(row: Mapping[str, Mapping[str, Any]], column: Column) -> Any:
    return row.get(column.part, {}).get(column.key)


def _text(row: Mapping[str, Mapping[str, Any]], column: Column) -> str:
    value = _number(row, column)
    if column.key in _DIGITS:
        return fixed(value, _DIGITS[column.key])
    if column.key in ("mse", "rmse"):
        return significant(value)
    numbers = row.get(column.part, {})
    low, high = (numbers.get(f"{column.key}_{end}") for end in ("low", "high"))
    if known(value) and known(low) and known(high):
        interval = f"({100 * low:.1f} to {100 * high:.1f})"
        return f"{percent(value)} {interval.replace(' ', _NO_BREAK)}"
    return percent(value)


def rows_of(metrics: Mapping[str, Any], part: str) -> list[dict[str, Any]]:
    """Return a part of the metrics that is a list of rows; empty where it is a summary or absent.

    ``metrics.json`` sums the captures up; ``summary.csv`` has their rows.
    """
    rows = metrics.get(part)
    return rows if isinstance(rows, list) else []


def unknown_scores(metrics: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the scores that may tell unknown objects, where more than one has a number."""
    scores = (metrics.get("unknown") or {}).get("scores") or []
    measured = [one for one in scores if any(known(one.get(key)) for key in _SCORE_KEYS)]
    return measured if len(measured) > 1 else []
