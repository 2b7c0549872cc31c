"""Series of two waves and noise: forecasts the next value from fifty."""

from pathlib import Path

import numpy as np
from task_table import Row, seed_runs

from .seeded_series import MODELS, write_series

TASK, MEASURE = "series, 1 step", "MSE"
FLOOR = 0.1**2 / 12  # the variance of the noise in the value to forecast
GOAL = {"rnn": 0.0028, "wavenet": 0.0024}
BOOK = {"rnn": {"book": 0.0026}}
SETTINGS = {
    "rnn": {"width": 64, "layers": 2},
    "wavenet": {"width": 32, "dilations": (1, 2, 4, 8, 16, 18)},
}
TRAINING = {"task": "forecast", "epochs": 20, "dropout": 0.0, "ema": 0.99, "batch_size": 128}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the errors of the last step, on the rows of the book's figures."""
    data = write_series(folder / "data", 1)
    made, baselines = [], {}
    for model, goal in GOAL.items():
        settings = TRAINING | SETTINGS[model]
        metrics, _ = seed_runs(data, folder / model, seeds, model=model, **settings)
        parts = [one["forecast"] for one in metrics]
        ours = [part["model"]["mse"] for part in parts]
        if min(ours) < FLOOR:
            raise ValueError(f"{model}: {min(ours):.6f} is below the noise, {FLOOR:.6f}: a leak")
        baselines = {name: part["mse"] for name, part in parts[0]["baselines"].items()}
        simple = {"linear": baselines["linear"]}
        note = f"the noise alone is {FLOOR:.5f}; skill over naive " + ", ".join(
            f"{part['model']['skill']:.3f}" for part in parts
        )
        made.append(
            Row(
                task=TASK, model=MODELS[model], measure=MEASURE, ours=ours, goal=goal,
                published=BOOK.get(model, {}), baselines=simple, note=note,
            )
        )  # fmt: skip
    naive, linear = ([baselines[name]] for name in ("naive", "linear"))
    is_exact = bool(np.isclose(naive[0], 0.020211, atol=5e-7))
    return [
        Row(
            task=TASK, model="naive", measure=MEASURE, ours=naive, digits=6,
            published={"book": 0.020211},
            note="the book's own set" if is_exact else "NOT the book's set",
        ),
        Row(
            task=TASK, model="least squares", measure=MEASURE, ours=linear, goal=0.0031,
            published={"book": 0.0042},
        ),
        *made,
    ]  # fmt: skip
