"""Hand gestures of different lengths, in ten folds."""

from pathlib import Path
from typing import Any

import numpy as np
from task_data import import_by_example
from task_table import Row, accuracy_row, seed_runs

from radarseq.dataset.read import open_dataset

from .simple import svm_correct

ARCHIVE = "gestures/records.zip"
FOLDS = 10
SETTINGS: dict[str, Any] = {
    "model": "gru",
    "task": "classify",
    "features": ("value",),
    "causal": False,
    "width": 32,
    "layers": 1,
    "dropout": 0.3,
    "batch_size": 32,
    "epochs": 60,
    "patience": 0,
    "ema": 0.98,
}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the share of all recordings that are named right, each by a net without its fold."""
    shares: list[float] = []  # of the recordings that a fold tests
    machine: list[np.ndarray] = []
    by_fold: list[list[dict[str, Any]]] = []
    for fold in range(FOLDS):
        data = import_by_example(
            "gestures", ARCHIVE, folder / f"fold-{fold}", options=f"--fold {fold}"
        )
        examples = open_dataset(data).load()
        by_fold.append(seed_runs(data, folder / f"runs-{fold}", seeds, **SETTINGS)[0])
        machine.append(svm_correct(examples))
        shares.append(len(machine[-1]) / len(examples))
    each = [accuracy_row(metrics, task="", model="") for metrics in by_fold]
    over_folds = np.average([row.ours for row in each], axis=0, weights=shares)
    simple = {
        name: float(np.average([row.baselines[name] for row in each], weights=shares))
        for name in each[0].baselines
    }
    return [
        Row(
            task=f"gestures, {FOLDS} folds",
            model="GRU, lengths masked",
            measure="accuracy [%]",
            ours=over_folds.tolist(),
            goal=97.0,
            baselines={"SVM": 100 * float(np.concatenate(machine).mean())} | simple,
            more_is_better=True,
            digits=1,
        )
    ]
