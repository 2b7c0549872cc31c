"""What the page's tables say: numbers of ``metrics.json`` as rows of text."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

MISSING = "\N{EN DASH}"
_NO_BREAK = "\N{NO-BREAK SPACE}"
MOST_ROWS = 3000  # the page stays below 2 MB and quick to sort; the files have every row


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
)


def known(value: Any) -> TypeGuard[float]:
    """Return whether ``value`` is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def fixed(value: Any, digits: int = 2) -> str:
    """Return a number with so many digits after the point, with a true minus sign."""
    if not known(value):
        return MISSING
    return f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


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
    for part in ("classification", "echo"):
        content = metrics.get(part) or {}
        results[name][part] = content.get("model") or {}
        for baseline, numbers in (content.get("baselines") or {}).items():
            results.setdefault(baseline, {})[part] = numbers
    return results


def _number(row: Mapping[str, Mapping[str, Any]], column: Column) -> Any:
    return row.get(column.part, {}).get(column.key)


def _text(row: Mapping[str, Mapping[str, Any]], column: Column) -> str:
    value = _number(row, column)
    if column.key == "error_db":
        return fixed(value)
    if column.key == "log_loss":
        return fixed(value, 3)
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


def verdicts(metrics: Mapping[str, Any]) -> list[str]:
    """Return what the report says in the end, as plain sentences."""
    parts = [metrics.get(part) or {} for part in ("classification", "echo")]
    said = [str(part["verdict"]) for part in parts if part.get("verdict")]
    captures, failures = rows_of(metrics, "captures"), rows_of(metrics, "failures")
    labelled = [row for row in captures if row.get("label") and row.get("decision")]
    if labelled:
        right = sum(row["label"] == row["decision"] for row in labelled)
        said.append(f"{right} of {len(labelled)} captures of known class were decided right.")
    elif captures:
        said.append(f"{len(captures)} captures were judged; their true classes are not known.")
    if failures:
        said.append(f"Captures that could not be judged: {len(failures)}. The reasons are below.")
    return said or ["Nothing was measured."]


def model_card(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the model is and what it was made from, as (key, value), where known."""
    model, data = metrics.get("model", {}), metrics.get("data", {})
    steps = model.get("receptive_field")
    rows = (
        ("Architecture", model.get("name")),
        ("Task", model.get("task")),
        ("Parameters", count(model["parameters"]) if "parameters" in model else None),
        ("Receptive field", f"{count(steps)} steps" if steps is not None else None),
        ("Features", _joined(model.get("features"))),
        ("Seed", model.get("seed")),
        ("Epoch", model.get("epoch")),
        ("Run", model.get("run")),
        ("Trained on", model.get("training_data")),
        ("Sample axis", _axis(model.get("sample_axis"))),
        ("Sample interval", _interval(model.get("sample_interval_s"))),
        ("Carrier", _frequency(model.get("carrier_hz"))),
        ("Judged on", data.get("path")),
        ("Data digest", data.get("digest")),
        ("Split", data.get("split")),
        ("Examples", count(data["examples"]) if "examples" in data else None),
        ("Classes", _joined(data.get("class_names"))),
        ("Versions", _joined(f"{n} {v}" for n, v in (model.get("versions") or {}).items())),
    )
    return [(key, str(value)) for key, value in rows if value not in (None, "")]


def _joined(values: Iterable[Any] | None) -> str:
    return ", ".join(str(value) for value in values or ())


def _axis(name: str | None) -> str | None:
    return name.replace("_", " ") if name else None


def _frequency(frequency_hz: Any) -> str | None:
    if not known(frequency_hz) or frequency_hz <= 0:
        return None
    return f"{frequency_hz / 1e9:g} GHz"


def _interval(interval_s: Any) -> str | None:
    if not known(interval_s) or interval_s <= 0:
        return None
    return f"{interval_s:g} s ({1 / interval_s:g} Hz)"
