"""Seconds from a recipe to a given accuracy: fresh pairs in every step, against a stored set.

    OMP_NUM_THREADS=1 python benchmarks/time_to_accuracy.py [--model lstm] [--epochs 25]

A second is one of this process's CPU time; with one thread and nothing else running, of a clock.

Both ways start at ``datasets/space_objects.toml`` with the same settings and no data. One trains on
pairs that are simulated for each step and never stored; the other simulates 20,000 pairs to disk
first, of which 14,000 train, and that counts. After each epoch the model is judged by its run on
objects that did not train, and the first time at which that accuracy reaches a level is noted. In
the end the best weights of both ways are judged on the same 8,000 pairs of other objects, with the
range in which 95 in 100 such samples would fall. The tables of the recipe's bodies, and compiled
code, which a machine makes once and keeps, are made before, and told by themselves.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from side_by_side import machine, with_range

from radarseq.dataset.simulate import as_recipe, simulate
from radarseq.inference.predictor import load
from radarseq.training.train import train
from simulators.pairs import FRESH_TEST, PairGenerator, Pairs

RECIPE = Path(__file__).parents[1] / "datasets" / "space_objects.toml"
STORED, JUDGED, SEED = 20_000, 8_000, 1
LEVELS = (0.45, 0.50, 0.52, 0.55)


class Enough(Exception):
    """The last level is reached, or the time is up."""


@dataclass
class Clock:
    """When a run reached which level.

    Attributes:
        limit_s: When it ends.
        planned: Epochs over which the learning rate falls.
        reached_s: Seconds since the recipe, by level.
        epochs: So far.
        now_s: Seconds since the recipe, at the last look.
    """

    limit_s: float
    planned: int
    reached_s: dict[float, float] = field(default_factory=dict)
    epochs: int = 0
    now_s: float = 0.0
    _started: float = field(default_factory=time.process_time)

    def look(self, row: dict[str, float]) -> None:
        """Note what an epoch came to.

        Raises:
            Enough: If there is nothing left to wait for.
        """
        self.epochs += 1
        self.now_s = time.process_time() - self._started
        for level in LEVELS:
            if row["validation_accuracy"] >= level:
                self.reached_s.setdefault(level, self.now_s)
        if len(self.reached_s) == len(LEVELS) or self.now_s > self.limit_s:
            raise Enough


@contextmanager
def until_enough() -> Iterator[None]:
    """Let a run end early."""
    try:
        yield
    except Enough:
        pass


def fresh(model: str, folder: Path, clock: Clock) -> None:
    """Train on pairs that are never stored."""
    train(RECIPE, folder / "run", model=model, device="cpu", epochs=clock.planned, patience=0,
          seed=SEED, on_epoch=clock.look)  # fmt: skip


def stored(model: str, folder: Path, clock: Clock) -> None:
    """Simulate a set, then train on it."""
    simulate(RECIPE, folder / "data", examples=STORED, seed=SEED)
    train(folder / "data", folder / "run", model=model, device="cpu", epochs=clock.planned,
          patience=0, seed=SEED, on_epoch=clock.look)  # fmt: skip


WAYS = {"fresh pairs": fresh, f"stored, {STORED:,}": stored}


def accuracy_on(run: Path, judged: Pairs) -> float:
    """Return the share of pairs of other objects that the best weights name rightly."""
    found = load(run, device="cpu").predict(judged.rx, judged.tx)
    return float(np.mean(found.label == judged.label))


def row_of(name: str, clock: Clock, accuracy: float) -> str:
    """Return the line of a run."""
    levels = "".join(
        f"{clock.reached_s[level]:>8.0f} s" if level in clock.reached_s else f"{'-':>10s}"
        for level in LEVELS
    )
    return (
        f"{name:<24s}{levels}{clock.epochs:>8d}{clock.now_s:>8.0f} s"
        f"{with_range(accuracy, JUDGED):>17s}"
    )


def main() -> None:
    """Print a line for each model and way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", nargs="+", default=["wavenet", "lstm"])
    parser.add_argument(
        "--way", nargs="+", choices=("fresh", "stored"), default=["fresh", "stored"]
    )
    parser.add_argument("--epochs", type=int, default=25, help="over which the rate falls")
    parser.add_argument("--limit-s", type=float, default=150.0, help="of each run")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    started = time.process_time()
    scene = as_recipe(RECIPE).scene
    judged = PairGenerator(scene, seed=SEED, domain=FRESH_TEST)(0, JUDGED)
    for model in asked.model:
        with tempfile.TemporaryDirectory() as folder:
            train(RECIPE, Path(folder) / "run", model=model, device="cpu", epochs=1,
                  pairs_per_epoch=512, validation_pairs=256)  # fmt: skip
    print(f"{machine()}; one thread")
    print(f"tables, once on a machine, and compiling: {time.process_time() - started:.0f} s")
    heads = "".join(f"{f'{100 * level:.0f} %':>10s}" for level in LEVELS)
    print(f"{'model, data':<24s}{heads}{'epochs':>8s}{'in all':>10s}  on other objects")
    for model in asked.model:
        for name, run in WAYS.items():
            if not name.startswith(tuple(asked.way)):
                continue
            with tempfile.TemporaryDirectory() as folder:
                clock = Clock(asked.limit_s, asked.epochs)
                with until_enough():
                    run(model, Path(folder), clock)
                accuracy = accuracy_on(Path(folder) / "run", judged)
            print(row_of(f"{model}, {name}", clock, accuracy), flush=True)


if __name__ == "__main__":
    main()
