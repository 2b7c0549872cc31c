"""The report drawn from an evaluation folder alone: no model, no data, no computing again."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

from radarseq.artifacts.kind import Kind, kind_of
from radarseq.artifacts.validation import check_digests
from radarseq.errors import EvaluationError
from radarseq.evaluation.output.folder import (
    FAILURES,
    METRICS,
    PREDICTIONS,
    REPORT,
    REPORT_DATA,
    SUMMARY,
)
from radarseq.evaluation.page.saved_data import read_report_data
from radarseq.evaluation.page.tracks import with_tracks
from radarseq.report.page import PLOTS_NAME, ReportContent, write_report
from radarseq.storage.atomic import sha256_file
from radarseq.storage.output_folder import output_folder
from radarseq.storage.sealed import read_json, write_json

_NAMES = frozenset({"label", "decision", "nearest"})  # None where there is none
_TEXTS = frozenset({"capture", "left_out_reasons", "file", "reason", "hint"})


def redraw(folder: Path | str) -> Path:
    """Draw the page of an evaluation again, from what the evaluation left on disk.

    Nothing is judged again and no model is needed; an evaluation by an older version gets the
    page of this one.

    Args:
        folder: An evaluation folder, made by ``evaluate``.

    Returns:
        The path of the page.

    Raises:
        EvaluationError: If it is no evaluation, or a file of it is missing or altered.
        DataError: If there is nothing, or its ``metrics.json`` is damaged.
        OutputError: If another process writes there.
    """
    folder = Path(folder)
    kind = kind_of(folder)
    if kind is not Kind.EVALUATION:
        raise EvaluationError(
            f"{folder}: is a {kind}; expected an evaluation folder, made by radarseq evaluate"
        )
    with output_folder(folder, resume=True):
        metrics = read_json(folder / METRICS, EvaluationError)
        kept = _kept(folder, metrics.pop("files", None) or {})
        page = draw(folder, metrics)
        made = [page, *(folder / PLOTS_NAME).glob("*.svg")]
        files = kept | {path.relative_to(folder).as_posix(): sha256_file(path) for path in made}
        write_json(folder / METRICS, metrics | {"files": dict(sorted(files.items()))})
    return page


def _kept(folder: Path, files: dict[str, str]) -> dict[str, str]:
    """Return the digests of the files that are not made anew, once all are found as they were."""
    made = {name for name in files if name == REPORT or name.startswith(f"{PLOTS_NAME}/")}
    faults: list[str] = []
    check_digests(folder, faults, passed_over=made)
    if faults:
        raise EvaluationError("; ".join(faults))
    return {name: digest for name, digest in files.items() if name not in made}


def draw(folder: Path, metrics: dict[str, Any]) -> Path:
    """Write the page of the evaluation in ``folder``.

    Args:
        folder: Where ``summary.csv`` and the other files lie already.
        metrics: The content of ``metrics.json``.

    Returns:
        The path of the page.

    Raises:
        EvaluationError: If a file is malformed.
    """
    captures = read_rows(folder / SUMMARY)
    content = metrics | {"captures": captures, "failures": read_rows(folder / FAILURES)}
    if isinstance(summary := metrics.get("captures"), dict):
        content["capture_summary"] = summary
    shown = read_report_data(folder) if (folder / REPORT_DATA).exists() else ReportContent()
    names = [str(row["capture"]) for row in captures]
    views = with_tracks(folder / PREDICTIONS, names, shown.views)
    return write_report(folder, content, replace(shown, views=views))


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a CSV file of an evaluation, as they were before they were written.

    Raises:
        EvaluationError: If it is no such table.
    """
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, strict=True))
        return [{key: _value(key, text) for key, text in row.items()} for row in rows]
    except (OSError, ValueError, TypeError, csv.Error) as fault:
        raise EvaluationError(
            f"{path}: not the table that radarseq evaluate wrote ({fault}); evaluate again"
        ) from fault


def _value(key: str, text: str) -> str | int | float | None:
    if key in _TEXTS:
        return text
    if text == "":
        return None
    if key in _NAMES:
        return text
    return int(text) if text.lstrip("-").isdecimal() else float(text)
