"""Bach's chorales as piano roll: predicts which of 88 keys are down in the next quarter note."""

from pathlib import Path

from task_data import import_by_example
from task_table import Row, seed_runs

FILE = "chorales/JSB_Chorales_pianoroll88_quarter.mat"
TRAINING = {
    "task": "next_symbol",
    "model": "wavenet",
    "width": 128,
    "skip": 128,
    "layer_norm": True,  # four keys of 88 are down: without it they have little effect
    "embedding": 1,  # one number represents two symbols
    "ema": 0.99,
    "input_dropout": 0.1,  # 229 chorales are few: no key may depend on a single other
    "weight_decay": 0.05,
    "epochs": 20,
    "batch_size": 16,
    "learning_rate": 6e-3,
}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the nats per frame on the test chorales, summed over the keys."""
    data = import_by_example(
        "chorales", FILE, folder / "data", "piano-roll", options="--transpose 5"
    )
    metrics, _ = seed_runs(data, folder / "wavenet", seeds, **TRAINING)
    parts = [one["symbols"] for one in metrics]
    baselines = {name: scores["nats_per_step"] for name, scores in parts[0]["baselines"].items()}
    return [
        Row(
            task="chorales, piano roll",
            model="WaveNet",
            measure="nats/frame",
            ours=[part["model"]["nats_per_step"] for part in parts],
            goal=8.2,
            baselines=baselines | {"LSTM-200": 8.38, "TCN, published": 8.10},
            digits=3,
        )
    ]
