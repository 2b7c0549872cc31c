"""Returns from the ionosphere, good or bad: 200 rows train, 151 test."""

from pathlib import Path
from typing import Any

from task_data import commanded
from task_table import RECORDINGS, Row, accuracy_row, seed_runs

from radarseq.dataset.read import open_dataset

from .simple import svm_right

FILE = RECORDINGS / "ionosphere" / "ionosphere.csv"
READING = "--interleaved --label-column -1 --train-rows 200 --validation 0"
# Chosen by cross-validation within the 200 training rows alone.
SETTINGS: dict[str, Any] = {
    "model": "gru",
    "task": "classify",
    "features": ("value",),
    "causal": False,
    "width": 32,
    "layers": 1,
    "dropout": 0.3,
    "label_smoothing": 0.1,
    "ema": 0.98,
    "epochs": 20,
    "batch_size": 32,
    "patience": 0,
}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the accuracy on the last 151 rows."""
    data = commanded(folder / "data", "import", FILE, *READING.split())
    metrics, _ = seed_runs(data, folder / "runs", seeds, **SETTINGS)
    machine = svm_right(open_dataset(data).load())
    return [
        accuracy_row(
            metrics,
            task="ionosphere, first 200 rows train",
            who="GRU",
            reach=96.0,
            baselines={"SVM": 100 * float(machine.mean())},
            published={"linear": 90.7, "backpropagation": 96.0, "C4": 94.0, "IB3": 96.7},
        )
    ]
