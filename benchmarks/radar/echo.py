"""The echo without noise, from fresh pairs, beside linear filters that are told the noise."""

import math
from pathlib import Path
from typing import Any

from task_data import commanded
from task_table import Row, seed_runs

from radarseq.dataset.read import open_dataset

from .filters import told_travel_db
from .space_objects import RECIPE, learning_curve

GAIN_DB = 2.0  # below the linear filter that sees as much
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
CONTENDERS: dict[str, dict[str, Any]] = {
    "LSTM, causal": {"model": "lstm", "epochs": 80},
    "LSTM, whole dwell": {"model": "lstm", "causal": False, "epochs": 24},
}
FILTERS = {True: "causal LMMSE", False: "LMMSE"}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the errors at 0 to 5 dB on the test rows, of objects held out."""
    data = commanded(folder / "data", "simulate", RECIPE, "--examples", 20_000, "--seed", 1)
    examples = open_dataset(data).load()
    made = []
    for who, settings in CONTENDERS.items():
        place = folder / who.replace(", ", "_").replace(" ", "_")
        settings = COMMON | settings
        causal = settings.get("causal", True)
        metrics, runs = seed_runs(data, place, seeds, trained_on=RECIPE, **settings)
        errors = [_noisy(one) for one in metrics]
        linear = errors[0][FILTERS[causal]]
        told = told_travel_db(examples, causal=causal)
        made.append(
            Row(
                task="echo at 0 to 5 dB",
                who=who,
                measure="error [dB]",
                ours=[error["model"] for error in errors],
                reach=linear - GAIN_DB,
                baselines={FILTERS[causal]: linear} | told,
                digits=2,
                note=learning_curve(runs[0], "validation_echo_loss", _decibels),
            )
        )
    return made


def _decibels(ratio: float) -> float:
    return 10 * math.log10(ratio)


def _noisy(metrics: dict[str, Any]) -> dict[str, float]:
    """Return everybody's error [dB] in the noisiest bin, the model's as ``model``."""
    bins = metrics["echo"]["by_snr"]
    return next(one["error_db"] for one in bins if one["low_db"] == NOISY_DB)
