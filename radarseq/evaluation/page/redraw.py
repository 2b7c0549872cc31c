"""Draws the page of an evaluation folder again, without model and data."""

import csv
from pathlib import Path
from typing import Any

from radarseq.artifacts.kind import Kind, kind_of
from radarseq.artifacts.validation import check_digests
from radarseq.errors import EvaluationError
from radarseq.evaluation.output.folder import (
    FAILURES,
    METRICS,
    REPORT,
    REPORT_DATA,
    SUMMARY,
)
from radarseq.evaluation.page.content import draw_page
from radarseq.evaluation.page.saved_data import read_report_data
from radarseq.report.page import PLOTS_NAME, ReportContent
from radarseq.storage.atomic import sha256_file
from radarseq.storage.output_folder import output_folder
from radarseq.storage.sealed import read_json, write_json

_NAMES = frozenset({"label", "decision", "nearest"})  # text, or None for an empty field
_TEXTS = frozenset({"capture", "skipped_reasons", "file", "reason", "hint"})


def redraw(folder: Path | str) -> Path:
    """Draw the page of an evaluation again, from the files of its folder.

    Nothing is evaluated again and no model is needed. An evaluation by an older version gets the
    page of this version.

    Args:
        folder: An evaluation folder, made by ``evaluate``.

    Returns:
        The path of the page.

    Raises:
        EvaluationError: If it is not an evaluation, or a file of it is missing or altered.
        DataError: If nothing is there, or its ``metrics.json`` is damaged.
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
        files = metrics.pop("files", None) or {}
        drawn = {name for name in files if name == REPORT or name.startswith(f"{PLOTS_NAME}/")}
        issues: list[str] = []
        check_digests(folder, issues, passed_over=drawn)
        if issues:
            raise EvaluationError("; ".join(issues))
        captures, failures = (read_rows(folder / name) for name in (SUMMARY, FAILURES))
        has_content = (folder / REPORT_DATA).exists()
        content = read_report_data(folder) if has_content else ReportContent()
        page = draw_page(folder, metrics, captures, failures, content)
        files = {name: digest for name, digest in files.items() if name not in drawn}
        for path in (page, *(folder / PLOTS_NAME).glob("*.svg")):
            files[path.relative_to(folder).as_posix()] = sha256_file(path)
        write_json(folder / METRICS, metrics | {"files": dict(sorted(files.items()))})
    return page


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a CSV file of an evaluation, with their types; none without the file.

    Raises:
        EvaluationError: If it is not such a table.
    """
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, strict=True))
        return [{key: _value(key, text) for key, text in row.items()} for row in rows]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise EvaluationError(
            f"{path}: not the table that radarseq evaluate wrote ({error}); evaluate again"
        ) from error


def _value(key: str, text: str) -> str | int | float | None:
    if key in _TEXTS:
        return text
    if text == "":
        return None
    if key in _NAMES:
        return text
    return int(text) if text.lstrip("-").isdecimal() else float(text)
