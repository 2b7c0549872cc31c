"""A dataset judged as a whole."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.classifiers import fit_boosting
from radarseq.baselines.names import BOOSTING
from radarseq.dataset.schema import PARAMETER_PREFIX, SNR, Examples
from radarseq.evaluation.decisions.capture_table import Windows, capture_rows
from radarseq.evaluation.decisions.fusion import Fusion
from radarseq.evaluation.metrics.by_task import sequence_part
from radarseq.evaluation.metrics.compare_classes import class_baselines
from radarseq.evaluation.metrics_json import (
    capture_metrics,
    common_metrics,
    quality_part,
    window_metrics,
)
from radarseq.evaluation.output.folder import columns_of, write_predictions
from radarseq.evaluation.pipelines.calibrate import Prepared, prepare
from radarseq.evaluation.pipelines.select_rows import Judged, select_rows, unknown_objects
from radarseq.evaluation.pipelines.stress import stress_part
from radarseq.evaluation.request import EvaluationResult, Task
from radarseq.inference.predictor import Prediction
from radarseq.inference.training_rows import TrainingRows, load_training_rows

_KEPT = ("label", "group", PARAMETER_PREFIX + "row", PARAMETER_PREFIX + "snr_db")


def evaluate_dataset(task: Task, folder: Path) -> EvaluationResult:
    """Judge the rows of a dataset, and write their ``predictions.h5``.

    Raises:
        DatasetError: If it is damaged, has other classes, or the split has no rows.
        MismatchError: If it is not of the kind that the model was trained on.
        UsageError: If the unknown objects are none.
    """
    predictor = task.predictor
    settings = task.settings
    judged = select_rows(
        predictor,
        task.paths[0],
        settings.split,
        settings.unknown_class,
        resample=settings.resample,
    )
    examples = judged.examples
    predictor.check(examples.header, examples)
    held_out = judged.held_out
    if task.unknown:
        held_out = unknown_objects(predictor, task.unknown, task.reading)
    prepared = prepare(task, lambda: _known(task, judged) or judged.known, held_out, None)
    chosen = prepared.chosen
    describe = None if chosen is None else chosen.describe
    prediction = predictor.predict_examples(examples, describe=describe)
    others = {name: other.predict_examples(examples) for name, other in task.beside.items()}
    training = _training(task, judged)
    windows, columns = _windows(task, examples, prediction, others, training, prepared)
    names = predictor.class_names, examples.header.group_names
    write_predictions(folder, columns_of(columns), len(examples), [columns], *names)
    metrics = common_metrics(
        task,
        {
            "path": judged.path,
            "digest": judged.digest,
            "split": task.settings.split,
            "examples": len(examples),
            "left_out": {},
            "class_names": list(predictor.class_names),
            "warnings": list(examples.header.warnings),
        },
    ) | window_metrics(task, windows, chosen)
    captures = []
    if windows.posterior is not None and windows.group is not None:
        captures = capture_rows(windows, {})
        metrics["captures"] = capture_metrics(captures, windows.class_names, prepared.fusion_weight)
    metrics["quality"] = quality_part(captures, {}, len(examples))
    network = predictor.network
    metrics |= sequence_part(task.name, network, prediction, examples, training, others)
    if task.settings.stress:
        baseline = None
        if training is not None and "label" in training:
            baseline = (BOOSTING, fit_boosting(training).probabilities)
        if (part := stress_part(predictor, examples, baseline, chosen)) is not None:
            metrics["stress"] = part
    return EvaluationResult(
        metrics=metrics,
        captures=captures,
        failures=[],
        examples=examples,
        prediction=prediction,
    )


def _known(task: Task, judged: Judged) -> TrainingRows | None:
    """Return the rows that the run knows; the judged dataset's own where that is the same."""
    if judged.digest and judged.digest == task.predictor.manifest.get("data", {}).get("digest"):
        return judged.known
    return load_training_rows(task.predictor)


def _training(task: Task, judged: Judged) -> Examples | None:
    """Return what baselines are fitted on: the rows that the model had, where they can be had.

    Else the judged dataset's own training rows, unless these are among those that are judged: a
    baseline that has seen the rows would not be one.
    """
    known = _known(task, judged)
    if known is None and task.settings.split in ("test", "validation"):
        known = judged.known
    return None if known is None else known.training


def _windows(
    task: Task,
    examples: Examples,
    prediction: Prediction,
    others: dict[str, Prediction],
    training: Examples | None,
    prepared: Prepared,
) -> tuple[Windows, dict[str, NDArray]]:
    """Return the judged rows, and the columns of ``predictions.h5``."""
    names = task.predictor.class_names
    columns: dict[str, Any] = {
        "probability": prediction.probabilities,
        "decision": prediction.label,
        "echo": prediction.echo,
    }
    if prediction.symbols is not None:  # the most probable one at each step and voice
        columns["symbol"] = prediction.symbols.argmax(axis=3).astype(np.int32)
    for name in _KEPT:
        if name in examples:
            columns[name.removeprefix(PARAMETER_PREFIX)] = examples[name]
    group = examples["group"] if "group" in examples else None
    posterior, score, is_unknown = None, prediction.described, None
    if score is not None and prepared.chosen is not None:
        is_unknown = score > prepared.chosen.threshold
        columns |= {"unknown_score": score, "is_unknown": is_unknown.astype(np.uint8)}
    if prediction.probabilities is not None and group is not None:
        present, index = np.unique(group, return_inverse=True)
        fusion = Fusion(prepared.fitted.prior, len(present), prepared.fusion_weight.exponent)
        accepted = None if is_unknown is None else ~is_unknown
        columns["posterior"] = fusion.add(prediction.probabilities, index, accepted)
        posterior = dict(zip(present.tolist(), fusion.posterior(), strict=True))
    label = examples["label"] if "label" in examples else None
    rows = np.zeros(0, np.intp) if label is None else np.flatnonzero(label >= 0)
    labelled = examples.take(rows)
    classifies = prediction.probabilities is not None
    windows = Windows(
        class_names=names,
        label=label,
        decision=prediction.label,
        group=group,
        group_names=examples.header.group_names,
        unknown_score=score,
        is_unknown=is_unknown,
        posterior=posterior,
        labelled=rows,
        probability=None if prediction.probabilities is None else prediction.probabilities[rows],
        beside={
            who: p.probabilities[rows] for who, p in others.items() if p.probabilities is not None
        },
        baselines=class_baselines(training, labelled) if classifies and len(rows) else {},
        snr_db=labelled[SNR] if SNR in labelled else None,
    )
    return windows, {name: values for name, values in columns.items() if values is not None}
