"""Evaluate a model on a dataset or on recordings, and write the evaluation folder."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from radarseq.artifacts.validation import check_digests
from radarseq.captures.options.read_options import ReadOptions
from radarseq.errors import DataError, DatasetError, EvaluationError, OutputError, UsageError
from radarseq.evaluation.output.folder import (
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
from radarseq.evaluation.page.content import draw_page
from radarseq.evaluation.page.redraw import read_rows
from radarseq.evaluation.page.saved_data import write_report_data
from radarseq.evaluation.pipelines.batch import BatchProgress
from radarseq.evaluation.pipelines.evaluate_dataset import evaluate_dataset
from radarseq.evaluation.pipelines.evaluate_recordings import evaluate_recordings
from radarseq.evaluation.pipelines.select_rows import is_dataset
from radarseq.evaluation.request import EvaluationRequest, EvaluationResult
from radarseq.evaluation.settings import EvaluationSettings
from radarseq.inference.predictor import Predictor, load
from radarseq.storage.output_folder import output_folder
from radarseq.storage.sealed import read_json
from radarseq.system import trim_heap


@trim_heap
def evaluate(
    run: Path | str,
    data: Path | str | Sequence[Path | str],
    out: Path | str,
    *,
    name: str = "",
    options: Mapping[str, Any] | None = None,
    compare: Sequence[Path | str] = (),
    unknown: Sequence[Path | str] = (),
    device: str = "auto",
    engine: str = "auto",
    progress: BatchProgress | None = None,
    **settings: Any,
) -> EvaluationResult:
    """Evaluate a trained model against its baselines, and write the evaluation folder.

    A dataset is evaluated as a whole; recordings one at a time, block by block, in bounded memory.

    Args:
        run: A run folder.
        data: A dataset, or recordings (files and folders) of the kind that it was trained on.
        out: The folder to write; new or empty, unless ``resume``.
        name: For recordings, the pattern of their names, such as ``{label}_{group}.npz``; empty
            takes the one that the training data were imported with.
        options: For recordings, what differs from how the training data were read: fields of
            ``ReadOptions``.
        compare: Other runs to evaluate on the same rows.
        unknown: A dataset, or recordings, of objects that the model was not trained on: they
            select the score of unknown windows, and measure how many are detected.
        device: ``auto``, ``cpu`` or ``cuda``.
        engine: Engine of the model, see ``radarseq.load``.
        progress: Called while recordings are evaluated, with how many are done, and how many
            windows.
        **settings: Fields of ``EvaluationSettings``, such as ``split="all"``,
            ``false_reject=0.01``, ``stress=True``, ``workers=2``, ``resume=True``.

    Returns:
        The metrics, one row per recording or object, and the recordings that failed.

    Raises:
        CheckpointError: If the run has no checkpoint, or it is damaged.
        DatasetError: If the dataset is damaged, or the split has no rows.
        MismatchError: If data and model differ in steps, sample axis or interval.
        CaptureError: If not one of the recordings can be read.
        OutputError: If ``out`` is in use or not empty, or holds another batch than the one to
            resume.
        ClusterError: If a scheduler does not answer, or one of its workers cannot take part.
        UsageError: If a setting is unknown or does not fit.
    """
    checked = EvaluationSettings.of(settings)
    if checked.parquet:
        check_parquet()
    predictor = load(run, device=device, engine=engine)
    request = EvaluationRequest(
        run=Path(run),
        predictor=predictor,
        compare=_load_compared(compare, predictor, device, engine),
        paths=[Path(data)] if isinstance(data, str | Path) else [Path(item) for item in data],
        options=_read_options(predictor, {**(options or {}), **({"name": name} if name else {})}),
        unknown=[Path(path) for path in unknown],
        settings=checked,
    )
    with output_folder(Path(out), resume=checked.resume, unfinished=UNFINISHED) as folder:
        if (folder / METRICS).exists():
            return _load_finished(folder, request)
        result = _evaluate(request, folder, progress)
        write_summary(folder, result.captures)
        write_failures(folder, result.failures)
        if checked.parquet:
            write_parquet(folder / PREDICTIONS, folder / SUMMARY)
        write_report_data(folder, result.content)
        draw_page(folder, result.metrics, result.captures, result.failures, result.content)
        shutil.rmtree(folder / FOLDER, ignore_errors=True)
        (folder / PLAN).unlink(missing_ok=True)
        write_metrics(folder, result.metrics)
    return result


def _evaluate(
    request: EvaluationRequest, folder: Path, progress: BatchProgress | None
) -> EvaluationResult:
    """Evaluate one dataset, or recordings.

    Raises:
        UsageError: If datasets and recordings are mixed, or a setting is for the others.
    """
    paths, settings = request.paths, request.settings
    if len(paths) == 1 and is_dataset(paths[0]):
        if settings.scheduler:
            raise UsageError(
                f"scheduler is for recordings; {paths[0]} is a dataset, which one process "
                "evaluates as a whole. Omit scheduler, or export recordings"
            )
        return evaluate_dataset(request, folder)
    if any(is_dataset(path) for path in paths):
        raise UsageError(
            "expected one dataset or any number of recordings, not both. Evaluate them apart"
        )
    if settings.resample:
        raise UsageError(
            "resample is for datasets, and these are recordings. Import them first, with windows "
            "long enough"
        )
    if settings.unknown_class:
        raise UsageError(
            "unknown_class names classes of a dataset, and these are recordings: a recording "
            "whose label the model does not know counts as unknown by itself. Omit it"
        )
    return evaluate_recordings(request, folder, progress)


def _read_options(predictor: Predictor, given: Mapping[str, Any]) -> ReadOptions:
    """Return how to read recordings: as the training data were, but for what is given.

    Windows are as long as the model's sequences, where nothing else gives their length.
    """
    trained = ReadOptions.from_recipe(predictor.header.recipe) or ReadOptions()
    steps = {} if trained.steps else {"steps": predictor.network.spec.steps}
    return trained.updated({**steps, **given})


def _load_compared(
    runs: Sequence[Path | str], predictor: Predictor, device: str, engine: str
) -> dict[str, Predictor]:
    """Load the other models, each under a name that no other has."""
    compared: dict[str, Predictor] = {}
    for run in runs:
        other = load(run, device=device, engine="torch" if engine == "torch" else "auto")
        if other.class_names != predictor.class_names:
            raise DatasetError(
                f"{run} knows the classes {', '.join(other.class_names)}; expected "
                f"{', '.join(predictor.class_names)}. Compare runs on the same classes"
            )
        is_taken = other.name in compared or other.name == predictor.name
        compared[f"{other.name} ({run})" if is_taken else other.name] = other
    return compared


def _load_finished(folder: Path, request: EvaluationRequest) -> EvaluationResult:
    """Return the result of an evaluation that has ended.

    Raises:
        OutputError: If it was another evaluation than the requested one.
        EvaluationError: If a file of it is missing or altered.
    """
    metrics = read_json(folder / METRICS, DataError)
    if metrics.get("provenance", {}).get("request_sha256") != request.digest:
        raise OutputError(
            f"{folder}: holds a finished evaluation with other settings, of other data or another "
            "model. Choose another folder"
        )
    issues: list[str] = []
    check_digests(folder, issues)
    if issues:
        raise EvaluationError("; ".join(issues))
    metrics.pop("files", None)
    captures, failures = (read_rows(folder / name) for name in (SUMMARY, FAILURES))
    return EvaluationResult(folder=folder, metrics=metrics, captures=captures, failures=failures)
