"""Bach's chorales as piano roll: which of 88 keys are down in the next quarter note."""

from pathlib import Path

from .example import imported
from .table import Row, seed_runs

FILE = "chorales/JSB_Chorales_pianoroll88_quarter.mat"
TRAINING = {
    "task": "next_symbol",
    "model": "lstm",
    "width": 192,
    "layers": 1,
    "embedding": 1,  # of two symbols one number tells all
    "dropout": 0.3,
    "epochs": 12,
    "batch_size": 32,
}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the nats a frame on the test chorales, summed over the keys."""
    data = imported("chorales", FILE, folder / "data", "piano-roll", options="--transpose 3")
    metrics, _ = seed_runs(data, folder / "lstm", seeds, **TRAINING)
    parts = [one["symbols"] for one in metrics]
    baselines = {who: told["nats_per_step"] for who, told in parts[0]["baselines"].items()}
    return [
        Row(
            task="chorales, piano roll",
            who="LSTM",
            measure="nats/frame",
            ours=[part["model"]["nats_per_step"] for part in parts],
            reach=8.2,
            baselines=baselines | {"TCN, published": 8.10},
            digits=3,
        )
    ]
