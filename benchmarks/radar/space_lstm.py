"""Space objects by an LSTM."""

from pathlib import Path
from typing import Any

from task_table import Row

from .space_objects import rows_of

STORED: dict[str, Any] = {"model": "lstm"}
FRESH: dict[str, Any] = {
    "model": "lstm",
    "task": "classify",
    "dropout": 0.0,
    "batch_size": 512,
    "pairs_per_epoch": 50_000,
    "epochs": 45,
    "patience": 0,
    "ema": 0.998,
}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the accuracies from stored and from fresh pairs."""
    return rows_of("LSTM", folder, seeds, STORED, FRESH)
