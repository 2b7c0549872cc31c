"""Evaluation of a dataset as a whole."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.classifiers import ClassBaselines
from radarseq.baselines.names import BOOSTING
from radarseq.dataset.schema import PARAMETER_PREFIX, SNR, Examples
from radarseq.evaluation.decisions.calibration import Calibration, calibrate
from radarseq.evaluation.decisions.capture_table import Windows
from radarseq.evaluation.decisions.fusion import Fusion
from radarseq.evaluation.decisions.ood_threshold import OodThreshold
from radarseq.evaluation.metrics.by_task import sequence_part
from radarseq.evaluation.metrics_json import common_metrics, decision_metrics
from radarseq.evaluation.output.folder import predictions_file
from radarseq.evaluation.output.hdf5_columns import OutputColumn
from radarseq.evaluation.page.content import report_content
from radarseq.evaluation.pipelines.select_rows import select_rows, unknown_objects
from radarseq.evaluation.pipelines.stress import stress_metrics
from radarseq.evaluation.request import EvaluationRequest, EvaluationResult
from radarseq.inference.predictor import Prediction
from radarseq.inference.training_rows import load_training_rows

_COPIED = ("label", "group", PARAMETER_PREFIX + "row", PARAMETER_PREFIX + "snr_db")


def evaluate_dataset(request: EvaluationRequest, folder: Path) -> EvaluationResult:
    """Evaluate the rows of a dataset, and write their ``predictions.h5``.

    Raises:
        DatasetError: If it is damaged, has other classes, or the split has no rows.
        MismatchError: If it is not of the kind that the model was trained on.
        UsageError: If the unknown objects are of known classes.
    """
    predictor, settings = request.predictor, request.settings
    selection = select_rows(
        predictor,
        request.paths[0],
        settings.split,
        settings.unknown_class,
        resample=settings.resample,
    )
    examples, unknown = selection.examples, selection.unknown
    predictor.check(examples.header, examples)
    if request.unknown:
        unknown = unknown_objects(predictor, request.unknown, request.options)
    trained_on = predictor.manifest.get("data", {}).get("digest")
    is_own = bool(selection.digest) and selection.digest == trained_on
    known = selection.known if is_own else load_training_rows(predictor)
    calibration, ood = calibrate(request, lambda: known or selection.known, unknown, None)
    # Baselines are fitted on the rows that the model had. Where these are gone, on the dataset's
    # own training rows, unless they are evaluated too: a baseline must not have seen the rows.
    if known is None and settings.split in ("test", "validation"):
        known = selection.known
    training = None if known is None else known.training
    prediction = predictor.predict_examples(
        examples, extra_output=None if ood is None else ood.extra_output
    )
    compared = {name: other.predict_examples(examples) for name, other in request.compare.items()}
    baselines = ClassBaselines(lambda: training)
    windows, columns = _windows(
        request, examples, prediction, compared, baselines, calibration, ood
    )
    types = {name: OutputColumn(values.dtype, values.shape[1:]) for name, values in columns.items()}
    names = predictor.class_names, examples.header.group_names
    with predictions_file(folder, types, len(examples), *names) as writer:
        writer.write(0, columns)
    data = {
        "path": str(request.paths[0]),
        "digest": selection.digest,
        "split": settings.split,
        "examples": len(examples),
        "skipped": {},
        "class_names": list(predictor.class_names),
        "warnings": list(examples.header.warnings),
    }
    decisions, captures = decision_metrics(
        request, data, windows, calibration.fusion_weight, ood, {}
    )
    metrics = common_metrics(request, data) | decisions
    metrics |= sequence_part(
        predictor.name, predictor.network, prediction, examples, training, compared
    )
    if settings.stress:
        part = stress_metrics(predictor, examples, baselines.fitted.get(BOOSTING), ood)
        metrics |= {} if part is None else {"stress": part}
    return EvaluationResult(
        folder=folder,
        metrics=metrics,
        captures=captures,
        failures=[],
        content=report_content(request.run, examples, prediction, captures),
    )


def _windows(
    request: EvaluationRequest,
    examples: Examples,
    prediction: Prediction,
    compared: dict[str, Prediction],
    baselines: ClassBaselines,
    calibration: Calibration,
    ood: OodThreshold | None,
) -> tuple[Windows, dict[str, NDArray]]:
    """Return the evaluated rows, and the columns of ``predictions.h5``."""
    columns: dict[str, Any] = {
        "probability": prediction.probabilities,
        "decision": prediction.label,
        "echo": prediction.echo,
    }
    if prediction.symbols is not None:  # the most probable one at each step and voice
        columns["symbol"] = prediction.symbols.argmax(axis=3).astype(np.int32)
    for name in _COPIED:
        if name in examples:
            columns[name.removeprefix(PARAMETER_PREFIX)] = examples[name]
    label, group = (examples.columns.get(name) for name in ("label", "group"))
    posterior, score, is_unknown = None, prediction.extra, None
    if score is not None and ood is not None:
        is_unknown = score > ood.threshold
        columns |= {"unknown_score": score, "is_unknown": is_unknown.astype(np.uint8)}
    if prediction.probabilities is not None and group is not None:
        present, index = np.unique(group, return_inverse=True)
        fusion = Fusion(calibration.prior, len(present), calibration.fusion_weight.exponent)
        accepted = None if is_unknown is None else ~is_unknown
        columns["posterior"] = fusion.add(prediction.probabilities, index, accepted)
        posterior = dict(zip(present.tolist(), fusion.posterior(), strict=True))
    rows = np.zeros(0, np.intp) if label is None else np.flatnonzero(label >= 0)
    labelled = examples.take(rows)
    has_classes = prediction.probabilities is not None and len(rows) > 0
    windows = Windows(
        class_names=request.predictor.class_names,
        label=label,
        decision=prediction.label,
        group=group,
        group_names=examples.header.group_names,
        unknown_score=score,
        is_unknown=is_unknown,
        posterior=posterior,
        labelled=rows,
        probability=None if prediction.probabilities is None else prediction.probabilities[rows],
        compared={
            name: p.probabilities[rows]
            for name, p in compared.items()
            if p.probabilities is not None
        },
        baselines=baselines.probabilities(labelled.input, labelled.code) if has_classes else {},
        snr_db=labelled[SNR] if SNR in labelled else None,
    )
    return windows, {name: values for name, values in columns.items() if values is not None}
