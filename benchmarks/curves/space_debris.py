"""Space debris with one, two and three objects of each class in training; object 27 tests."""

from pathlib import Path

from radar.space_debris import COMMON, WINDOWS, windows
from task_data import thinned
from task_table import Row, accuracy_row, seed_runs

OBJECTS = (("3",), ("3", "11"), ("3", "11", "19"))


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the accuracy for each number of objects, for whole recordings and short windows."""
    import radarseq

    made = []
    for steps, stride, goal, _, settings in WINDOWS:
        place = folder / str(steps)
        whole = windows(place / "whole", steps, stride)
        names = radarseq.open_dataset(whole).header.group_names
        for objects in OBJECTS:
            at = place / f"{len(objects)}"
            groups = [row for row, name in enumerate(names) if name.rpartition("/")[2] in objects]
            data, share = thinned(whole, at / "data", groups)
            epochs = {"epochs": round(settings["epochs"] / share)}
            metrics, _ = seed_runs(data, at / "runs", seeds, **COMMON | settings | epochs)
            task, model = f"space debris, {steps} samples", f"from {len(objects)} of each class"
            made.append(accuracy_row(metrics, task=task, model=model, goal=goal))
    return made
