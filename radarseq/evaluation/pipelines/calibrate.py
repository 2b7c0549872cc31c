"""Fits calibration, fusion weight and rejection threshold before an evaluation."""

from collections.abc import Callable
from dataclasses import dataclass

from radarseq.captures.options.read_options import Reading
from radarseq.evaluation.decisions.calibration_file import (
    Fitted,
    fit,
    keep,
    kept,
    tempering_for,
    unfitted,
)
from radarseq.evaluation.decisions.fusion import Tempering, given_tempering
from radarseq.evaluation.decisions.ood_threshold import Chosen, HeldOut, choose_score
from radarseq.evaluation.request import Task
from radarseq.inference.training_rows import Known


@dataclass(frozen=True)
class Prepared:
    """What was fitted before anything is judged.

    Attributes:
        fitted: Shares of the classes, tempering and rejection.
        tempering: For the overlap of the windows that are judged.
        chosen: How unknown windows are told; None if they are not.
    """

    fitted: Fitted
    tempering: Tempering
    chosen: Chosen | None


def prepare(
    task: Task, known: Callable[[], Known | None], held_out: HeldOut | None, reading: Reading | None
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
        return Prepared(fitted, fitted.tempering, None)
    fitted = kept(task.run, predictor) or _fit_now(task, known)
    trained = Reading.from_recipe(predictor.header.recipe)
    steps = predictor.network.spec.steps
    tempering = tempering_for(fitted, trained, reading or trained or Reading(), steps)
    if settings.tempering is not None:
        tempering = given_tempering(settings.tempering)
    chosen = None
    if fitted.rejection is not None:
        chosen = choose_score(
            predictor,
            fitted.rejection,
            held_out,
            settings.unknown_score,
            settings.false_reject,
        )
    return Prepared(fitted, tempering, chosen)


def _fit_now(task: Task, known: Callable[[], Known | None]) -> Fitted:
    rows = known()
    if rows is None:
        return unfitted(task.predictor)
    fitted = fit(task.predictor, rows)
    keep(task.run, task.predictor, fitted)
    return fitted
