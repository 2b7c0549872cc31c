"""Measures seconds from a recipe to a given accuracy, for fresh pairs and for a stored set.

    OMP_NUM_THREADS=1 python benchmarks/time_to_accuracy.py [--model lstm] [--epochs 25]

A second is one of this process's CPU time. With one thread and nothing else running, it is a second
of wall clock.

Both methods start from ``datasets/space_objects.toml`` with the same settings and no data. One
trains on pairs that are simulated for each iteration and never stored. The other first simulates
20,000 pairs to disk, of which 14,000 train; this time counts. After each epoch the run evaluates
the model on validation objects. The table has the first time at which this accuracy reaches each
level. At the end the best weights of both methods are evaluated on the same 8,000 pairs of other
objects, with a 95 % range. Tables of the recipe's bodies and compiled code are cached on a machine.
They are made before, and their time is printed separately.
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
STORED, EVALUATED, SEED = 20_000, 8_000, 1
LEVELS = (0.45, 0.50, 0.52, 0.55)


class Finished(Exception):
    """Ends training when the last level is reached, or the time is up."""


@dataclass
class Clock:
    """Times at which a run reached the levels.

    Attributes:
        limit_s: Time limit [s].
        planned: Epochs over which the learning rate falls.
        reached_s: Seconds since the start, by level.
        epochs: Epochs so far.
        now_s: Seconds since the start, at the end of the last epoch.
    """

    limit_s: float
    planned: int
    reached_s: dict[float, float] = field(default_factory=dict)
    epochs: int = 0
    now_s: float = 0.0
    _started: float = field(default_factory=time.process_time)

    def record(self, row: dict[str, float]) -> None:
        """Record the metrics of an epoch.

        Raises:
            Finished: If all levels are reached, or the time is up.
        """
        self.epochs += 1
        self.now_s = time.process_time() - self._started
        for level in LEVELS:
            if row["validation_accuracy"] >= level:
                self.reached_s.setdefault(level, self.now_s)
        if len(self.reached_s) == len(LEVELS) or self.now_s > self.limit_s:
            raise Finished


@contextmanager
def until_finished() -> Iterator[None]:
    """Let the body end early by ``Finished``."""
    try:
        yield
    except Finished:
        pass


def fresh(model: str, folder: Path, clock: Clock) -> None:
    """Train on pairs that are never stored."""
    train(RECIPE, folder / "run", model=model, device="cpu", epochs=clock.planned, patience=0,
          seed=SEED, on_epoch=clock.record)  # fmt: skip


def stored(model: str, folder: Path, clock: Clock) -> None:
    """Simulate a set, then train on it."""
    simulate(RECIPE, folder / "data", examples=STORED, seed=SEED)
    train(folder / "data", folder / "run", model=model, device="cpu", epochs=clock.planned,
          patience=0, seed=SEED, on_epoch=clock.record)  # fmt: skip


METHODS = {"fresh pairs": fresh, f"stored, {STORED:,}": stored}


def accuracy_on(run: Path, test: Pairs) -> float:
    """Return the accuracy of the best weights on pairs of other objects."""
    prediction = load(run, device="cpu").predict(test.rx, test.tx)
    return float(np.mean(prediction.label == test.label))


def row_of(name: str, clock: Clock, accuracy: float) -> str:
    """Return the table's line of a run."""
    levels = "".join(
        f"{clock.reached_s[level]:>8.0f} s" if level in clock.reached_s else f"{'-':>10s}"
        for level in LEVELS
    )
    return (
        f"{name:<24s}{levels}{clock.epochs:>8d}{clock.now_s:>8.0f} s"
        f"{with_range(accuracy, EVALUATED):>17s}"
    )


def main() -> None:
    """Print one line per model and method."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", nargs="+", default=["wavenet", "lstm"])
    parser.add_argument(
        "--method", nargs="+", choices=("fresh", "stored"), default=["fresh", "stored"]
    )
    parser.add_argument("--epochs", type=int, default=25, help="epochs of falling learning rate")
    parser.add_argument("--limit-s", type=float, default=150.0, help="time limit of each run")
    options = parser.parse_args()
    torch.set_num_threads(1)
    started = time.process_time()
    scene = as_recipe(RECIPE).scene
    test = PairGenerator(scene, seed=SEED, domain=FRESH_TEST)(0, EVALUATED)
    for model in options.model:
        with tempfile.TemporaryDirectory() as folder:
            train(RECIPE, Path(folder) / "run", model=model, device="cpu", epochs=1,
                  pairs_per_epoch=512, validation_pairs=256)  # fmt: skip
    print(f"{machine()}; one thread")
    print(f"tables, once on a machine, and compiling: {time.process_time() - started:.0f} s")
    heads = "".join(f"{f'{100 * level:.0f} %':>10s}" for level in LEVELS)
    print(f"{'model, data':<24s}{heads}{'epochs':>8s}{'in all':>10s}  on other objects")
    for model in options.model:
        for name, run in METHODS.items():
            if not name.startswith(tuple(options.method)):
                continue
            with tempfile.TemporaryDirectory() as folder:
                clock = Clock(options.limit_s, options.epochs)
                with until_finished():
                    run(model, Path(folder), clock)
                accuracy = accuracy_on(Path(folder) / "run", test)
            print(row_of(f"{model}, {name}", clock, accuracy), flush=True)


if __name__ == "__main__":
    main()
