"""Fits calibration, fusion weight and rejection threshold before an evaluation."""

from collections.abc import Callable
from dataclasses import dataclass

from radarseq.captures.options.read_options import ReadOptions
from radarseq.evaluation.decisions.calibration_file import (
    Calibration,
    fit,
    fusion_weight_for,
    load_calibration,
    save_calibration,
    unfitted,
)
from radarseq.evaluation.decisions.fusion import FusionWeight, given_fusion_weight
from radarseq.evaluation.decisions.ood_threshold import HeldOut, OodThreshold, choose_score
from radarseq.evaluation.request import Task
from radarseq.inference.training_rows import TrainingRows


@dataclass(frozen=True)
class Prepared:
    """What was fitted before anything is judged.

    Attributes:
        fitted: Shares of the classes, tempering and rejection.
        fusion_weight: For the overlap of the windows that are judged.
        chosen: How unknown windows are told; None if they are not.
    """

    fitted: Calibration
    fusion_weight: FusionWeight
    chosen: OodThreshold | None


def prepare(
    task: Task,
    known: Callable[[], TrainingRows | None],
    held_out: HeldOut | None,
    reading: ReadOptions | None,
) -> Prepared:
    """Return what was fitted, earlier as kept in the run, or now.

    Args:
        task: What is to be judged.
        known: Gives rows that the model knows, if nothing was kept.
        held_out: Objects that it does not know.
        reading: How recordings are read; None for a dataset, whose windows are as in training.
    """
    predictor, settings = task.predictor, task.settings
    if not predictor.network.settings.classifies:
        fitted = unfitted(predictor)
        return Prepared(fitted, fitted.fusion_weight, None)
    fitted = load_calibration(task.run, predictor) or _fit_now(task, known)
    trained = ReadOptions.from_recipe(predictor.header.recipe)
    steps = predictor.network.spec.steps
    fusion_weight = fusion_weight_for(fitted, trained, reading or trained or ReadOptions(), steps)
    if settings.fusion_weight is not None:
        fusion_weight = given_fusion_weight(settings.fusion_weight)
    chosen = None
    if fitted.detector is not None:
        chosen = choose_score(
            predictor,
            fitted.detector,
            held_out,
            settings.unknown_score,
            settings.false_reject,
        )
    return Prepared(fitted, fusion_weight, chosen)


def _fit_now(task: Task, known: Callable[[], TrainingRows | None]) -> Calibration:
    rows = known()
    if rows is None:
        return unfitted(task.predictor)
    fitted = fit(task.predictor, rows)
    save_calibration(task.run, task.predictor, fitted)
    return fitted
