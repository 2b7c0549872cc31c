"""Recordings judged in a batch: one at a time, then all together."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from radarseq.baselines.classifiers import Boosting, fit_boosting
from radarseq.baselines.names import BOOSTING
from radarseq.captures.errors import Failure
from radarseq.captures.sources.open_recordings import iter_recordings
from radarseq.evaluation.decisions.capture_table import capture_rows
from radarseq.evaluation.metrics_json import (
    capture_metrics,
    common_metrics,
    quality_part,
    window_metrics,
)
from radarseq.evaluation.output.partial_results import take_plan
from radarseq.evaluation.pipelines.batch import Batch, BatchProgress, evaluate_batch, judge_at_hand
from radarseq.evaluation.pipelines.calibrate import Prepared, prepare
from radarseq.evaluation.pipelines.merge import Merged, merge
from radarseq.evaluation.pipelines.recording_evaluator import RecordingEvaluator
from radarseq.evaluation.pipelines.select_rows import unknown_objects
from radarseq.evaluation.pipelines.stress import stress_part
from radarseq.evaluation.request import EvaluationResult, Task
from radarseq.execution.pool import workers_at
from radarseq.inference.checkpoint import versions
from radarseq.inference.training_rows import TrainingRows, load_training_rows
from radarseq.storage.atomic import printable
from radarseq.storage.sealed import canonical_sha256


def evaluate_recordings(
    task: Task, folder: Path, progress: BatchProgress | None
) -> EvaluationResult:
    """Judge recordings, and write their ``predictions.h5``.

    Raises:
        CaptureError: If not one of them can be judged.
        MismatchError: If none is of the kind that the model was trained on.
        OutputError: If the folder holds part of another batch.
    """
    predictor = task.predictor
    known = cache(lambda: load_training_rows(predictor))
    held_out = None
    if task.unknown:
        held_out = unknown_objects(predictor, task.unknown, task.reading)
    prepared = prepare(task, known, held_out, task.reading)
    chosen = prepared.chosen
    baseline = _once(known)
    take_plan(folder, _plan(task, prepared), resume=task.settings.resume)
    judge = RecordingEvaluator(
        predictor, None if chosen is None else chosen.describe, task.beside, baseline
    )
    settings = task.settings
    # On a cluster the baseline is fitted before it is known whether a recording is labelled.
    boosting = baseline() if settings.scheduler else None
    score = None if chosen is None else (chosen.detector, chosen.name)
    with workers_at(settings.workers, settings.scheduler, folder) as workers:
        batch = evaluate_batch(
            judge_at_hand(judge, score, boosting),
            iter_recordings(task.paths, task.reading),
            folder,
            stride=task.reading.stride,
            workers=workers,
            progress=progress,
        )
    fusion_weight = prepared.fusion_weight
    merged = merge(folder, batch, predictor, prepared.fitted.prior, fusion_weight.exponent, chosen)
    windows = merged.windows
    captures = capture_rows(windows, merged.sources) if windows.posterior is not None else []
    metrics = _metrics(task, batch, merged) | window_metrics(task, windows, chosen)
    if windows.posterior is not None:
        metrics["captures"] = capture_metrics(captures, windows.class_names, fusion_weight)
    metrics["quality"] = quality_part(captures, metrics["data"]["left_out"], merged.rows)
    if task.settings.stress and merged.shown is not None:
        boosting = baseline()
        pair = None if boosting is None else (BOOSTING, boosting.probabilities)
        if (part := stress_part(predictor, merged.shown, pair, chosen)) is not None:
            metrics["stress"] = part
    shown = merged.shown
    return EvaluationResult(
        metrics=metrics,
        captures=captures,
        failures=[_told(failure) for failure in batch.failures],
        examples=shown,
        prediction=None if shown is None else predictor.predict_examples(shown),
        recordings=_firsts(batch),
    )


def _once(known: Callable[[], TrainingRows | None]) -> Callable[[], Boosting | None]:
    """Return what fits the baseline when it is first asked for, on whatever thread."""
    lock, fitted = Lock(), []

    def baseline() -> Boosting | None:
        with lock:
            if not fitted:
                rows = known()
                has_labels = rows is not None and "label" in rows.training
                fitted.append(fit_boosting(rows.training) if rows and has_labels else None)
            return fitted[0]

    return baseline


def _plan(task: Task, prepared: Prepared) -> dict[str, Any]:
    """Return what the parts of the batch depend on, besides the recordings."""
    return {
        "kind": "radarseq batch",
        **task.models,
        "reading": task.reading.to_json(),
        "score": None if prepared.chosen is None else prepared.chosen.name,
        "fitted": canonical_sha256(prepared.fitted.to_json()),
        "versions": versions(),
    }


def _metrics(task: Task, batch: Batch, merged: Merged) -> dict[str, Any]:
    left_out: dict[str, int] = {}
    for _, part in batch.parts:
        for reason, count in part.left_out.items():
            left_out[reason] = left_out.get(reason, 0) + count
    warnings = [f"rows left out because {why}: {n}" for why, n in sorted(left_out.items())]
    trained = task.predictor.header.carrier_hz
    other = sum(
        bool(trained and part.carrier_hz) and abs(part.carrier_hz / trained - 1) > 1e-6
        for _, part in batch.parts
    )
    if other:
        warnings.append(
            f"{other} of {len(batch.parts)} recordings have another carrier than the training "
            f"data's {trained:g} Hz: what the model says of them was never tested"
        )
    data = {
        "path": ", ".join(printable(path) for path in task.paths),
        "digest": "",
        "split": "all",
        "examples": merged.rows,
        "left_out": dict(sorted(left_out.items())),
        "class_names": list(task.predictor.class_names),
        "warnings": warnings,
    }
    files = len(batch.parts) + len(batch.failures)
    told = {"files": files, "judged": len(batch.parts), "failed": len(batch.failures)}
    return common_metrics(task, data) | {"batch": told}


def _told(failure: Failure) -> dict[str, str]:
    return {
        "capture": printable(failure.path),
        "reason": failure.reason,
        "hint": failure.hint,
    }


def _firsts(batch: Batch) -> list[tuple[int, Any]]:
    """Return each part with the number of its first window among all judged."""
    first, found = 0, []
    for _, part in batch.parts:
        found.append((first, part))
        first += part.rows.rows
    return found
