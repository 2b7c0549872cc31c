"""What an evaluation leaves on disk: a row a capture, a row a window, and what failed."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from radarseq.dataset.schema import PARAMETER_PREFIX, Examples
from radarseq.dataset.write import hdf5_image
from radarseq.evaluation.fusion import Fused
from radarseq.evaluation.predict import Prediction
from radarseq.files import sha256_file, write_atomically, write_json

PREDICTIONS, SUMMARY, FAILURES = "predictions.h5", "summary.csv", "failures.csv"
METRICS, REPORT, REPORT_DATA = "metrics.json", "report.html", "report.h5"
# What a killed evaluation may leave; one that has ended has metrics.json too.
UNFINISHED = (PREDICTIONS, SUMMARY, FAILURES, REPORT, REPORT_DATA, "plots")
EVALUATION_KIND = "radarseq evaluation"
SUMMARY_COLUMNS = (
    "capture",
    "windows",
    "label",
    "decision",
    "probability",
    "window_accuracy",
)


def capture_rows(fused: Sequence[Fused], judged: Examples, prediction: Prediction) -> list[dict]:
    """Return one row for each capture: its decision by all windows together.

    A file whose rows belong to several classes is a table, not a capture: it has no decision.
    """
    header, rows = judged.header, []
    for item in fused:
        label = judged["label"][item.rows] if "label" in judged else np.array([-1])
        is_table = len(np.unique(label[label >= 0])) > 1  # rows of several classes, no capture
        known = bool((label >= 0).all()) and not is_table
        hits = None
        if (known or is_table) and prediction.label is not None:
            judged_rows = label >= 0
            hits = float((prediction.label[item.rows] == label)[judged_rows].mean())
        rows.append(
            {
                "capture": group_name(judged, item),
                "windows": len(item.rows),
                "label": header.class_names[label[0]] if known else None,
                "decision": None if is_table else header.class_names[item.decision],
                "probability": None if is_table else float(item.posterior.max()),
                "window_accuracy": hits,
            }
        )
    return rows


def group_name(judged: Examples, item: Fused) -> str:
    """Return the recording's name, or the object's number."""
    if judged.header.group_names:
        return judged.header.group_names[item.group]
    return f"object {item.group}"


def write_summary(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write ``summary.csv``, a row a capture."""
    _write_csv(folder / SUMMARY, SUMMARY_COLUMNS, rows)


def write_failures(folder: Path, failures: Iterable[dict[str, str]]) -> None:
    """Write ``failures.csv``: the recordings that could not be judged, and why."""
    _write_csv(folder / FAILURES, ("capture", "reason", "remedy"), failures)


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode("utf-8", "backslashreplace"))


def write_predictions(folder: Path, judged: Examples, prediction: Prediction) -> None:
    """Write ``predictions.h5``, a row a window, one array a column."""
    columns: dict[str, Any] = {
        "probability": prediction.probabilities,
        "decision": prediction.label,
        "echo": prediction.echo,
    }
    for name in ("label", "group", PARAMETER_PREFIX + "row", PARAMETER_PREFIX + "snr_db"):
        if name in judged:
            columns[name.removeprefix(PARAMETER_PREFIX)] = judged[name]

    def fill(file: h5py.File) -> None:
        for column, values in columns.items():
            if values is not None:
                file.create_dataset(column, data=values)
        text = h5py.string_dtype()
        for key in ("class_names", "group_names"):
            names = list(getattr(judged.header, key))
            file.attrs.create(key, np.array(names, dtype=object), dtype=text)

    write_atomically(folder / PREDICTIONS, hdf5_image(fill))


def write_metrics(folder: Path, metrics: dict[str, Any]) -> None:
    """Write ``metrics.json`` last, with the digests of all the other files of the folder."""
    names = (PREDICTIONS, SUMMARY, FAILURES, REPORT, REPORT_DATA)
    files = {name: sha256_file(folder / name) for name in names if (folder / name).exists()}
    write_json(folder / METRICS, metrics | {"files": files})
