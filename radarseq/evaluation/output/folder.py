"""Files of an evaluation folder: their names, and the tables that no other module writes."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from radarseq.evaluation.output.hdf5_columns import ColumnWriter, OutputColumn, column_file
from radarseq.evaluation.output.partial_results import FOLDER, PLAN
from radarseq.storage.atomic import sha256_file, write_atomically
from radarseq.storage.sealed import write_json

PREDICTIONS, SUMMARY, FAILURES = "predictions.h5", "summary.csv", "failures.csv"
METRICS, REPORT, REPORT_DATA = "metrics.json", "report.html", "report.h5"
ANNOTATIONS = "annotations"
# Files that a killed evaluation may leave, next to the mark of unfinished work.
UNFINISHED = (
    METRICS,
    PREDICTIONS,
    SUMMARY,
    FAILURES,
    REPORT,
    REPORT_DATA,
    "plots",
    PLAN,
    FOLDER,
    ANNOTATIONS,
    "*.parquet",
)
EVALUATION_KIND = "radarseq evaluation"
UNKNOWN, EMPTY_DECISION = "unknown", "empty"  # decisions that are no class
SUMMARY_COLUMNS = (
    "capture",
    "windows",
    "label",
    "decision",
    "probability",
    "window_accuracy",
    "nearest",
    "unknown_windows",
    "unknown_score",
    "skipped",
    "skipped_reasons",
    "file",
)


def write_summary(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write ``summary.csv``, one row per recording or object."""
    _write_csv(folder / SUMMARY, SUMMARY_COLUMNS, rows)


def write_failures(folder: Path, failures: Iterable[dict[str, str]]) -> None:
    """Write ``failures.csv``: the recordings that could not be evaluated, and why."""
    _write_csv(folder / FAILURES, ("capture", "reason", "hint"), failures)


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode("utf-8", "backslashreplace"))


def predictions_file(
    folder: Path,
    columns: Mapping[str, OutputColumn],
    rows: int,
    class_names: Sequence[str],
    group_names: Sequence[str],
) -> AbstractContextManager[ColumnWriter]:
    """Open ``predictions.h5`` for writing: one row per window, one plain array per column.

    Args:
        folder: The evaluation folder.
        columns: The columns.
        rows: Number of windows.
        class_names: Names that labels and decisions index.
        group_names: Names that groups index; empty for the objects of a dataset.
    """

    def fill(file: h5py.File) -> None:
        text = h5py.string_dtype()
        for key, names in (("class_names", class_names), ("group_names", group_names)):
            file.attrs.create(key, np.array(list(names), dtype=object), dtype=text)

    return column_file(folder / PREDICTIONS, columns, rows, fill)


def write_metrics(folder: Path, metrics: dict[str, Any]) -> None:
    """Write ``metrics.json`` last, with the digests of all the other files of the folder."""
    paths = [path for path in sorted(folder.rglob("[!.]*")) if path.is_file()]
    files = {
        path.relative_to(folder).as_posix(): sha256_file(path)
        for path in paths
        if path != folder / METRICS
    }
    write_json(folder / METRICS, metrics | {"files": files})
