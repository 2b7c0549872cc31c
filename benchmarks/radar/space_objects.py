"""Classifies eight classes of space objects, from 20,000 stored pairs and from fresh ones."""

import csv
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from task_data import run_command
from task_table import Row, accuracy_row, seed_runs

from radarseq.dataset.read import open_dataset

from .simple import boosting_on_raw

RECIPE = Path(__file__).parents[2] / "datasets" / "space_objects.toml"
GAIN = 5.0  # goal: points of accuracy that fresh pairs add
POINTS = 8  # of a learning curve in the note
FRESH: dict[str, Any] = {
    "task": "classify",
    "dropout": 0.0,
    "batch_size": 512,
    "pairs_per_epoch": 50_000,
    "patience": 0,
    "ema": 0.998,
}


def rows_of(
    model: str,
    folder: Path,
    seeds: int,
    stored: dict[str, Any],
    fresh: dict[str, Any],
) -> list[Row]:
    """Return the accuracies of one kind of model on the same test rows, of unseen objects.

    Args:
        model: Name of the model.
        folder: Folder of data and runs.
        seeds: Number of runs on the stored pairs; one run is made on fresh pairs.
        stored: Settings for the stored pairs.
        fresh: Settings for the fresh ones, besides ``FRESH``.
    """
    data = run_command(folder / "data", "simulate", RECIPE, "--examples", 20_000, "--seed", 1)
    metrics, _ = seed_runs(data, folder / "stored", seeds, **stored)
    boosting = boosting_on_raw(open_dataset(data).load())
    baselines = {"boosting on raw + statistics": boosting}
    first = accuracy_row(
        metrics,
        task="space objects, 20,000 stored pairs",
        model=model,
        goal=boosting,
        baselines=baselines,
    )
    metrics, runs = seed_runs(data, folder / "fresh", 1, trained_on=RECIPE, **FRESH | fresh)
    second = accuracy_row(
        metrics,
        task="space objects, fresh pairs",
        model=model,
        goal=float(np.mean(first.ours)) + GAIN,
        baselines=baselines,
        note=learning_curve(runs[0], "validation_accuracy", lambda share: 100 * share),
    )
    return [first, second]


def learning_curve(run: Path, column: str, convert: Callable[[float], float]) -> str:
    """Return the time and the learning curve of a run on fresh pairs, as text.

    Args:
        run: Folder of the run.
        column: Column of its metrics.
        convert: Function from a value to the printed one.
    """
    with (run / "metrics.csv").open(newline="", encoding="utf-8") as file:
        values = [convert(float(row[column])) for row in csv.DictReader(file)]
    environment = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    pairs_per_epoch = _pairs_per_epoch(run)
    picked = np.unique(np.geomspace(1, len(values), POINTS).round().astype(int))
    points = ", ".join(f"{n * pairs_per_epoch / 1e6:.2g} M {values[n - 1]:.1f}" for n in picked)
    minutes = len(values) * pairs_per_epoch / environment["train_sequences_per_s"] / 60
    threads = "one thread" if environment["threads"] == 1 else f"{environment['threads']} threads"
    return f"{minutes:.0f} minutes with {threads}; on validation, after so many pairs: {points}"


def _pairs_per_epoch(run: Path) -> int:
    return int(tomllib.loads((run / "config.toml").read_text())["training"]["pairs_per_epoch"])
