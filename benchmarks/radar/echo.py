"""Echo without noise from fresh pairs, compared with linear filters of known noise."""

import math
from pathlib import Path
from typing import Any

from task_data import run_command
from task_table import Row, seed_runs

from radarseq.dataset.read import open_dataset

from .filters import known_travel_db
from .space_objects import RECIPE, learning_curve

GAIN_DB = 2.0  # goal, below the linear filter of the same causality
NOISY_DB = 0.0  # the bin from 0 to 5 dB of signal-to-noise ratio
COMMON: dict[str, Any] = {
    "task": "echo",
    "features": ("iq", "log_magnitude", "increment", "level"),
    "echo_error": "relative",
    "echo_weight": 1.0,
    "learning_rate": 0.01,
    "batch_size": 256,
    "pairs_per_epoch": 50_000,
    "patience": 0,
    "ema": 0.998,
    "dropout": 0.0,
}
MODELS: dict[str, dict[str, Any]] = {
    "LSTM, causal": {"model": "lstm", "epochs": 80},
    "LSTM, whole dwell": {"model": "lstm", "causal": False, "epochs": 24},
}
FILTERS = {True: "causal LMMSE", False: "LMMSE"}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the errors at 0 to 5 dB on the test rows, of objects held out."""
    data = run_command(folder / "data", "simulate", RECIPE, "--examples", 20_000, "--seed", 1)
    examples = open_dataset(data).load()
    made = []
    for name, settings in MODELS.items():
        place = folder / name.replace(", ", "_").replace(" ", "_")
        settings = COMMON | settings
        causal = settings.get("causal", True)
        metrics, runs = seed_runs(data, place, seeds, trained_on=RECIPE, **settings)
        errors = [_noisy(one) for one in metrics]
        linear = errors[0][FILTERS[causal]]
        known = known_travel_db(examples, causal=causal)
        made.append(
            Row(
                task="echo at 0 to 5 dB",
                model=name,
                measure="error [dB]",
                ours=[error["model"] for error in errors],
                goal=linear - GAIN_DB,
                baselines={FILTERS[causal]: linear} | known,
                digits=2,
                note=learning_curve(runs[0], "validation_echo_loss", _decibels),
            )
        )
    return made


def _decibels(ratio: float) -> float:
    return 10 * math.log10(ratio)


def _noisy(metrics: dict[str, Any]) -> dict[str, float]:
    """Return the errors [dB] in the noisiest bin by method; the model is ``model``."""
    bins = metrics["echo"]["by_snr"]
    return next(one["error_db"] for one in bins if one["low_db"] == NOISY_DB)
