"""Judging a model on a dataset or on recordings: predictions, metrics, baselines, report."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from radarseq.captures.collect import collect
from radarseq.captures.reading import Reading
from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import MANIFEST_NAME, UNFINISHED_NAME, Examples
from radarseq.errors import DatasetError, RadarseqError, UsageError
from radarseq.evaluation.comparison import SNR, compare_classes, compare_echoes
from radarseq.evaluation.fusion import fuse
from radarseq.evaluation.predict import Prediction, Predictor, load
from radarseq.evaluation.records import (
    EVALUATION_KIND,
    capture_rows,
    write_failures,
    write_metrics,
    write_predictions,
    write_summary,
)
from radarseq.files import output_folder
from radarseq.models.baselines import majority_probabilities
from radarseq.report.page import write_report
from radarseq.report.pictures import MOST_PICTURES, Pictures


@dataclass(frozen=True)
class EvaluateResult:
    """What an evaluation came to.

    Attributes:
        folder: Where it is written.
        metrics: The content of ``metrics.json``.
        captures: One row a capture, as in ``summary.csv``.
        failures: Recordings that could not be judged: capture, reason, remedy.
    """

    folder: Path
    metrics: dict[str, Any]
    captures: list[dict[str, Any]]
    failures: list[dict[str, str]]


@dataclass(frozen=True)
class _Judged:
    """The rows to judge, where they come from, and what to fit baselines on."""

    path: str
    digest: str
    split: str
    examples: Examples
    training: Examples | None
    failures: list[dict[str, str]]
    left_out: dict[str, int]


def evaluate(
    run: Path | str,
    data: Path | str | Sequence[Path | str],
    out: Path | str,
    *,
    split: str = "test",
    name: str = "",
    beside: Sequence[Path | str] = (),
    device: str = "auto",
) -> EvaluateResult:
    """Judge a trained model beside its baselines, and write the evaluation folder.

    Args:
        run: A run folder.
        data: A dataset, or recordings (files and folders) of the kind that it was trained on.
        out: The folder to write; new or empty.
        split: Which rows of a dataset: ``test``, ``validation``, ``train`` or ``all``.
        name: For recordings, the pattern of their names, such as ``{label}_{group}.npz``; empty
            takes the one that the training data were imported with.
        beside: Other runs to judge on the same rows, for comparison.
        device: ``auto``, ``cpu`` or ``cuda``.

    Returns:
        The metrics, a row a capture, and the recordings that failed.

    Raises:
        CheckpointError: If the run has no checkpoint, or it is damaged.
        DatasetError: If the dataset is damaged, or the split has no rows.
        MismatchError: If data and model differ in steps, sample axis or interval.
        CaptureError: If not one of the recordings can be read.
        OutputError: If ``out`` is in use or not empty.
    """
    predictor = load(run, device=device)
    paths = [Path(data)] if isinstance(data, str | Path) else [Path(item) for item in data]
    with output_folder(Path(out)) as folder:
        judged = _gather(predictor, paths, split, name)
        prediction = predictor.predict_examples(judged.examples)
        others = _predict_beside(beside, predictor, judged.examples, device)
        metrics, captures = _metrics(predictor, str(run), judged, prediction, others)
        write_predictions(folder, judged.examples, prediction)
        write_summary(folder, captures)
        write_failures(folder, judged.failures)
        shown = metrics | {"captures": captures, "failures": judged.failures}
        pictures = _pictures(judged.examples, prediction)
        write_report(folder, shown, pictures, _epochs(Path(run)))
        write_metrics(folder, metrics)
    return EvaluateResult(Path(out), metrics, captures, judged.failures)


def _gather(predictor: Predictor, paths: list[Path], split: str, name: str) -> _Judged:
    if len(paths) == 1 and _is_dataset(paths[0]):
        return _from_dataset(predictor, paths[0], split)
    if any(_is_dataset(path) for path in paths):
        raise UsageError("one dataset or any number of recordings can be judged at once, not both")
    return _from_recordings(predictor, paths, name)


def _predict_beside(
    runs: Sequence[Path | str], predictor: Predictor, examples: Examples, device: str
) -> dict[str, Prediction]:
    """Return the other models' predictions, by a name that tells them apart."""
    others: dict[str, Prediction] = {}
    for run in runs:
        other = load(run, device=device)
        if other.class_names != predictor.class_names:
            raise DatasetError(
                f"{run} knows the classes {', '.join(other.class_names)}, not "
                f"{', '.join(predictor.class_names)}; such models cannot be compared"
            )
        name = other.network.settings.model
        taken = name in others or name == predictor.network.settings.model
        others[f"{name} ({run})" if taken else name] = other.predict_examples(examples)
    return others


def _is_dataset(path: Path) -> bool:
    return (path / MANIFEST_NAME).exists() or (path / UNFINISHED_NAME).exists()


def _from_dataset(predictor: Predictor, path: Path, split: str) -> _Judged:
    dataset = open_dataset(path)
    examples = dataset.load()
    _check_classes(predictor, examples)
    part = examples.part(split)
    if not len(part):
        raise DatasetError(f"{path}: no example is in the {split} split; choose another --split")
    training = examples.part("train") if "split" in examples else None
    if training is None or not len(training):
        training = _training_data(predictor)
    return _Judged(str(path), dataset.digest, split, part, training, [], {})


def _check_classes(predictor: Predictor, examples: Examples) -> None:
    names = examples.header.class_names
    if "label" in examples and names != predictor.class_names:
        raise DatasetError(
            f"the dataset's classes are {', '.join(names)}; the model knows "
            f"{', '.join(predictor.class_names)}. Judge it on data with the same classes"
        )


def _from_recordings(predictor: Predictor, paths: Iterable[Path], name: str) -> _Judged:
    paths = list(paths)
    reading = Reading.from_recipe(predictor.header.recipe) or Reading()
    if name:
        reading = Reading.from_json(reading.to_json() | {"name": name})
    found = collect(paths, reading, class_names=predictor.class_names)
    failures = [
        {"capture": str(f.path), "reason": f.reason, "remedy": f.remedy} for f in found.failures
    ]
    source = ", ".join(str(path) for path in paths)
    training = _training_data(predictor)
    return _Judged(source, "", "all", found.examples, training, failures, found.left_out)


def _training_data(predictor: Predictor) -> Examples | None:
    """Return the rows that the model was trained on, if they are still there and the same."""
    facts = predictor.manifest.get("data", {})
    if facts.get("kind") != "stored":
        return None
    try:
        dataset = open_dataset(Path(facts["path"]))
        return dataset.load().part("train") if dataset.digest == facts["digest"] else None
    except RadarseqError:
        return None


def _metrics(
    predictor: Predictor,
    run: str,
    judged: _Judged,
    prediction: Prediction,
    others: dict[str, Prediction],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    examples, settings = judged.examples, predictor.network.settings
    metrics: dict[str, Any] = {
        "kind": EVALUATION_KIND,
        "model": _model_card(predictor, run),
        "data": {
            "path": judged.path,
            "digest": judged.digest,
            "split": judged.split,
            "examples": len(examples),
            "left_out": judged.left_out,
            "class_names": list(predictor.class_names),
            "warnings": list(examples.header.warnings),
        },
    }
    captures: list[dict[str, Any]] = []
    training = judged.training
    if prediction.probabilities is not None:
        known = np.flatnonzero(examples["label"] >= 0) if "label" in examples else np.zeros(0, int)
        if known.size:
            metrics["classification"] = compare_classes(
                settings.model,
                prediction.probabilities[known],
                examples.take(known),
                training,
                {who: p.probabilities[known] for who, p in others.items() if p.label is not None},
            )
        prior = np.full(len(predictor.class_names), 1 / len(predictor.class_names))
        if training is not None and "label" in training:
            prior = majority_probabilities(training, training.take(slice(1)))[0]
        if "group" in examples:
            fused = fuse(prediction.probabilities, examples["group"], prior)
            captures = capture_rows(fused, examples, prediction)
            metrics["captures"] = _capture_metrics(captures)
    if prediction.echo is not None and "target" in examples:
        metrics["echo"] = compare_echoes(
            settings.model,
            prediction.echo,
            examples,
            training,
            {who: p.echo for who, p in others.items() if p.echo is not None},
            causal=settings.causal,
        )
    return metrics, captures


def _capture_metrics(captures: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how many captures there are, and the share of right decisions where it is known."""
    known = [row for row in captures if row["label"] is not None]
    right = [row["label"] == row["decision"] for row in known]
    return {
        "captures": len(captures),
        "labelled": len(known),
        "accuracy": float(np.mean(right)) if right else None,
    }


def _model_card(predictor: Predictor, run: str) -> dict[str, Any]:
    network, manifest, header = predictor.network, predictor.manifest, predictor.header
    return {
        "name": network.settings.model,
        "task": network.settings.task,
        "parameters": sum(p.numel() for p in network.parameters()),
        "receptive_field": network.receptive_field,
        "features": list(network.settings.features),
        "seed": manifest.get("training", {}).get("seed"),
        "epoch": manifest.get("epoch"),
        "run": run,
        "training_data": manifest.get("data", {}).get("path"),
        "sample_axis": header.sample_axis,
        "sample_interval_s": header.sample_interval_s,
        "carrier_hz": header.carrier_hz,
        "versions": manifest.get("versions"),
        "limits": _limits(predictor),
    }


def _limits(predictor: Predictor) -> list[str]:
    spec, header = predictor.network.spec, predictor.header
    limits = [
        f"sequences of other than {spec.steps} steps, or another sampling interval or axis",
    ]
    if header.class_names:
        limits.append(
            f"objects outside {', '.join(header.class_names)}: it always names one of these"
        )
    if header.seed >= 0:
        limits.append("measured data, before it has been judged on some: it has seen simulation")
    return limits


def _pictures(examples: Examples, prediction: Prediction) -> Pictures | None:
    """Return examples to show, one of each class first."""
    signal = examples.input
    if not np.iscomplexobj(signal) or signal.ndim != 2:
        return None
    rows = np.arange(min(MOST_PICTURES, len(examples)))
    if "label" in examples:
        first = np.unique(examples["label"], return_index=True)[1]
        rows = np.concatenate((first, np.setdiff1d(rows, first)))[:MOST_PICTURES]
    names = examples.header.class_names

    def named(labels: Any) -> list[str]:
        return ["" if labels is None or labels[r] < 0 else names[labels[r]] for r in rows]

    def taken(values: Any) -> Any:
        return None if values is None or values.shape != signal.shape else values[rows]

    return Pictures(
        tx=taken(examples.columns.get("tx")),
        rx=signal[rows],
        target=taken(examples.columns.get("target")),
        predicted=taken(prediction.echo),
        label=named(examples.columns.get("label")),
        decision=named(prediction.label),
        snr_db=[float(examples[SNR][r]) if SNR in examples else None for r in rows],
    )


def _epochs(run: Path) -> list[dict[str, Any]] | None:
    """Return the rows of the run's ``metrics.csv``, or None where there is none."""
    path = run / "metrics.csv"
    if not path.exists():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
