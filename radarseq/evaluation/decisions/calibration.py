"""Calibration of the decisions of a model, fitted once on the rows that it was trained on.

It holds the shares of the classes, the fusion weight and the out-of-distribution detector. The run
keeps it as ``calibration.json``, so that recordings are evaluated without the training data.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.classifiers import class_shares, labelled
from radarseq.captures.options.read_options import ReadOptions
from radarseq.errors import CheckpointError
from radarseq.evaluation.decisions.fusion import (
    UNMEASURED,
    VALIDATION,
    FusionWeight,
    given_fusion_weight,
    measure_fusion_weight,
)
from radarseq.evaluation.decisions.ood_scores import (
    OodDetector,
    all_scores,
    fit_gaussians,
    fit_ood_detector,
)
from radarseq.evaluation.decisions.ood_threshold import OodThreshold, UnknownObjects, select_score
from radarseq.evaluation.request import EvaluationRequest
from radarseq.inference.ensemble_file import holds_ensemble
from radarseq.inference.predictor import Predictor
from radarseq.inference.training_rows import TrainingRows
from radarseq.storage.sealed import read_json, write_json

CALIBRATION_NAME = "calibration.json"
_KIND, _VERSION = "radarseq calibration", 1
_MAX_ROWS = 20_000  # of training: a covariance gains nothing beyond


@dataclass(frozen=True)
class Calibration:
    """Constants of the decisions of one model.

    Attributes:
        prior: Share of each class in the training data ``(class,)``.
        fusion_weight: Weight of each window of a recording but the first.
        detector: None where there were too few rows to fit it on.
    """

    prior: NDArray[np.float64]
    fusion_weight: FusionWeight
    detector: OodDetector | None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "prior": self.prior.tolist(),
            "fusion_weight": self.fusion_weight.to_json(),
            "ood_detector": None if self.detector is None else self.detector.to_json(),
        }


def calibrate(
    request: EvaluationRequest,
    load_rows: Callable[[], TrainingRows | None],
    unknown: UnknownObjects | None,
    options: ReadOptions | None,
) -> tuple[Calibration, OodThreshold | None]:
    """Return the calibration for an evaluation, and the threshold of the score of unknown windows.

    The calibration comes from the run where an earlier evaluation saved it, and is fitted now
    otherwise. Its fusion weight is the one for the overlap of the windows that are evaluated.

    Args:
        request: The evaluation.
        load_rows: Loads rows to fit on, where none was saved.
        unknown: Objects that the model does not know, to select the score by.
        options: How recordings are read; None for a dataset, whose windows are as in training.
    """
    predictor, settings = request.predictor, request.settings
    if not predictor.network.settings.classifies:
        return uncalibrated(predictor), None
    calibration = load_calibration(request.run, predictor)
    if calibration is None and (rows := load_rows()) is not None:
        calibration = fit_calibration(predictor, rows)
        save_calibration(request.run, predictor, calibration)
    calibration = calibration or uncalibrated(predictor)
    if settings.fusion_weight is not None:
        weight = given_fusion_weight(settings.fusion_weight)
    else:
        trained = ReadOptions.from_recipe(predictor.header.recipe)
        steps = predictor.network.spec.steps
        weight = _weight_for_overlap(
            calibration.fusion_weight, trained, options or trained or ReadOptions(), steps
        )
    threshold = None
    if calibration.detector is not None:
        threshold = select_score(
            predictor,
            calibration.detector,
            unknown,
            settings.unknown_score,
            settings.false_reject,
        )
    return replace(calibration, fusion_weight=weight), threshold


def fit_calibration(predictor: Predictor, rows: TrainingRows) -> Calibration:
    """Fit the calibration of a model that classifies, on rows of classes that it knows."""
    training, validation = labelled(rows.training), labelled(rows.validation)
    if not len(training):
        return uncalibrated(predictor)
    prior = class_shares(training)
    if not len(validation):
        return Calibration(prior, UNMEASURED, None)
    step = -(-len(training) // _MAX_ROWS)
    fitted_on = training.take(slice(None, None, step)) if step > 1 else training
    hidden = predictor.predict_examples(fitted_on, extra_output=lambda _, hidden: hidden).extra
    assert hidden is not None
    gaussians = fit_gaussians(hidden, fitted_on["label"])
    found = predictor.predict_examples(
        validation, extra_output=lambda logits, hidden: all_scores(gaussians, logits, hidden)
    )
    assert found.probabilities is not None
    assert found.extra is not None
    weight = UNMEASURED
    if "group" in validation and len(predictor.class_names) > 1:
        weight = measure_fusion_weight(
            found.probabilities, validation["label"], validation["group"], prior
        )
    return Calibration(prior, weight, fit_ood_detector(gaussians, found.extra))


def uncalibrated(predictor: Predictor) -> Calibration:
    """Return equal shares and no detector, for a model without rows to fit on."""
    classes = max(1, len(predictor.class_names))
    return Calibration(np.full(classes, 1 / classes), UNMEASURED, None)


def _weight_for_overlap(
    measured: FusionWeight, trained: ReadOptions | None, options: ReadOptions, steps: int
) -> FusionWeight:
    """Return the fusion weight of windows that are cut by ``options``.

    The weight measured on validation holds for the overlap of its windows. More overlap reduces it
    in proportion; less overlap does not raise it, for nothing was measured there.
    """

    def new_share(cut: ReadOptions) -> float:
        """Return the share of a window that the window before it did not hold."""
        return min(1.0, cut.hop / (steps * cut.stride)) if cut.hop else 1.0

    if measured.source != VALIDATION:
        return UNMEASURED.for_overlap(new_share(options))
    before = new_share(trained) if trained is not None else 1.0
    return measured.for_overlap(min(1.0, new_share(options) / before))


def save_calibration(run: Path, predictor: Predictor, calibration: Calibration) -> None:
    """Write a calibration next to the run's checkpoints; skip a run that may not be written."""
    if not (run / "checkpoints").is_dir() and not holds_ensemble(run):
        return
    content = {
        "kind": _KIND,
        "format_version": _VERSION,
        "weights_sha256": predictor.weights_sha256,
    } | calibration.to_json()
    try:
        write_json(run / CALIBRATION_NAME, content)
    except PermissionError:
        return


def load_calibration(run: Path, predictor: Predictor) -> Calibration | None:
    """Return the calibration that was saved for these weights; None if there is none.

    Raises:
        CheckpointError: If the file is damaged.
    """
    path = run / CALIBRATION_NAME
    if not path.exists():
        return None
    content = read_json(path, CheckpointError)
    stamp = (content.get("kind"), content.get("format_version"), content.get("weights_sha256"))
    if stamp != (_KIND, _VERSION, predictor.weights_sha256):
        return None  # of other weights: the run was trained on since
    try:
        prior = np.array(content["prior"], np.float64)
        weight = FusionWeight(**content["fusion_weight"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: is not a calibration ({error!r}); remove it") from error
    if prior.shape != (len(predictor.class_names),):
        raise CheckpointError(
            f"{path}: has class shares {prior.shape}; expected ({len(predictor.class_names)},). "
            "Remove the file"
        )
    detector = content.get("ood_detector")
    if detector is not None:
        detector = OodDetector.from_json(detector, predictor.hidden_values, str(path))
    return Calibration(prior, weight, detector)
