"""What the report shows of a model besides its metrics: its card, examples, training history."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import PARAMETER_PREFIX, SNR, Examples
from radarseq.evaluation.page.tracks import rows_by_capture
from radarseq.inference.predictor import Prediction
from radarseq.report.capture_views import CaptureView, capture_view
from radarseq.report.page import ReportContent
from radarseq.report.pictures import MAX_PICTURES, Pictures
from radarseq.report.tables import MAX_ROWS
from radarseq.training.history import read_history

_WINDOW = PARAMETER_PREFIX + "row"  # which window of its capture a row is


def shown(
    run: Path,
    examples: Examples | None,
    prediction: Prediction | None,
    captures: Sequence[Mapping[str, Any]],
) -> ReportContent:
    """Return what the report shows of a judged set besides its metrics.

    Args:
        run: Of the model, for its training history.
        examples: The rows that were judged, or some windows of each capture; None of nothing.
        prediction: What the model said of them.
        captures: A row a capture, as in ``summary.csv``.
    """
    epochs = read_history(run)
    if examples is None or prediction is None:
        return ReportContent(epochs=epochs)
    names = [str(row["capture"]) for row in captures]
    return ReportContent(pictures(examples, prediction), epochs, capture_views(examples, names))


def capture_views(examples: Examples, names: Sequence[str]) -> list[CaptureView | None]:
    """Return level and phase of the named captures; None for one without rows here.

    Those beyond the last row of the page's table have none.
    """
    if "group" not in examples or examples.input.ndim not in (2, 3):
        return []
    rows = rows_by_capture(examples["group"], examples.header.group_names)
    return [None if name not in rows else _view(examples, rows[name]) for name in names[:MAX_ROWS]]


def _view(examples: Examples, rows: NDArray[np.intp]) -> CaptureView:
    """Return the view of one capture's rows; where they say which windows they are, by that."""
    tx, number = (examples.columns.get(name) for name in ("tx", _WINDOW))
    return capture_view(
        examples.input[rows],
        None if tx is None else tx[rows],
        None if number is None else number[rows],
    )


def pictures(examples: Examples, prediction: Prediction) -> Pictures | None:
    """Return examples to show, one of each class first."""
    signal = examples.input
    if not np.iscomplexobj(signal) or signal.ndim != 2:
        return None
    rows = np.arange(min(MAX_PICTURES, len(examples)))
    if "label" in examples:
        first = np.unique(examples["label"], return_index=True)[1]
        rows = np.concatenate((first, np.setdiff1d(rows, first)))[:MAX_PICTURES]
    names = examples.header.class_names

    def named(labels: Any) -> list[str]:
        return ["" if labels is None or labels[r] < 0 else names[labels[r]] for r in rows]

    def taken(values: Any) -> Any:
        return None if values is None or values.shape != signal.shape else values[rows]

    return Pictures(
        tx=taken(examples.code),
        rx=signal[rows],
        target=taken(examples.columns.get("target")),
        predicted=taken(prediction.echo),
        label=named(examples.columns.get("label")),
        decision=named(prediction.label),
        snr_db=[float(examples[SNR][r]) if SNR in examples else None for r in rows],
    )
