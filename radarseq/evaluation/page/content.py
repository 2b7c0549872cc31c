"""Content of the page besides the metrics, from model and data; and the page itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from radarseq.dataset.row_operations import rows_by_group
from radarseq.dataset.schema import PARAMETER_PREFIX, SNR, Examples
from radarseq.evaluation.output.folder import PREDICTIONS
from radarseq.evaluation.page.tracks import group_numbers, with_tracks
from radarseq.inference.predictor import Prediction
from radarseq.report.capture_views import CaptureView, capture_view
from radarseq.report.figures.pictures import MAX_PICTURES, Pictures
from radarseq.report.page import ReportContent, write_report
from radarseq.report.tables import MAX_ROWS
from radarseq.training.history import read_history

_ROW = PARAMETER_PREFIX + "row"  # index of a window in its recording


def report_content(
    run: Path,
    examples: Examples | None,
    prediction: Prediction | None,
    captures: Sequence[Mapping[str, Any]],
) -> ReportContent:
    """Return the content of the page besides the metrics.

    Args:
        run: Of the model, for its training history.
        examples: The evaluated rows, or some windows of each recording; None of nothing.
        prediction: Of the model, for these rows.
        captures: One row per object or recording, as in ``summary.csv``.
    """
    epochs = read_history(run)
    if examples is None or prediction is None:
        return ReportContent(epochs=epochs)
    names = [str(row["capture"]) for row in captures]
    return ReportContent(pictures(examples, prediction), epochs, capture_views(examples, names))


def draw_page(
    folder: Path,
    metrics: Mapping[str, Any],
    captures: Sequence[Mapping[str, Any]],
    failures: Sequence[Mapping[str, Any]],
    content: ReportContent,
) -> Path:
    """Write the page of the evaluation in ``folder``, where ``predictions.h5`` is; return its path.

    Args:
        folder: The evaluation folder.
        metrics: The content of ``metrics.json``.
        captures: The rows of ``summary.csv``.
        failures: The rows of ``failures.csv``.
        content: Content besides the metrics; its views get their posteriors here.

    Raises:
        EvaluationError: If ``predictions.h5`` is malformed.
    """
    shown = {**metrics, "captures": list(captures), "failures": list(failures)}
    if isinstance(summary := metrics.get("captures"), dict):
        shown["capture_summary"] = summary
    names = [str(row["capture"]) for row in captures]
    views = with_tracks(folder / PREDICTIONS, names, content.views)
    return write_report(folder, shown, replace(content, views=views))


def capture_views(examples: Examples, names: Sequence[str]) -> list[CaptureView | None]:
    """Return level and phase of the named objects or recordings; None for one without rows here.

    Those beyond the last row of the page's table have none.
    """
    if "group" not in examples or examples.input.ndim not in (2, 3):
        return []
    rows_of = dict(zip(*rows_by_group(examples["group"]), strict=True))
    columns = (examples.input, examples.columns.get("tx"), examples.columns.get(_ROW))
    views: list[CaptureView | None] = []
    for number in group_numbers(names[:MAX_ROWS], examples.header.group_names):
        rows = rows_of.get(number)
        if rows is None:
            views.append(None)
            continue
        samples, tx, row = (None if column is None else column[rows] for column in columns)
        assert samples is not None
        views.append(capture_view(samples, tx, row))
    return views


def pictures(examples: Examples, prediction: Prediction) -> Pictures | None:
    """Return examples to draw, one of each class first; None for sequences that are not complex."""
    signal = examples.input
    if not np.iscomplexobj(signal) or signal.ndim != 2:
        return None
    rows = np.arange(min(MAX_PICTURES, len(examples)))
    if "label" in examples:
        first = np.unique(examples["label"], return_index=True)[1]
        rows = np.concatenate((first, np.setdiff1d(rows, first)))[:MAX_PICTURES]
    class_names = examples.header.class_names

    def names(labels: Any) -> list[str]:
        return ["" if labels is None or labels[r] < 0 else class_names[labels[r]] for r in rows]

    def samples(values: Any) -> Any:
        return None if values is None or values.shape != signal.shape else values[rows]

    return Pictures(
        tx=samples(examples.code),
        rx=signal[rows],
        target=samples(examples.columns.get("target")),
        predicted=samples(prediction.echo),
        label=names(examples.columns.get("label")),
        decision=names(prediction.label),
        snr_db=[float(examples[SNR][r]) if SNR in examples else None for r in rows],
    )
