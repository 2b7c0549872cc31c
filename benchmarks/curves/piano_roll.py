"""Bach's chorales as piano roll, learnt from a quarter of the chorales, from half and from all."""

from pathlib import Path

import numpy as np
from deck.piano_roll import FILE, REACH, TRAINING
from task_data import imported, thinned
from task_table import Row, seed_runs

EVERY = (4, 2, 1)  # how many-th chorale is known


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the nats a frame on the test chorales for each number that is known."""
    import radarseq

    whole = imported("chorales", FILE, folder / "whole", "piano-roll", options="--transpose 5")
    chorales = np.unique(radarseq.open_dataset(whole).load().part("train")["group"])
    made = []
    for every in EVERY:
        known, at = chorales[::every], folder / f"every-{every}"
        data, share = thinned(whole, at / "data", known)
        epochs = round(TRAINING["epochs"] / share)
        metrics, _ = seed_runs(data, at / "runs", seeds, **TRAINING | {"epochs": epochs})
        parts = [one["symbols"] for one in metrics]
        made.append(
            Row(
                task="chorales, piano roll",
                who=f"from {len(known)} chorales",
                measure="nats/frame",
                ours=[part["model"]["nats_per_step"] for part in parts],
                reach=REACH,
                digits=3,
            )
        )
    return made
