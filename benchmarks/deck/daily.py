"""Daily figures: two weeks of a city's ridership, and the next close of the S&P 500."""

from pathlib import Path
from typing import Any

from task_data import imported
from task_table import Row, seed_runs

COMMON = {"task": "forecast", "dropout": 0.0, "ema": 0.99, "batch_size": 64}
# File, how it is read, and how it is learnt.
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
    """Return the errors on the last days, which nothing has seen, and the verdict in words."""
    made = []
    for task, (file, reading, settings) in SETS.items():
        place = folder / task.partition(",")[0].replace(" ", "-")
        data = imported("daily_series", file, place / "data", options=reading)
        metrics, _ = seed_runs(data, place / "lstm", seeds, **COMMON | settings)
        parts = [one["forecast"] for one in metrics]
        made.append(
            Row(
                task=task,
                who="LSTM",
                measure="MSE of training's variance",
                ours=[part["model"]["mse"] for part in parts],
                baselines={who: told["mse"] for who, told in parts[0]["baselines"].items()},
                digits=5,
                note=parts[0]["verdict"],
            )
        )
    return made
