"""What the report shows of a model besides its metrics: its card, examples, training history."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import PARAMETER_PREFIX, Examples
from radarseq.evaluation.comparison import SNR
from radarseq.evaluation.predict import Prediction, Predictor
from radarseq.evaluation.tracks import rows_by_capture
from radarseq.report.page import Shown
from radarseq.report.pictures import MOST_PICTURES, Pictures
from radarseq.report.tables import MOST_ROWS
from radarseq.report.views import CaptureView, capture_view
from radarseq.training.history import read_history

_WINDOW = PARAMETER_PREFIX + "row"  # which window of its capture a row is


def model_card(predictor: Predictor, run: str) -> dict[str, Any]:
    """Return what a model is, what it was trained on, and what it must not be used for."""
    network, manifest, header = predictor.network, predictor.manifest, predictor.header
    return {
        "name": predictor.name,
        "task": network.settings.task,
        "parameters": sum(p.numel() for p in network.parameters()),
        "receptive_field": network.receptive_field,
        "features": list(network.settings.features),
        "temperature": predictor.temperature if network.settings.classifies else None,
        "seed": manifest.get("training", {}).get("seed"),
        "epoch": manifest.get("epoch"),
        "run": run,
        "training_data": manifest.get("data", {}).get("path"),
        "training_digest": manifest.get("data", {}).get("digest"),
        "sample_axis": header.sample_axis,
        "sample_interval_s": header.sample_interval_s,
        "carrier_hz": header.carrier_hz,
        "versions": manifest.get("versions"),
        "intended_use": _intended_use(predictor),
        "limits": _limits(predictor),
    }


def shown(
    run: Path,
    examples: Examples | None,
    prediction: Prediction | None,
    captures: Sequence[Mapping[str, Any]],
) -> Shown:
    """Return what the report shows of a judged set besides its metrics.

    Args:
        run: Of the model, for its training history.
        examples: The rows that were judged, or some windows of each capture; None of nothing.
        prediction: What the model said of them.
        captures: A row a capture, as in ``summary.csv``.
    """
    epochs = read_history(run)
    if examples is None or prediction is None:
        return Shown(epochs=epochs)
    names = [str(row["capture"]) for row in captures]
    return Shown(pictures(examples, prediction), epochs, capture_views(examples, names))


def capture_views(examples: Examples, names: Sequence[str]) -> list[CaptureView | None]:
    """Return level and phase of the named captures; None for one without rows here.

    Those beyond the last row of the page's table have none.
    """
    if "group" not in examples or examples.input.ndim not in (2, 3):
        return []
    rows = rows_by_capture(examples["group"], examples.header.group_names)
    return [None if name not in rows else _view(examples, rows[name]) for name in names[:MOST_ROWS]]


def _view(examples: Examples, rows: NDArray[np.intp]) -> CaptureView:
    """Return the view of one capture's rows; where they say which windows they are, by that."""
    tx, number = (examples.columns.get(name) for name in ("tx", _WINDOW))
    return capture_view(
        examples.input[rows],
        None if tx is None else tx[rows],
        None if number is None else number[rows],
    )


def _intended_use(predictor: Predictor) -> list[str]:
    """Return what the model was made for, from what is known of its training."""
    spec, header = predictor.network.spec, predictor.header
    kind = "simulated" if header.seed >= 0 else "recorded"
    uses = []
    if header.class_names and predictor.network.settings.classifies:
        uses.append(
            f"naming an object as one of {', '.join(header.class_names)} from {spec.steps} samples"
        )
    if predictor.network.settings.task != "classify":
        uses.append(f"estimating the echo in {spec.steps} noisy samples, sample by sample")
    uses.append(
        f"data like those it was trained on ({kind}): the same radar, waveform and sampling"
    )
    uses.append("research and comparison, its probabilities read beside the charts above")
    return uses


def _limits(predictor: Predictor) -> list[str]:
    """Return what the model must not be used for."""
    spec, header = predictor.network.spec, predictor.header
    limits = [
        f"sequences of other than {spec.steps} steps, or another sampling interval or axis",
        "another carrier, waveform, polarisation, receiver or range of SNR than it was trained "
        "on, before it has been judged on such data",
    ]
    if header.class_names:
        limits.append(
            f"objects outside {', '.join(header.class_names)}: the nearest of these is named, and "
            "a threshold for the unknown finds only part of them"
        )
    if header.seed >= 0:
        limits.append("measured data, before it has been judged on some: it has seen simulation")
    limits.append(
        "decisions about safety, or about people, without a person and a second source: it errs "
        "as often as the tables above say, and more where the data differ"
    )
    return limits


def pictures(examples: Examples, prediction: Prediction) -> Pictures | None:
    """Return examples to show, one of each class first."""
    signal = examples.input
    if not np.iscomplexobj(signal) or signal.ndim != 2:
        return None
    rows = np.arange(min(MOST_PICTURES, len(examples)))
    if "label" in examples:
        first = np.unique(examples["label"], return_index=True)[1]
        rows = np.concatenate((first, np.setdiff1d(rows, first)))[:MOST_PICTURES]
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
