"""Daily figures: forecasts two weeks of a city's ridership, and the next close of the S&P 500."""

from pathlib import Path
from typing import Any

from task_data import import_by_example
from task_table import Row, seed_runs

COMMON = {"task": "forecast", "dropout": 0.0, "ema": 0.99, "batch_size": 64}
# File, options of reading, and settings of model and training.
RIDERS = "--date service_date --columns bus rail_boardings --steps 56"
RIDERSHIP = "ridership/CTA_-_Ridership_-_Daily_Boarding_Totals.csv"
SETS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ridership to 2019, 14 days": (
        RIDERSHIP,
        f"{RIDERS} --until 2019-12-31",
        {"model": "lstm", "width": 48, "horizon": 14, "epochs": 40},
    ),
    "ridership to 2021, 14 days": (
        RIDERSHIP,
        RIDERS,
        {"model": "lstm", "width": 48, "horizon": 14, "epochs": 10},
    ),
    "S&P 500, next close": (
        "sp500/sp500-2000.csv",
        "--date date --columns close --steps 33 --log",
        {"model": "lstm", "width": 16, "layers": 1, "horizon": 1, "epochs": 10},
    ),
}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the errors on the last days, which no model has seen, and the verdicts."""
    made = []
    for task, (file, options, settings) in SETS.items():
        place = folder / task.partition(",")[0].replace(" ", "-")
        data = import_by_example("daily_series", file, place / "data", options=options)
        metrics, _ = seed_runs(data, place / "lstm", seeds, **COMMON | settings)
        parts = [one["forecast"] for one in metrics]
        made.append(
            Row(
                task=task,
                model="LSTM",
                measure="MSE of training's variance",
                ours=[part["model"]["mse"] for part in parts],
                baselines={n: scores["mse"] for n, scores in parts[0]["baselines"].items()},
                digits=5,
                note=parts[0]["verdict"],
            )
        )
    return made
