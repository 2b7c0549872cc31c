"""The decision table: a row a capture, its columns, and what it can be filtered by."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from radarseq.report.tables import MISSING, count, fixed, percent

Row = Mapping[str, Any]

UNKNOWN = "unknown"  # the decision on an object of no known class
EMPTY = "empty"  # the decision on a capture in which there is nothing
_NOT_KNOWN = "not known"
_OUTCOME = "EvaluationResult"
_WORDS = {True: "right", False: "wrong", None: MISSING}


@dataclass(frozen=True)
class Field:
    """A column: its title, whether it holds numbers, and its text in a row."""

    title: str
    is_number: bool
    text: Callable[[Row], str]


@dataclass(frozen=True)
class Decision:
    """One capture: its cells as (class of style, text), and what the filters see of it."""

    name: str
    cells: list[tuple[str, str]]
    facets: dict[str, str]


@dataclass(frozen=True)
class DecisionTable:
    """The table: titles with their class, rows, and the filters with their choices."""

    columns: list[tuple[str, str]]
    rows: list[Decision]
    filters: list[tuple[str, str, list[str]]]


def outcome(row: Row, class_names: Sequence[str]) -> bool | None:
    """Return whether a decision is right, or None where that cannot be said.

    An object of no known class is decided right where none is named.
    """
    label, decision = row.get("label"), row.get("decision")
    if not label or not decision:
        return None
    return label == decision or (label not in class_names and decision in (UNKNOWN, EMPTY))


def decision_table(rows: Sequence[Row], class_names: Sequence[str]) -> DecisionTable:
    """Return the table of the captures; a column that no row has a text for is left out.

    Args:
        rows: Rows of ``summary.csv``; whatever they lack is shown as missing.
        class_names: The classes that the model knows.
    """
    judged = [{**row, _OUTCOME: _WORDS[outcome(row, class_names)]} for row in rows]
    fields = [field for field in _FIELDS if any(field.text(row) != MISSING for row in judged)]
    decisions = [
        Decision(
            name=str(row.get("capture", "")),
            cells=[(_style(field, text), text) for field in fields for text in [field.text(row)]],
            facets=_facets(row),
        )
        for row in judged
    ]
    columns = [(field.title, "number" if field.is_number else "") for field in fields]
    return DecisionTable(columns, decisions, _filters(decisions))


def _style(field: Field, text: str) -> str:
    if field.title == _OUTCOME and text != MISSING:
        return text
    return "number" if field.is_number else ""


def _facets(row: Row) -> dict[str, str]:
    return {
        "label": row.get("label") or _NOT_KNOWN,
        "decision": row.get("decision") or "none",
        "outcome": row[_OUTCOME] if row[_OUTCOME] != MISSING else _NOT_KNOWN,
        "unknown": _strangeness(row),
        "quality": _quality(row),
    }


def _strangeness(row: Row) -> str:
    if (decision := row.get("decision")) in (UNKNOWN, EMPTY):
        return f"decided {decision}"
    return "some windows unknown" if row.get("unknown_windows") else "all windows known"


def _quality(row: Row) -> str:
    """Return the fault for which windows of a capture were left out."""
    if not row.get("left_out"):
        return "all windows fit"
    reasons = [part.strip() for part in str(row.get("left_out_reasons") or "").split(";")]
    names = [reason.rpartition(" ")[0] or reason for reason in reasons if reason]
    if not names:
        return "windows left out"
    return names[0] if len(names) == 1 else "several faults"


_TITLES = {
    "label": "True class",
    "decision": "Decision",
    "outcome": _OUTCOME,
    "unknown": "Unknown",
    "quality": "Quality",
}


def _filters(decisions: Iterable[Decision]) -> list[tuple[str, str, list[str]]]:
    """Return name, title and choices of each filter that tells at least two kinds of rows apart."""
    found = [
        (name, title, sorted({one.facets[name] for one in decisions}))
        for name, title in _TITLES.items()
    ]
    return [(name, title, choices) for name, title, choices in found if len(choices) > 1]


def _decided(row: Row) -> str:
    nearest = row.get("nearest") if row.get("decision") == UNKNOWN else None
    return f"{UNKNOWN} (nearest {nearest})" if nearest else row.get("decision") or MISSING


_FIELDS = (
    Field("True class", False, lambda row: row.get("label") or MISSING),
    Field("Decision", False, lambda row: _decided(row)),
    Field(_OUTCOME, False, lambda row: row[_OUTCOME]),
    Field("Probability", True, lambda row: fixed(row.get("probability"), 3)),
    Field("Windows", True, lambda row: count(row.get("windows"))),
    Field("Windows right", True, lambda row: percent(row.get("window_accuracy"))),
    Field("Unknown windows", True, lambda row: count(row.get("unknown_windows"))),
    Field("Unknown score", True, lambda row: fixed(row.get("unknown_score"), 2)),
    Field("Left out", True, lambda row: count(row.get("left_out"))),
    Field("Faults", False, lambda row: row.get("left_out_reasons") or MISSING),
)
