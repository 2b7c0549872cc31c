"""Predicts a label for each video frame from 320 samples of generated sound."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from task_data import generate_by_example
from task_table import Row, seed_runs

from radarseq.baselines.signal_statistics import sequence_statistics
from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples

SAMPLES_PER_FRAME = 320
SETTINGS: dict[str, Any] = {
    "model": "conv_gru",
    "task": "step_label",
    "features": ("value",),
    "strides": (4, 4, 4, 5),
    "width": 32,
    "layers": 1,
    "dropout": 0.0,
    "batch_size": 16,
    "epochs": 8,
    "patience": 0,
}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the accuracy of the frames."""
    data = generate_by_example("video_frames", folder / "data", "--count 200 --frames 24")
    metrics, _ = seed_runs(data, folder / "runs", seeds, **SETTINGS)
    parts = [one["symbols"] for one in metrics]
    most = parts[0]["baselines"]["most frequent"]["accuracy"]
    return [
        Row(
            task="a label for each video frame",
            model="conv+GRU, 320 samples to 1",
            measure="accuracy of frames [%]",
            ours=[part["model"]["accuracy"] * 100 for part in parts],
            baselines={"majority": most * 100, "boosting on each frame": _boosting(data) * 100},
            more_is_better=True,
            digits=1,
            note="generated sound; 85 % of the frames have the label of the one before",
        )
    ]


def _boosting(data: Path) -> float:
    """Return the accuracy of gradient boosting on the statistics of one frame alone."""
    examples = open_dataset(data).load()
    train, test = _frames(examples.part("train")), _frames(examples.part("test"))
    trees = HistGradientBoostingClassifier(random_state=0).fit(*train)
    return float((trees.predict(test[0]) == test[1]).mean())


def _frames(examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    sound = examples["x"].reshape(-1, SAMPLES_PER_FRAME)
    labels = examples["target"].reshape(-1, SAMPLES_PER_FRAME)[:, -1]
    return sequence_statistics(sound), labels
