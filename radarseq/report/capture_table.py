"""The table of decisions, one row per object or recording, and its filters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from radarseq.report.text import MISSING, count, fixed, percent

UNKNOWN = "unknown"  # the decision on an object of no known class
EMPTY = "empty"  # the decision on a recording without an object
_NOT_KNOWN = "not known"
_OUTCOME = "outcome"
_WORDS = {True: "right", False: "wrong", None: MISSING}

Numbers = Mapping[str, Any]


@dataclass(frozen=True)
class TableColumn:
    """A column: its title, whether it holds numbers, and its text in a row."""

    title: str
    is_number: bool
    text: Callable[[Numbers], str]


@dataclass(frozen=True)
class TableRow:
    """A row: its name, its cells as (CSS class, text), and its value for each filter."""

    name: str
    cells: list[tuple[str, str]]
    facets: dict[str, str]


@dataclass(frozen=True)
class CaptureTable:
    """The table: titles with their CSS class, rows, and the filters with their choices."""

    columns: list[tuple[str, str]]
    rows: list[TableRow]
    filters: list[tuple[str, str, list[str]]]


def is_right(row: Numbers, class_names: Sequence[str]) -> bool | None:
    """Return whether a decision is right; None without a true class or a decision.

    For an object of no known class, unknown and empty are the right decisions.
    """
    label, decision = row.get("label"), row.get("decision")
    if not label or not decision:
        return None
    return label == decision or (label not in class_names and decision in (UNKNOWN, EMPTY))


def capture_table(rows: Sequence[Numbers], class_names: Sequence[str]) -> CaptureTable:
    """Return the table; a column without any text is omitted, and a filter with one choice.

    Args:
        rows: Rows of ``summary.csv``; missing values show as a dash.
        class_names: The classes that the model knows.
    """
    rows = [{**row, _OUTCOME: _WORDS[is_right(row, class_names)]} for row in rows]
    columns = [column for column in _COLUMNS if any(column.text(r) != MISSING for r in rows)]
    table = [
        TableRow(
            name=str(row.get("capture", "")),
            cells=[(_css_class(c, text), text) for c in columns for text in [c.text(row)]],
            facets={name: value(row) for name, (_, value) in _FILTERS.items()},
        )
        for row in rows
    ]
    filters = [
        (name, title, choices)
        for name, (title, _) in _FILTERS.items()
        if len(choices := sorted({row.facets[name] for row in table})) > 1
    ]
    titles = [(column.title, "number" if column.is_number else "") for column in columns]
    return CaptureTable(titles, table, filters)


def _css_class(column: TableColumn, text: str) -> str:
    if column.title == "Outcome" and text != MISSING:
        return text
    return "number" if column.is_number else ""


def _unknown_windows(row: Numbers) -> str:
    if (decision := row.get("decision")) in (UNKNOWN, EMPTY):
        return f"decided {decision}"
    return "some windows unknown" if row.get("unknown_windows") else "all windows known"


def _issue(row: Numbers) -> str:
    """Return the issue for which windows were skipped."""
    if not row.get("skipped"):
        return "no window skipped"
    reasons = [part.strip() for part in str(row.get("skipped_reasons") or "").split(";")]
    names = [reason.rpartition(" ")[0] or reason for reason in reasons if reason]
    if not names:
        return "windows skipped"
    return names[0] if len(names) == 1 else "several issues"


def _decision(row: Numbers) -> str:
    nearest = row.get("nearest") if row.get("decision") == UNKNOWN else None
    return f"{UNKNOWN} (nearest {nearest})" if nearest else row.get("decision") or MISSING


_FILTERS: dict[str, tuple[str, Callable[[Numbers], str]]] = {
    "label": ("True class", lambda row: row.get("label") or _NOT_KNOWN),
    "decision": ("Decision", lambda row: row.get("decision") or "none"),
    _OUTCOME: ("Outcome", lambda row: _NOT_KNOWN if row[_OUTCOME] == MISSING else row[_OUTCOME]),
    "unknown": ("Unknown", _unknown_windows),
    "quality": ("Issues", _issue),
}
_COLUMNS = (
    TableColumn("True class", False, lambda row: row.get("label") or MISSING),
    TableColumn("Decision", False, _decision),
    TableColumn("Outcome", False, lambda row: row[_OUTCOME]),
    TableColumn("Probability", True, lambda row: fixed(row.get("probability"), 3)),
    TableColumn("Windows", True, lambda row: count(row.get("windows"))),
    TableColumn("Windows right", True, lambda row: percent(row.get("window_accuracy"))),
    TableColumn("Unknown windows", True, lambda row: count(row.get("unknown_windows"))),
    TableColumn("Unknown score", True, lambda row: fixed(row.get("unknown_score"), 2)),
    TableColumn("Skipped windows", True, lambda row: count(row.get("skipped"))),
    TableColumn("Issues", False, lambda row: row.get("skipped_reasons") or MISSING),
)
