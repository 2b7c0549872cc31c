"""Eight classes of space objects: from 20,000 stored pairs, and from fresh ones."""

import csv
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from task_data import commanded
from task_table import Row, accuracy_row, seed_runs

from radarseq.dataset.read import open_dataset

from .simple import boosting_on_raw

RECIPE = Path(__file__).parents[2] / "datasets" / "space_objects.toml"
GAIN = 5.0  # points that fresh pairs must add to what stored ones come to
POINTS = 8  # of a learning curve that are told
FRESH: dict[str, Any] = {
    "task": "classify",
    "dropout": 0.0,
    "batch_size": 512,
    "pairs_per_epoch": 50_000,
    "patience": 0,
    "ema": 0.998,
}


def rows_of(
    who: str,
    folder: Path,
    seeds: int,
    stored: dict[str, Any],
    fresh: dict[str, Any],
) -> list[Row]:
    """Return the accuracies of one kind of model on the same test rows, of objects held out.

    Args:
        who: The model.
        folder: Where data and runs are written.
        seeds: How many runs on the stored pairs; one run is made on fresh pairs.
        stored: Settings for the stored pairs.
        fresh: Settings for the fresh ones, besides ``FRESH``.
    """
    data = commanded(folder / "data", "simulate", RECIPE, "--examples", 20_000, "--seed", 1)
    metrics, _ = seed_runs(data, folder / "stored", seeds, **stored)
    boosting = boosting_on_raw(open_dataset(data).load())
    beside = {"boosting on raw + statistics": boosting}
    first = accuracy_row(
        metrics,
        task="space objects, 20,000 stored pairs",
        who=who,
        reach=boosting,
        baselines=beside,
    )
    metrics, runs = seed_runs(data, folder / "fresh", 1, trained_on=RECIPE, **FRESH | fresh)
    second = accuracy_row(
        metrics,
        task="space objects, fresh pairs",
        who=who,
        reach=float(np.mean(first.ours)) + GAIN,
        baselines=beside,
        note=learning_curve(runs[0], "validation_accuracy", lambda share: 100 * share),
    )
    return [first, second]


def learning_curve(run: Path, column: str, shown: Callable[[float], float]) -> str:
    """Return in words what a run on fresh pairs came to, and how long it took.

    Args:
        run: The run's folder.
        column: Of its metrics.
        shown: From such a value to what is told.
    """
    with (run / "metrics.csv").open(newline="", encoding="utf-8") as file:
        values = [shown(float(row[column])) for row in csv.DictReader(file)]
    told = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    a_pass = _pairs_per_epoch(run)
    picked = np.unique(np.geomspace(1, len(values), POINTS).round().astype(int))
    points = ", ".join(f"{n * a_pass / 1e6:.2g} M {values[n - 1]:.1f}" for n in picked)
    minutes = len(values) * a_pass / told["train_sequences_per_s"] / 60
    threads = "one thread" if told["threads"] == 1 else f"{told['threads']} threads"
    return f"{minutes:.0f} minutes with {threads}; on validation, after so many pairs: {points}"


def _pairs_per_epoch(run: Path) -> int:
    return int(tomllib.loads((run / "config.toml").read_text())["training"]["pairs_per_epoch"])
