"""Judging a model on a dataset or on recordings: predictions, metrics, baselines, report."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radarseq.artifacts.validation import check_digests
from radarseq.captures.options.read_options import ReadOptions
from radarseq.errors import DataError, DatasetError, EvaluationError, OutputError, UsageError
from radarseq.evaluation.output.folder import (
    ANNOTATIONS,
    FAILURES,
    METRICS,
    PREDICTIONS,
    SUMMARY,
    UNFINISHED,
    write_failures,
    write_metrics,
    write_summary,
)
from radarseq.evaluation.output.parquet import check_parquet, write_parquet
from radarseq.evaluation.output.partial_results import FOLDER, PLAN
from radarseq.evaluation.output.sigmf_annotations import write_annotations
from radarseq.evaluation.page.content import draw_page, report_content
from radarseq.evaluation.page.redraw import read_rows
from radarseq.evaluation.page.saved_data import write_report_data
from radarseq.evaluation.pipelines.batch import BatchProgress
from radarseq.evaluation.pipelines.evaluate_dataset import evaluate_dataset
from radarseq.evaluation.pipelines.evaluate_recordings import evaluate_recordings
from radarseq.evaluation.pipelines.select_rows import is_dataset
from radarseq.evaluation.request import EvaluationResult, Task
from radarseq.evaluation.settings import EvaluationSettings
from radarseq.inference.predictor import Predictor, load
from radarseq.storage.output_folder import output_folder
from radarseq.storage.sealed import read_json
from radarseq.system import trim_heap


@dataclass(frozen=True)
class EvaluateResult:
    """What an evaluation came to.

    Attributes:
        folder: Where it is written.
        metrics: The content of ``metrics.json``.
        captures: One row a capture, as in ``summary.csv``.
        failures: Recordings that could not be judged: capture, reason, hint.
    """

    folder: Path
    metrics: dict[str, Any]
    captures: list[dict[str, Any]]
    failures: list[dict[str, str]]


@trim_heap
def evaluate(
    run: Path | str,
    data: Path | str | Sequence[Path | str],
    out: Path | str,
    *,
    name: str = "",
    reading: Mapping[str, Any] | None = None,
    beside: Sequence[Path | str] = (),
    unknown: Sequence[Path | str] = (),
    device: str = "auto",
    engine: str = "auto",
    progress: BatchProgress | None = None,
    **settings: Any,
) -> EvaluateResult:
    """Judge a trained model beside its baselines, and write the evaluation folder.

    A dataset is judged as a whole; recordings one at a time, block by block, in bounded memory.

    Args:
        run: A run folder.
        data: A dataset, or recordings (files and folders) of the kind that it was trained on.
        out: The folder to write; new or empty, unless ``resume``.
        name: For recordings, the pattern of their names, such as ``{label}_{group}.npz``; empty
            takes the one that the training data were imported with.
        reading: For recordings, what else differs from how the training data were read: fields of
            ``ReadOptions``.
        beside: Other runs to judge on the same rows, for comparison.
        unknown: A dataset, or recordings, of objects that the model was not trained on: they show
            how well unknown objects are told, and choose the score that tells them.
        device: ``auto``, ``cpu`` or ``cuda``.
        engine: How the model computes, see ``predict.load``.
        progress: Called while recordings are judged, with how many are done, and how many windows.
        **settings: Fields of ``EvaluationSettings``, such as ``split="all"``,
            ``false_reject=0.01``, ``stress=True``, ``workers=2``, ``resume=True``.

    Returns:
        The metrics, a row a capture, and the recordings that failed.

    Raises:
        CheckpointError: If the run has no checkpoint, or it is damaged.
        DatasetError: If the dataset is damaged, or the split has no rows.
        MismatchError: If data and model differ in steps, sample axis or interval.
        CaptureError: If not one of the recordings can be read.
        OutputError: If ``out`` is in use or not empty, or holds another batch than is to resume.
        ClusterError: If a scheduler does not answer, or one of its workers cannot take part.
        UsageError: If a setting is unknown or does not fit.
    """
    chosen = EvaluationSettings.of(settings)
    if chosen.parquet:
        check_parquet()
    predictor = load(run, device=device, engine=engine)
    paths = [Path(data)] if isinstance(data, str | Path) else [Path(item) for item in data]
    task = Task(
        run=Path(run),
        predictor=predictor,
        beside=_load_beside(beside, predictor, device, engine),
        paths=paths,
        reading=_reading(predictor, {**(reading or {}), **({"name": name} if name else {})}),
        unknown=[Path(path) for path in unknown],
        settings=chosen,
    )
    with output_folder(Path(out), resume=chosen.resume, unfinished=UNFINISHED) as folder:
        if (folder / METRICS).exists():
            return _finished(folder, task)
        outcome = _judge(task, folder, progress)
        _write(task, outcome, folder)
    return EvaluateResult(Path(out), outcome.metrics, outcome.captures, outcome.failures)


def _judge(task: Task, folder: Path, progress: BatchProgress | None) -> EvaluationResult:
    """Judge one dataset, or recordings.

    Raises:
        UsageError: If datasets and recordings are mixed, or a setting is for the others.
    """
    if len(task.paths) == 1 and is_dataset(task.paths[0]):
        if task.settings.scheduler:
            raise UsageError(
                f"scheduler is for recordings; {task.paths[0]} is a dataset, which one process "
                "judges as a whole. Leave it out, or export recordings"
            )
        return evaluate_dataset(task, folder)
    if any(is_dataset(path) for path in task.paths):
        raise UsageError("one dataset or any number of recordings can be judged at once, not both")
    if task.settings.resample:
        raise UsageError(
            "resample is for datasets, and recordings are judged. Import them first, with windows "
            "long enough"
        )
    if task.settings.unknown_class:
        raise UsageError(
            "unknown_class names classes of a dataset, and recordings are judged: a recording "
            "whose label the model does not know counts as unknown by itself. Leave it out"
        )
    return evaluate_recordings(task, folder, progress)


def _write(task: Task, outcome: EvaluationResult, folder: Path) -> None:
    """Write all but ``predictions.h5``, which is there; the metrics come last."""
    write_summary(folder, outcome.captures)
    write_failures(folder, outcome.failures)
    if task.settings.parquet:
        write_parquet(folder / PREDICTIONS, folder / SUMMARY)
    if outcome.recordings:
        target = None if task.settings.annotate else folder / ANNOTATIONS
        steps = task.predictor.network.spec.steps
        write_annotations(folder / PREDICTIONS, outcome.recordings, task.reading, steps, target)
    content = report_content(task.run, outcome.examples, outcome.prediction, outcome.captures)
    write_report_data(folder, content)
    draw_page(folder, outcome.metrics, outcome.captures, outcome.failures, content)
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    (folder / PLAN).unlink(missing_ok=True)
    write_metrics(folder, outcome.metrics)


def _reading(predictor: Predictor, given: Mapping[str, Any]) -> ReadOptions:
    """Return how recordings are read: as the training data were, but for what is given.

    Where nothing says how long windows are, they are as long as the model's sequences.
    """
    trained = ReadOptions.from_recipe(predictor.header.recipe) or ReadOptions()
    steps = {} if trained.steps else {"steps": predictor.network.spec.steps}
    return trained.updated({**steps, **given})


def _load_beside(
    runs: Sequence[Path | str], predictor: Predictor, device: str, engine: str
) -> dict[str, Predictor]:
    """Return the other models, by a name that tells them apart."""
    others: dict[str, Predictor] = {}
    for run in runs:
        other = load(run, device=device, engine="torch" if engine == "torch" else "auto")
        if other.class_names != predictor.class_names:
            raise DatasetError(
                f"{run} knows the classes {', '.join(other.class_names)}, not "
                f"{', '.join(predictor.class_names)}; such models cannot be compared"
            )
        taken = other.name in others or other.name == predictor.name
        others[f"{other.name} ({run})" if taken else other.name] = other
    return others


def _finished(folder: Path, task: Task) -> EvaluateResult:
    """Return what an evaluation that has ended came to.

    Raises:
        OutputError: If it was another one than is asked for.
        EvaluationError: If a file of it is missing or altered.
    """
    metrics = read_json(folder / METRICS, DataError)
    earlier = metrics.get("provenance", {}).get("task_sha256")
    if earlier != task.digest:
        raise OutputError(
            f"{folder}: holds a finished evaluation with other settings, of other data or another "
            "model. Choose another folder"
        )
    faults: list[str] = []
    check_digests(folder, faults)
    if faults:
        raise EvaluationError("; ".join(faults))
    metrics.pop("files", None)
    captures, failures = (read_rows(folder / name) for name in (SUMMARY, FAILURES))
    return EvaluateResult(folder, metrics, captures, failures)
