"""Series of two waves and noise: the next ten values from fifty, by every model of the book."""

from pathlib import Path
from typing import Any

from task_table import Row, seed_runs

from .seeded_series import write_series

TASK, MEASURE = "series, 10 steps", "MSE"
# Reach, the book's figure, and what differs from TRAINING.
CONTENDERS: dict[str, tuple[str, float, float, dict[str, Any]]] = {
    "seq-to-vector RNN": ("rnn", 0.0090, 0.0085, {"trained_steps": "last"}),
    "seq-to-seq RNN": ("rnn", 0.0070, 0.0096, {}),
    "LSTM": ("lstm", 0.0085, 0.0086, {}),
    "GRU": ("gru", 0.0090, 0.0103, {}),
    "Conv1D + GRU": ("conv_gru", 0.0080, 0.0080, {}),
    "WaveNet": ("wavenet", 0.0072, 0.0072, {"width": 48, "dilations": (1, 2, 4, 8, 16, 18)}),
}
TRAINING = {"task": "forecast", "epochs": 20, "dropout": 0.0, "ema": 0.99, "batch_size": 128}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the figures of the last step on the rows on which the book gives its own."""
    data = write_series(folder / "data", 10)
    made, baselines = [], {}
    for who, (model, reach, book, settings) in CONTENDERS.items():
        metrics, _ = seed_runs(
            data, folder / who.replace(" ", "_"), seeds, model=model, **TRAINING | settings
        )
        parts = [one["forecast"] for one in metrics]
        baselines = {name: part["mse"] for name, part in parts[0]["baselines"].items()}
        ours = [part["model"]["mse"] for part in parts]
        beside = {"linear": baselines["linear"]}
        made.append(
            Row(
                task=TASK, who=who, measure=MEASURE, ours=ours, reach=reach,
                published={"book": book}, baselines=beside,
            )
        )  # fmt: skip
    books = {"naive": 0.257, "linear": 0.0187}
    simple = [
        Row(task=TASK, who=name, measure=MEASURE, ours=[baselines[name]], published={"book": book})
        for name, book in books.items()
    ]
    return simple + made
