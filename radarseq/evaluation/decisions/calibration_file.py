"""What judging needs besides the weights, fitted once on known objects and kept in the run.

The classes' shares, how much a further window says, and what tells known from unknown. Kept as
``judging.json`` beside the checkpoints, so that recordings are judged without the training data.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.classifiers import labelled, majority_probabilities
from radarseq.captures.options.read_options import ReadOptions
from radarseq.dataset.schema import Examples
from radarseq.errors import CheckpointError
from radarseq.evaluation.decisions.fusion import (
    UNMEASURED,
    VALIDATION,
    FusionWeight,
    measure_fusion_weight,
)
from radarseq.evaluation.decisions.ood_scores import (
    OodDetector,
    all_scores,
    fit_gaussians,
    fit_ood_detector,
)
from radarseq.inference.checkpoint import WEIGHTS
from radarseq.inference.ensemble_file import holds_ensemble
from radarseq.inference.predictor import Predictor
from radarseq.inference.training_rows import TrainingRows
from radarseq.storage.sealed import read_json, write_json

CALIBRATION_NAME = "judging.json"
_KIND, _VERSION = "radarseq judging", 1
_MAX_ROWS = 20_000  # of training: a covariance gains nothing beyond


@dataclass(frozen=True)
class Calibration:
    """What was fitted.

    Attributes:
        prior: Share of each class in the training data ``(class,)``.
        fusion_weight: What a further window of a capture counts.
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


def fit(predictor: Predictor, known: TrainingRows) -> Calibration:
    """Return what the known rows say; the predictor classifies."""
    classes = len(predictor.class_names)
    training = labelled(known.training)
    if not len(training):
        return unfitted(predictor)
    prior = majority_probabilities(training, training.take(slice(1)))[0]
    validation = labelled(known.validation)
    if not len(validation):
        return Calibration(prior, UNMEASURED, None)
    hidden = predictor.predict_examples(
        _at_most(training, _MAX_ROWS), describe=lambda _, hidden: hidden
    ).described
    assert hidden is not None
    gaussians = fit_gaussians(hidden, _at_most(training, _MAX_ROWS)["label"])
    judged = predictor.predict_examples(
        validation, describe=lambda logits, hidden: all_scores(gaussians, logits, hidden)
    )
    assert judged.probabilities is not None
    assert judged.described is not None
    fusion_weight = UNMEASURED
    if "group" in validation and classes > 1:
        fusion_weight = measure_fusion_weight(
            judged.probabilities, validation["label"], validation["group"], prior
        )
    return Calibration(prior, fusion_weight, fit_ood_detector(gaussians, judged.described))


def unfitted(predictor: Predictor) -> Calibration:
    """Return what can be said without known rows: equal shares, no rejection."""
    classes = max(1, len(predictor.class_names))
    return Calibration(np.full(classes, 1 / classes), UNMEASURED, None)


def _at_most(examples: Examples, rows: int) -> Examples:
    """Return evenly spaced rows, at most so many."""
    step = -(-len(examples) // rows)
    return examples.take(slice(None, None, step)) if step > 1 else examples


def save_calibration(run: Path, predictor: Predictor, fitted: Calibration) -> None:
    """Write what was fitted beside the run's checkpoints; a run that may not be written stays."""
    if not (run / "checkpoints").is_dir() and not holds_ensemble(run):
        return
    content = {
        "kind": _KIND,
        "format_version": _VERSION,
        "weights_sha256": weights_sha256(predictor),
    } | fitted.to_json()
    try:
        write_json(run / CALIBRATION_NAME, content)
    except PermissionError:
        return


def load_calibration(run: Path, predictor: Predictor) -> Calibration | None:
    """Return what an earlier evaluation fitted for these very weights; None if there is none.

    Raises:
        CheckpointError: If the file is damaged.
    """
    path = run / CALIBRATION_NAME
    if not path.exists():
        return None
    content = read_json(path, CheckpointError)
    stamp = (content.get("kind"), content.get("format_version"), content.get("weights_sha256"))
    if stamp != (_KIND, _VERSION, weights_sha256(predictor)):
        return None  # of other weights: the run was trained on since
    try:
        prior = np.array(content["prior"], np.float64)
        fusion_weight = FusionWeight(**content["fusion_weight"])
    except (KeyError, TypeError, ValueError) as fault:
        raise CheckpointError(f"{path}: not what judging keeps ({fault!r}); remove it") from fault
    if prior.shape != (len(predictor.class_names),):
        raise CheckpointError(f"{path}: has {prior.shape} class shares; remove the file")
    detector = content.get("ood_detector")
    values = predictor.hidden_values
    found = None if detector is None else OodDetector.from_json(detector, values, str(path))
    return Calibration(prior, fusion_weight, found)


def weights_sha256(predictor: Predictor) -> str:
    """Return the digest of a model's weights, by which it is told from another."""
    return str(predictor.manifest.get("files", {}).get(WEIGHTS, ""))


def fresh_share(reading: ReadOptions, steps: int) -> float:
    """Return which share of a window of ``steps`` steps the window before it did not hold."""
    return min(1.0, reading.hop / (steps * reading.stride)) if reading.hop else 1.0


def fusion_weight_for(
    fitted: Calibration, trained: ReadOptions | None, judged: ReadOptions, steps: int
) -> FusionWeight:
    """Return the tempering of windows that are cut as ``judged`` says.

    What was measured on validation holds for the overlap of its windows; more overlap takes the
    exponent down in proportion, less cannot be known to take it up.
    """
    before = fresh_share(trained, steps) if trained is not None else 1.0
    if fitted.fusion_weight.source != VALIDATION:
        return UNMEASURED.for_overlap(fresh_share(judged, steps))
    return fitted.fusion_weight.for_overlap(min(1.0, fresh_share(judged, steps) / before))
