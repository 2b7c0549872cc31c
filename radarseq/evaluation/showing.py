"""What the report shows of a model besides its metrics: its card, examples, training history."""

import csv
from pathlib import Path
from typing import Any

import numpy as np

from radarseq.dataset.schema import Examples
from radarseq.evaluation.comparison import SNR
from radarseq.evaluation.predict import Prediction, Predictor
from radarseq.report.pictures import MOST_PICTURES, Pictures


def model_card(predictor: Predictor, run: str) -> dict[str, Any]:
    """Return what a model is, what it was trained on, and what it must not be used for."""
    network, manifest, header = predictor.network, predictor.manifest, predictor.header
    return {
        "name": network.settings.model,
        "task": network.settings.task,
        "parameters": sum(p.numel() for p in network.parameters()),
        "receptive_field": network.receptive_field,
        "features": list(network.settings.features),
        "seed": manifest.get("training", {}).get("seed"),
        "epoch": manifest.get("epoch"),
        "run": run,
        "training_data": manifest.get("data", {}).get("path"),
        "sample_axis": header.sample_axis,
        "sample_interval_s": header.sample_interval_s,
        "carrier_hz": header.carrier_hz,
        "versions": manifest.get("versions"),
        "limits": _limits(predictor),
    }


def _limits(predictor: Predictor) -> list[str]:
    spec, header = predictor.network.spec, predictor.header
    limits = [
        f"sequences of other than {spec.steps} steps, or another sampling interval or axis",
    ]
    if header.class_names:
        limits.append(
            f"objects outside {', '.join(header.class_names)}: it always names one of these"
        )
    if header.seed >= 0:
        limits.append("measured data, before it has been judged on some: it has seen simulation")
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


def training_history(run: Path) -> list[dict[str, Any]] | None:
    """Return the rows of the run's ``metrics.csv``, or None where there is none."""
    path = run / "metrics.csv"
    if not path.exists():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
