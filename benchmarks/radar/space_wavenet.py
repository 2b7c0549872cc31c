"""Classifies space objects by WaveNet."""

from pathlib import Path
from typing import Any

from task_table import Row

from .space_objects import rows_of

STORED: dict[str, Any] = {"model": "wavenet"}
# For the last step alone, a wide network has few cells to compute. It passes twice as many pairs in
# the same time as the default, which reads all steps, and learns more from each.
FRESH: dict[str, Any] = {
    "model": "wavenet",
    "pool": "last",
    "width": 64,
    "skip": 128,
    "epochs": 130,
    "learning_rate": 0.005,
}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the accuracies from stored and from fresh pairs."""
    return rows_of("WaveNet", folder, seeds, STORED, FRESH)
