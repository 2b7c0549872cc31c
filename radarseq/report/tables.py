"""Tables of numbers: one row per method, one column per metric; the OOD scores."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from radarseq.report.metrics import COLUMNS, PARTS, MetricColumn
from radarseq.report.text import MISSING, known, percent_interval

MAX_ROWS = 3000  # the page stays below 2 MB and quick to sort; the files have every row

Numbers = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """A number of the main table: its text, and whether it is the best of its column."""

    text: str
    best: bool = False


def main_table(
    metrics: Mapping[str, Any], parts: Iterable[str] = PARTS
) -> tuple[list[str], list[tuple[str, list[Cell]]]]:
    """Return the titles of the columns, and one row for the model and for each other method.

    Columns and rows without any number are omitted.

    Args:
        metrics: The content of ``metrics.json``.
        parts: Parts of the metrics whose columns are wanted.
    """
    # Method -> part of the metrics -> its numbers; the model comes first.
    model = f"{metrics.get('model', {}).get('name', 'model')} (the model)"
    results: dict[str, dict[str, Numbers]] = {model: {}}
    for part in parts:
        content = metrics.get(part) or {}
        results[model][part] = content.get("model") or {}
        for method, numbers in (content.get("baselines") or {}).items():
            results.setdefault(method, {})[part] = numbers
    titles: list[str] = []
    cells: dict[str, list[Cell]] = {method: [] for method in results}
    for column in COLUMNS:
        found = {method: row.get(column.part, {}) for method, row in results.items()}
        values = [value for row in found.values() if known(value := row.get(column.key))]
        if not values:
            continue
        titles.append(column.title)
        best = max(values) if column.higher_is_better else min(values)
        for method, row in found.items():
            cells[method].append(Cell(_text(column, row), row.get(column.key) == best))
    rows = [(m, c) for m, c in cells.items() if any(cell.text != MISSING for cell in c)]
    return titles, rows


def _text(column: MetricColumn, numbers: Numbers) -> str:
    """Return a number, with its interval where that was measured."""
    text = column.text(numbers.get(column.key))
    low, high = (numbers.get(f"{column.key}_{end}") for end in ("low", "high"))
    if text == MISSING or not (known(low) and known(high)):
        return text
    return f"{text} ({percent_interval(low, high)})"


def rows_of(metrics: Mapping[str, Any], part: str) -> list[dict[str, Any]]:
    """Return a part of the metrics that is a list of rows; empty where it is a summary or absent.

    ``metrics.json`` has a summary of the captures; ``summary.csv`` has their rows.
    """
    rows = metrics.get(part)
    return rows if isinstance(rows, list) else []


def group_noun(metrics: Mapping[str, Any]) -> str:
    """Return what a group of windows is: an object of a simulated dataset, or a recording."""
    names = [str(row.get("capture", "")) for row in rows_of(metrics, "captures")]
    is_simulated = bool(names) and all(name.startswith("object ") for name in names)
    return "object" if is_simulated and "batch" not in metrics else "recording"


def ood_scores(metrics: Mapping[str, Any]) -> list[Numbers]:
    """Return the rows of the OOD scores, where more than one score was measured."""
    scores = (metrics.get("unknown") or {}).get("scores") or []
    keys = ("auroc", "found", "false_reject")
    measured = [row for row in scores if any(known(row.get(key)) for key in keys)]
    return measured if len(measured) > 1 else []
