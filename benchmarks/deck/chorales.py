"""Bach's chorales: the next note from all before it, and a new chorale."""

import subprocess
import sys
from pathlib import Path

from task_data import imported
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
    """Return accuracy and nats a note on the test chorales; leave a new chorale behind."""
    data = imported("chorales", "chorales", folder / "data", "notes", options="--transpose 3")
    metrics, runs = seed_runs(data, folder / "lstm", seeds, **TRAINING)
    script = Path(__file__).parents[2] / "examples" / "chorales.py"
    command = (sys.executable, script, "compose", runs[0], data, folder / "new_chorale")
    subprocess.run([*map(str, command)], check=True, stdout=subprocess.DEVNULL)
    parts = [one["symbols"] for one in metrics]
    baselines = parts[0]["baselines"]
    accuracy = Row(
        task=TASK,
        who="LSTM",
        measure="accuracy [%]",
        ours=[100 * part["model"]["accuracy"] for part in parts],
        published={"book": 81.6},
        reach=81.6,
        baselines={who: 100 * told["accuracy"] for who, told in baselines.items()},
        more_is_better=True,
        digits=2,
    )
    nats = Row(
        task=TASK,
        who="LSTM",
        measure="nats/note",
        ours=[part["model"]["nats"] for part in parts],
        published={"book": 0.656},
        reach=0.656,
        baselines={who: told["nats"] for who, told in baselines.items()},
        note="a new chorale is in new_chorale.csv and .mid, beside the runs",
    )
    return [accuracy, nats]
