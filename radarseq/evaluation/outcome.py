"""What is to be judged, and what an evaluation came to, whether of a dataset or of recordings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from radarseq.captures.reading import Reading
from radarseq.dataset.schema import Examples
from radarseq.evaluation.bootstrap import intervals_by_capture
from radarseq.evaluation.comparison import compare_classes
from radarseq.evaluation.curves import class_curves
from radarseq.evaluation.fitted import (
    Fitted,
    fit,
    keep,
    kept,
    tempering_for,
    unfitted,
    weights_sha256,
)
from radarseq.evaluation.known import Known
from radarseq.evaluation.parts import Part
from radarseq.evaluation.predict import Prediction, Predictor
from radarseq.evaluation.records import EVALUATION_KIND
from radarseq.evaluation.settings import JudgeSettings
from radarseq.evaluation.showing import model_card
from radarseq.evaluation.tempering import Tempering, given_tempering
from radarseq.evaluation.unknown import Chosen, HeldOut, choose_score, unknown_part
from radarseq.evaluation.windows import Windows
from radarseq.files import canonical_sha256, printable
from radarseq.training.checkpoint import versions


@dataclass(frozen=True)
class Task:
    """What is to be judged, and how.

    Attributes:
        run: The run folder.
        predictor: Its model.
        beside: Other models, by name.
        paths: One dataset, or recordings.
        unknown: A dataset, or recordings, of objects that the model does not know.
        reading: How recordings are read.
        settings: How to judge.
    """

    run: Path
    predictor: Predictor
    beside: dict[str, Predictor]
    paths: list[Path]
    unknown: list[Path]
    reading: Reading
    settings: JudgeSettings

    @property
    def name(self) -> str:
        """The model's name, for verdicts."""
        return self.predictor.name

    @property
    def models(self) -> dict[str, Any]:
        """What tells the models from others.

        So do engines, which round differently: what one began, another must not end.
        """
        return {
            "weights": weights_sha256(self.predictor),
            "engine": self.predictor.engine,
            "beside": {n: [weights_sha256(p), p.engine] for n, p in self.beside.items()},
        }

    @property
    def digest(self) -> str:
        """The same for the same model, data and settings; files are told by their paths."""
        return canonical_sha256(
            {
                **self.models,
                "paths": [printable(path) for path in self.paths],
                "unknown": [printable(path) for path in self.unknown],
                "reading": self.reading.to_json(),
                "settings": self.settings.to_json(),
            }
        )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an evaluation came to.

    Attributes:
        metrics: The content of ``metrics.json``.
        captures: A row a capture.
        failures: Recordings that could not be judged: capture, reason, remedy.
        examples: Rows to show; None where there are none.
        prediction: What the model says of them.
        recordings: The recordings that were judged, with the number of each one's first window in
            ``predictions.h5``; none for a dataset.
    """

    metrics: dict[str, Any]
    captures: list[dict[str, Any]]
    failures: list[dict[str, str]]
    examples: Examples | None
    prediction: Prediction | None
    recordings: list[tuple[int, Part]] = field(default_factory=list)


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


def common_metrics(task: Task, data: dict[str, Any]) -> dict[str, Any]:
    """Return what every ``metrics.json`` begins with."""
    card = model_card(task.predictor, str(task.run))
    manifest = task.predictor.manifest
    return {
        "kind": EVALUATION_KIND,
        "model": card,
        "data": data,
        "provenance": {
            "task_sha256": task.digest,
            "model": {
                "run": printable(task.run),
                "weights_sha256": weights_sha256(task.predictor),
                "engine": task.predictor.engine,
                "versions": manifest.get("versions"),
                "seed": manifest.get("training", {}).get("seed"),
                "epoch": manifest.get("epoch"),
                "data_path": manifest.get("data", {}).get("path"),
                "data_digest": manifest.get("data", {}).get("digest"),
                "data_kind": manifest.get("data", {}).get("kind"),
            },
            "data": {key: data[key] for key in ("path", "digest", "split")},
            "settings": task.settings.to_json(),
            "versions": versions(),
        },
    }


def window_metrics(task: Task, windows: Windows, chosen: Chosen | None) -> dict[str, Any]:
    """Return the parts of the metrics that are about windows and their classes."""
    metrics: dict[str, Any] = {}
    if windows.probability is not None and len(windows.labelled):
        label = windows.labels
        part = compare_classes(
            task.name,
            windows.probability,
            label,
            windows.baselines,
            windows.beside,
            windows.snr_db,
        )
        part["curves"] = class_curves(windows.probability, label, windows.class_names)
        if windows.group is not None:
            group = windows.group[windows.labelled]
            part["intervals"] = intervals_by_capture(windows.probability, label, group)
        metrics["classification"] = part
    if chosen is not None and windows.unknown_score is not None:
        metrics["unknown"] = unknown_part(
            chosen, windows.unknown_score, windows.label, windows.right
        )
    return metrics
