"""Series of two waves and noise: forecasts ten values from fifty, by every model of the book."""

from pathlib import Path
from typing import Any

from task_table import Row, seed_runs

from .seeded_series import write_series

TASK, MEASURE = "series, 10 steps", "MSE"
# Model, goal, the book's figure, and settings besides TRAINING.
MODELS: dict[str, tuple[str, float, float, dict[str, Any]]] = {
    "seq-to-vector RNN": ("rnn", 0.0090, 0.0085, {"trained_steps": "last"}),
    "seq-to-seq RNN": ("rnn", 0.0070, 0.0096, {}),
    "LSTM": ("lstm", 0.0085, 0.0086, {}),
    "GRU": ("gru", 0.0090, 0.0103, {}),
    "Conv1D + GRU": ("conv_gru", 0.0080, 0.0080, {}),
    "WaveNet": ("wavenet", 0.0072, 0.0072, {"width": 48, "dilations": (1, 2, 4, 8, 16, 18)}),
}
TRAINING = {"task": "forecast", "epochs": 20, "dropout": 0.0, "ema": 0.99, "batch_size": 128}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the errors of the last step, on the rows of the book's figures."""
    data = write_series(folder / "data", 10)
    made, baselines = [], {}
    for name, (model, goal, book, settings) in MODELS.items():
        metrics, _ = seed_runs(
            data, folder / name.replace(" ", "_"), seeds, model=model, **TRAINING | settings
        )
        parts = [one["forecast"] for one in metrics]
        baselines = {key: part["mse"] for key, part in parts[0]["baselines"].items()}
        ours = [part["model"]["mse"] for part in parts]
        linear = {"linear": baselines["linear"]}
        made.append(
            Row(
                task=TASK, model=name, measure=MEASURE, ours=ours, goal=goal,
                published={"book": book}, baselines=linear,
            )
        )  # fmt: skip
    books = {"naive": 0.257, "linear": 0.0187}
    simple = [
        Row(
            task=TASK, model=name, measure=MEASURE, ours=[baselines[name]], published={"book": book}
        )
        for name, book in books.items()
    ]
    return simple + made
