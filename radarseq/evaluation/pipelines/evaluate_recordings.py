"""Evaluation of recordings: one at a time in a batch, then all together."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from radarseq.baselines.classifiers import ClassBaselines
from radarseq.baselines.names import BOOSTING
from radarseq.captures.sources.open_recordings import iter_recordings
from radarseq.dataset.schema import Examples
from radarseq.evaluation.decisions.calibration import calibrate
from radarseq.evaluation.metrics.by_task import sequence_part
from radarseq.evaluation.metrics_json import common_metrics, decision_metrics
from radarseq.evaluation.output.folder import ANNOTATIONS, PREDICTIONS
from radarseq.evaluation.output.partial_results import Part, begin_batch
from radarseq.evaluation.output.sigmf_annotations import write_annotations
from radarseq.evaluation.page.content import report_content
from radarseq.evaluation.pipelines.batch import BatchProgress, BatchResult, evaluate_batch
from radarseq.evaluation.pipelines.merge import merge_parts, saved_examples
from radarseq.evaluation.pipelines.recording_evaluator import RecordingEvaluator
from radarseq.evaluation.pipelines.select_rows import unknown_objects
from radarseq.evaluation.pipelines.stress import stress_metrics
from radarseq.evaluation.request import EvaluationRequest, EvaluationResult
from radarseq.execution.pool import workers_at
from radarseq.inference.checkpoint import versions
from radarseq.inference.task_targets import task_examples
from radarseq.inference.training_rows import load_training_rows
from radarseq.models.settings import FORECASTING
from radarseq.storage.atomic import printable
from radarseq.storage.sealed import canonical_sha256


def evaluate_recordings(
    request: EvaluationRequest, folder: Path, progress: BatchProgress | None
) -> EvaluationResult:
    """Evaluate recordings, and write their ``predictions.h5`` and annotations.

    Raises:
        CaptureError: If not one of them can be evaluated.
        MismatchError: If none is of the kind that the model was trained on.
        OutputError: If the folder holds part of another batch.
    """
    predictor, settings, options = request.predictor, request.settings, request.options
    rows = cache(lambda: load_training_rows(predictor))

    def load_training() -> Examples | None:
        loaded = rows()
        return None if loaded is None else loaded.training

    baselines = ClassBaselines(load_training)
    unknown = unknown_objects(predictor, request.unknown, options) if request.unknown else None
    calibration, ood = calibrate(request, rows, unknown, options)
    detector = None if ood is None else ood.detector
    plan = {
        "kind": "radarseq batch",
        **request.models,
        "options": options.to_json(),
        "score": None if ood is None else ood.name,
        "detector": None if detector is None else canonical_sha256(detector.to_json()),
        "versions": versions(),
    }
    begin_batch(folder, plan, resume=settings.resume)
    score = "" if ood is None else ood.name
    evaluator = RecordingEvaluator(predictor, request.compare, baselines, detector, score)
    with workers_at(settings.workers, settings.scheduler, folder) as workers:
        recordings = iter_recordings(request.paths, options)
        batch = evaluate_batch(evaluator, recordings, folder, workers=workers, progress=progress)
    windows = merge_parts(folder, batch.parts, predictor, calibration, ood)
    index = {name: i for i, name in enumerate(windows.group_names)}
    grouped: dict[int, list[Part]] = {}
    for _, part in batch.parts:
        grouped.setdefault(index[part.group], []).append(part)
    data = _data(request, batch)
    decisions, captures = decision_metrics(
        request, data, windows, calibration.fusion_weight, ood, grouped
    )
    metrics = common_metrics(request, data)
    metrics["batch"] = {
        "files": len(batch.parts) + len(batch.failures),
        "evaluated": len(batch.parts),
        "failed": len(batch.failures),
    }
    metrics |= decisions
    examples = saved_examples(folder, batch.parts, predictor)
    prediction = None if examples is None else predictor.predict_examples(examples)
    if examples is not None:
        metrics |= _sequence_metrics(request, examples, load_training)
    if settings.stress and examples is not None:
        part = stress_metrics(predictor, examples, baselines.fitted.get(BOOSTING), ood)
        metrics |= {} if part is None else {"stress": part}
    write_annotations(
        folder / PREDICTIONS,
        [part for _, part in batch.parts],
        options,
        predictor.network.spec.steps,
        None if settings.annotate else folder / ANNOTATIONS,
    )
    return EvaluationResult(
        folder=folder,
        metrics=metrics,
        captures=captures,
        failures=[
            {"capture": printable(f.path), "reason": f.reason, "hint": f.hint}
            for f in batch.failures
        ],
        content=report_content(request.run, examples, prediction, captures),
    )


def _sequence_metrics(
    request: EvaluationRequest, examples: Examples, load_training: Callable[[], Examples | None]
) -> dict[str, Any]:
    """Return the part ``forecast`` or ``symbols``, of the windows whose samples were saved.

    A recording has no target. But where the task looks ahead, the last steps of a window are the
    truth for the steps before them: the models get the window without its last steps.
    """
    network = request.predictor.network
    horizon = network.settings.horizon if network.settings.task == "forecast" else 1
    is_stored = network.settings.task == "forecast" and network.spec.horizon != horizon
    if network.settings.task not in FORECASTING or is_stored or examples.steps <= horizon:
        return {}
    target = task_examples(examples, network.settings)["target"]
    columns = {
        "target": np.pad(target, ((0, 0), (0, horizon), (0, 0))),
        "length": np.full(len(examples), examples.steps - horizon, np.int32),
    }
    cut = Examples(examples.header, examples.columns | columns)
    prediction = request.predictor.predict_examples(cut)
    compared = {name: other.predict_examples(cut) for name, other in request.compare.items()}
    name, training = request.predictor.name, load_training()
    return sequence_part(name, network, prediction, cut, training, compared)


def _data(request: EvaluationRequest, batch: BatchResult) -> dict[str, Any]:
    """Return the ``data`` part of the metrics, with warnings of skipped rows and other carriers."""
    parts = [part for _, part in batch.parts]
    skipped = sum((Counter(part.skipped) for part in parts), Counter())
    warnings = [f"rows skipped because {reason}: {n}" for reason, n in sorted(skipped.items())]
    trained = request.predictor.header.carrier_hz
    other = sum(
        bool(trained and part.carrier_hz) and abs(part.carrier_hz / trained - 1) > 1e-6
        for part in parts
    )
    if other:
        warnings.append(
            f"{other} of {len(parts)} recordings have another carrier than the training "
            f"data's {trained:g} Hz: the model was never tested on such data"
        )
    return {
        "path": ", ".join(printable(path) for path in request.paths),
        "digest": "",
        "split": "all",
        "examples": sum(part.rows.rows for part in parts),
        "skipped": dict(sorted(skipped.items())),
        "class_names": list(request.predictor.class_names),
        "warnings": warnings,
    }
