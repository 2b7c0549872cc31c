"""Spoken digits of a speaker who has never been heard: each in turn is left out of training."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from task_data import imported
from task_table import Row, accuracy_row, judged_together, seed_runs

from deck.digits import RECORDINGS, SETTINGS, WHO

REACH = 88.0
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the mean accuracies over the speakers: of each seed, and of all seeds as one."""
    alone: dict[str, list[dict[str, Any]]] = {}
    together: dict[str, list[dict[str, Any]]] = {}
    for speaker in SPEAKERS:
        data = without(speaker, folder / speaker / "data")
        alone[speaker], runs = seed_runs(data, folder / speaker / "runs", seeds, **SETTINGS)
        if len(runs) > 1:
            together[speaker] = [judged_together(data, runs)]
    told = [apart_row(alone, WHO)]
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
