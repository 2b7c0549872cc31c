"""Spoken digits: the official split, and each speaker in turn left out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from task_data import imported
from task_table import Row, accuracy_row, judged_together, seed_runs

RECORDINGS = "spoken_digits/recordings"
REACH = 88.0  # of a speaker who is left out
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
# Chosen on the validation rows of the official split; width and features on two speakers left out
# at a time, see docs/deck_tasks.md.
SETTINGS: dict[str, Any] = {
    "model": "conv_gru",
    "task": "classify",
    "features": ("log_mel", "log_mel_change"),
    "causal": False,
    "strides": (2,),
    "width": 128,
    "layers": 1,
    "dropout": 0.3,
    "batch_size": 64,
    "epochs": 30,
    "patience": 0,
    "speed": 0.2,
    "occlusion": 0.3,
    "ema": 0.99,
    "label_smoothing": 0.05,
}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the accuracies; those of the speakers left out are means over them, one a seed."""
    official = imported("spoken_digits", RECORDINGS, folder / "official")
    metrics, _ = seed_runs(official, folder / "official-runs", seeds, **SETTINGS)
    alone: dict[str, list[dict[str, Any]]] = {}
    together: dict[str, list[dict[str, Any]]] = {}
    for speaker in SPEAKERS:
        data = without(speaker, folder / f"without-{speaker}")
        alone[speaker], runs = seed_runs(
            data, folder / f"without-{speaker}-runs", seeds, **SETTINGS
        )
        if len(runs) > 1:
            together[speaker] = [judged_together(data, runs)]
    who = "conv+GRU on log-mel and its change"
    told = [
        accuracy_row(metrics, task="spoken digits, official split", who=who, reach=97.0),
        apart_row(alone, who),
    ]
    return told + ([apart_row(together, f"ensemble of these {seeds}")] if together else [])


def apart_row(by_speaker: dict[str, list[dict[str, Any]]], who: str) -> Row:
    """Return the mean over the speakers left out, of each seed and of each baseline.

    Args:
        by_speaker: Metrics of each seed, by the speaker that tests them.
        who: The model.
    """
    each = {
        speaker: accuracy_row(metrics, task="spoken digits, one speaker left out", who=who)
        for speaker, metrics in by_speaker.items()
    }
    rows = list(each.values())
    return replace(
        rows[0],
        ours=np.mean([row.ours for row in rows], axis=0).tolist(),
        baselines={
            name: float(np.mean([row.baselines[name] for row in rows]))
            for name in rows[0].baselines
        },
        reach=REACH,
        note=", ".join(f"{speaker} {np.mean(row.ours):.1f}" for speaker, row in each.items()),
    )


def without(speaker: str, out: Path) -> Path:
    """Return the dataset ``out``, which a speaker tests and the others train."""
    return imported("spoken_digits", RECORDINGS, out, options=f"--leave-out {speaker}")
