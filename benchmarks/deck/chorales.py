"""Bach's chorales: predicts the next note from all before it, and composes a new chorale."""

import subprocess
import sys
from pathlib import Path

from task_data import import_by_example
from task_table import Row, seed_runs

TASK = "chorales, next note"
TRAINING = {
    "task": "next_symbol",
    "model": "lstm",
    "width": 160,
    "embedding": 16,
    "dropout": 0.2,
    "epochs": 2,
    "batch_size": 64,
    "learning_rate": 3e-3,
}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return accuracy and nats per note on the test chorales; write a new chorale."""
    data = import_by_example(
        "chorales", "chorales", folder / "data", "notes", options="--transpose 3"
    )
    metrics, runs = seed_runs(data, folder / "lstm", seeds, **TRAINING)
    script = Path(__file__).parents[2] / "examples" / "chorales.py"
    command = (sys.executable, script, "compose", runs[0], data, folder / "new_chorale")
    subprocess.run([*map(str, command)], check=True, stdout=subprocess.DEVNULL)
    parts = [one["symbols"] for one in metrics]
    baselines = parts[0]["baselines"]
    accuracy = Row(
        task=TASK,
        model="LSTM",
        measure="accuracy [%]",
        ours=[100 * part["model"]["accuracy"] for part in parts],
        published={"book": 81.6},
        goal=81.6,
        baselines={name: 100 * scores["accuracy"] for name, scores in baselines.items()},
        more_is_better=True,
        digits=2,
    )
    nats = Row(
        task=TASK,
        model="LSTM",
        measure="nats/note",
        ours=[part["model"]["nats"] for part in parts],
        published={"book": 0.656},
        goal=0.656,
        baselines={name: scores["nats"] for name, scores in baselines.items()},
        note="a new chorale is in new_chorale.csv and .mid, in the folder of the runs",
    )
    return [accuracy, nats]
