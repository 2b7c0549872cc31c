"""Spoken digits of an unknown speaker: each speaker in turn is left out of training."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from task_data import import_by_example
from task_table import Row, accuracy_row, evaluate_ensemble, seed_runs

from deck.digits import MODEL, RECORDINGS, SETTINGS

GOAL = 88.0
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the mean accuracies over the speakers, of each seed and of the ensemble."""
    alone: dict[str, list[dict[str, Any]]] = {}
    together: dict[str, list[dict[str, Any]]] = {}
    for speaker in SPEAKERS:
        data = without(speaker, folder / speaker / "data")
        alone[speaker], runs = seed_runs(data, folder / speaker / "runs", seeds, **SETTINGS)
        if len(runs) > 1:
            together[speaker] = [evaluate_ensemble(data, runs)]
    rows = [apart_row(alone, MODEL)]
    return rows + ([apart_row(together, f"ensemble of these {seeds}")] if together else [])


def apart_row(by_speaker: dict[str, list[dict[str, Any]]], model: str) -> Row:
    """Return the mean over the speakers left out, of each seed and of each baseline.

    Args:
        by_speaker: Metrics of each seed, by the speaker who tests.
        model: Name of the model.
    """
    each = {
        speaker: accuracy_row(metrics, task="spoken digits, one speaker left out", model=model)
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
        goal=GOAL,
        note=", ".join(f"{speaker} {np.mean(row.ours):.1f}" for speaker, row in each.items()),
    )


def without(speaker: str, out: Path) -> Path:
    """Return the dataset ``out`` in which one speaker tests and the others train."""
    return import_by_example("spoken_digits", RECORDINGS, out, options=f"--leave-out {speaker}")
