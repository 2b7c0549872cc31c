"""Judging a model on a dataset or on recordings: predictions, metrics, baselines, report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import Examples
from radarseq.errors import DatasetError
from radarseq.evaluation.comparison import compare_classes
from radarseq.evaluation.fusion import fuse
from radarseq.evaluation.gathering import Judged, rows_to_judge
from radarseq.evaluation.predict import Prediction, Predictor, load
from radarseq.evaluation.records import (
    EVALUATION_KIND,
    UNFINISHED,
    capture_rows,
    write_failures,
    write_metrics,
    write_predictions,
    write_summary,
)
from radarseq.evaluation.sequences import sequence_part
from radarseq.evaluation.showing import model_card, pictures, training_history
from radarseq.files import output_folder
from radarseq.models.baselines import majority_probabilities
from radarseq.report.page import write_report


@dataclass(frozen=True)
class EvaluateResult:
    """What an evaluation came to.

    Attributes:
        folder: Where it is written.
        metrics: The content of ``metrics.json``.
        captures: One row a capture, as in ``summary.csv``.
        failures: Recordings that could not be judged: capture, reason, remedy.
    """

    folder: Path
    metrics: dict[str, Any]
    captures: list[dict[str, Any]]
    failures: list[dict[str, str]]


def evaluate(
    run: Path | str,
    data: Path | str | Sequence[Path | str],
    out: Path | str,
    *,
    split: str = "test",
    name: str = "",
    beside: Sequence[Path | str] = (),
    resample: bool = False,
    device: str = "auto",
) -> EvaluateResult:
    """Judge a trained model beside its baselines, and write the evaluation folder.

    Args:
        run: A run folder.
        data: A dataset, or recordings (files and folders) of the kind that it was trained on.
        out: The folder to write; new or empty.
        split: Which rows of a dataset: ``test``, ``validation``, ``train`` or ``all``.
        name: For recordings, the pattern of their names, such as ``{label}_{group}.npz``; empty
            takes the one that the training data were imported with.
        beside: Other runs to judge on the same rows, for comparison.
        resample: Whether a dataset of another sampling interval is brought to the model's.
        device: ``auto``, ``cpu`` or ``cuda``.

    Returns:
        The metrics, a row a capture, and the recordings that failed.

    Raises:
        CheckpointError: If the run has no checkpoint, or it is damaged.
        DatasetError: If the dataset is damaged, or the split has no rows.
        MismatchError: If data and model differ in steps, sample axis or interval.
        CaptureError: If not one of the recordings can be read.
        OutputError: If ``out`` is in use or not empty.
    """
    predictor = load(run, device=device)
    paths = [Path(data)] if isinstance(data, str | Path) else [Path(item) for item in data]
    with output_folder(Path(out), unfinished=UNFINISHED) as folder:
        judged = rows_to_judge(predictor, paths, split, name, resample=resample)
        prediction = predictor.predict_examples(judged.examples)
        others = _predict_beside(beside, predictor, judged.examples, device)
        metrics, captures = _metrics(predictor, str(run), judged, prediction, others)
        write_predictions(folder, judged.examples, prediction)
        write_summary(folder, captures)
        write_failures(folder, judged.failures)
        shown = metrics | {"captures": captures, "failures": judged.failures}
        examples = pictures(judged.examples, prediction)
        write_report(folder, shown, examples, training_history(Path(run)))
        write_metrics(folder, metrics)
    return EvaluateResult(Path(out), metrics, captures, judged.failures)


def _predict_beside(
    runs: Sequence[Path | str], predictor: Predictor, examples: Examples, device: str
) -> dict[str, Prediction]:
    """Return the other models' predictions, by a name that tells them apart."""
    others: dict[str, Prediction] = {}
    for run in runs:
        other = load(run, device=device)
        if other.class_names != predictor.class_names:
            raise DatasetError(
                f"{run} knows the classes {', '.join(other.class_names)}, not "
                f"{', '.join(predictor.class_names)}; such models cannot be compared"
            )
        name = other.network.settings.model
        taken = name in others or name == predictor.network.settings.model
        others[f"{name} ({run})" if taken else name] = other.predict_examples(examples)
    return others


def _metrics(
    predictor: Predictor,
    run: str,
    judged: Judged,
    prediction: Prediction,
    others: dict[str, Prediction],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the content of ``metrics.json``, and a row for each capture."""
    examples = judged.examples
    metrics: dict[str, Any] = {
        "kind": EVALUATION_KIND,
        "model": model_card(predictor, run),
        "data": {
            "path": judged.path,
            "digest": judged.digest,
            "split": judged.split,
            "examples": len(examples),
            "left_out": judged.left_out,
            "class_names": list(predictor.class_names),
            "warnings": list(examples.header.warnings),
        },
    }
    captures: list[dict[str, Any]] = []
    settings = predictor.network.settings
    if prediction.probabilities is not None:
        if (rows := _labelled_rows(examples)).size:
            metrics["classification"] = compare_classes(
                settings.model,
                prediction.probabilities[rows],
                examples.take(rows),
                judged.training,
                {
                    w: p.probabilities[rows]
                    for w, p in others.items()
                    if p.probabilities is not None
                },
            )
        if "group" in examples:
            prior = _class_shares(predictor, judged.training)
            fused = fuse(prediction.probabilities, examples["group"], prior)
            captures = capture_rows(fused, examples, prediction)
            metrics["captures"] = _capture_metrics(captures)
    network = predictor.network
    metrics |= sequence_part(settings.model, network, prediction, examples, judged.training, others)
    return metrics, captures


def _labelled_rows(examples: Examples) -> NDArray[np.intp]:
    return np.flatnonzero(examples["label"] >= 0) if "label" in examples else np.zeros(0, np.intp)


def _class_shares(predictor: Predictor, training: Examples | None) -> NDArray[np.float64]:
    """Return the classes' shares of the training data; equal ones where that is gone."""
    classes = len(predictor.class_names)
    if training is None or "label" not in training:
        return np.full(classes, 1 / classes)
    return majority_probabilities(training, training.take(slice(1)))[0]


def _capture_metrics(captures: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how many captures there are, and the share of right decisions where it is known."""
    known = [row for row in captures if row["label"] is not None]
    right = [row["label"] == row["decision"] for row in known]
    return {
        "captures": len(captures),
        "labelled": len(known),
        "accuracy": float(np.mean(right)) if right else None,
    }
