"""What an evaluation leaves on disk: a row a capture, a row a window, and what failed."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from radarseq.evaluation.output.hdf5_columns import Column, column_file
from radarseq.evaluation.output.partial_results import FOLDER, PLAN
from radarseq.storage.atomic import sha256_file, write_atomically
from radarseq.storage.sealed import write_json

PREDICTIONS, SUMMARY, FAILURES = "predictions.h5", "summary.csv", "failures.csv"
METRICS, REPORT, REPORT_DATA = "metrics.json", "report.html", "report.h5"
ANNOTATIONS = "annotations"
# What a killed evaluation may leave, with the mark of unfinished work beside it.
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
    "left_out",
    "left_out_reasons",
    "file",
)


def write_summary(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write ``summary.csv``, a row a capture."""
    _write_csv(folder / SUMMARY, SUMMARY_COLUMNS, rows)


def write_failures(folder: Path, failures: Iterable[dict[str, str]]) -> None:
    """Write ``failures.csv``: the recordings that could not be judged, and why."""
    _write_csv(folder / FAILURES, ("capture", "reason", "hint"), failures)


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode("utf-8", "backslashreplace"))


def write_predictions(
    folder: Path,
    columns: Mapping[str, Column],
    rows: int,
    blocks: Iterable[Mapping[str, NDArray]],
    class_names: Sequence[str],
    group_names: Sequence[str],
) -> None:
    """Write ``predictions.h5``, a row a window, one plain array a column.

    Args:
        folder: The evaluation folder.
        columns: What there is of each window.
        rows: How many windows.
        blocks: The columns' values, windows that follow each other.
        class_names: What labels and decisions index.
        group_names: What groups index; empty for the objects of a dataset.
    """

    def fill(file: h5py.File) -> None:
        text = h5py.string_dtype()
        for key, names in (("class_names", class_names), ("group_names", group_names)):
            file.attrs.create(key, np.array(list(names), dtype=object), dtype=text)

    first = 0
    with column_file(folder / PREDICTIONS, columns, rows, fill) as writer:
        for block in blocks:
            writer.write(first, block)
            first += len(next(iter(block.values())))


def columns_of(block: Mapping[str, NDArray]) -> dict[str, Column]:
    """Return the columns of which a block holds values."""
    return {name: Column(values.dtype, values.shape[1:]) for name, values in block.items()}


def write_metrics(folder: Path, metrics: dict[str, Any]) -> None:
    """Write ``metrics.json`` last, with the digests of all the other files of the folder."""
    paths = [path for path in sorted(folder.rglob("[!.]*")) if path.is_file()]
    paths = [path for path in paths if path != folder / METRICS]
    files = {path.relative_to(folder).as_posix(): sha256_file(path) for path in paths}
    write_json(folder / METRICS, metrics | {"files": files})
