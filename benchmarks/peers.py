"""Compares classifiers of other projects with radarseq: accuracy for equal CPU-seconds, and rates.

    OMP_NUM_THREADS=1 python benchmarks/peers.py [--seconds 40] [--only wavenet,boosted]

All train on the same 14,000 pairs of ``datasets/space_objects.toml`` (eight classes), choose their
best state on the same 3,000, and are evaluated on the same 8,000 pairs of other objects, with a
95 % range. A second is one of this process's CPU time. Code that is compiled once on a machine is
compiled before. The input of the peers is the decoded signal divided by its level, and the level.
radarseq computes the same and further features from the samples. It plans 25 epochs, over which the
learning rate falls, as ``make demo`` does.

``pip install -e . --group bench`` installs the peers. They need an environment of their own: aeon
needs an older numba than constraints.txt has. The table names peers that are not installed.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from peer_models import PEERS, Budget, Data, Labels, Trained
from side_by_side import machine, with_range

from radarseq.dataset.schema import Examples
from radarseq.dataset.simulate import header_of, simulate, to_examples
from radarseq.inference.predictor import load
from radarseq.recipes.recipe import Recipe, read_recipe
from radarseq.training.train import train
from simulators.pairs import FRESH_TEST, PairGenerator

RECIPE = Path(__file__).parents[1] / "datasets" / "space_objects.toml"
STORED, FEW, EVALUATED, SEED, EPOCHS = 20_000, 800, 8_000, 1, 25
OURS = ("wavenet", "lstm")


class _TimeIsUp(Exception):
    """Ends training when the CPU-seconds are used."""


def ours(model: str, data: Data, budget: Budget) -> Trained:
    """Train a network of radarseq on the dataset in its folder."""
    epochs = []

    def check_time(_: dict[str, float]) -> None:
        epochs.append(budget.used_s)
        if budget.is_up:
            raise _TimeIsUp

    run = data.folder / ".." / f"{model}_{data.folder.name}"
    try:
        train(data.folder, run, model=model, device="cpu", epochs=EPOCHS, patience=0, seed=SEED,
              on_epoch=check_time)  # fmt: skip
    except _TimeIsUp:
        pass
    predictor = load(run, device="cpu")

    def predict(rows: Examples) -> Labels:
        found = predictor.predict(rows.input, rows.code).label
        assert found is not None
        return found

    return Trained(predict, len(epochs) * len(data.train), f"{len(epochs)} of {EPOCHS} epochs")


def simulate_data(folder: Path, recipe: Recipe, examples: int) -> Data:
    """Simulate a dataset into a folder and return it."""
    stored = simulate(recipe, folder, examples=examples, seed=SEED).load()
    return Data(folder, stored.part("train"), stored.part("validation"))


def line(
    name: str, fit: Callable[[Data, Budget], Trained], seconds: float, data: Data, few: Data,
    test: Examples,
) -> str:  # fmt: skip
    """Return the table's line of a classifier; it is compiled on a few rows before."""
    fit(few, Budget(0.0))
    budget = Budget(seconds)
    trained = fit(data, budget)
    used_s = budget.used_s
    trained.predict(test.take(slice(1_024)))  # compiles
    predicting = Budget(np.inf)
    accuracy = float(np.mean(trained.predict(test) == test["label"]))
    return (
        f"{name:<30s}{with_range(accuracy, len(test)):>16s}{used_s:>9.0f} s"
        f"{trained.rows / used_s:>12,.0f}{len(test) / predicting.used_s:>12,.0f}  {trained.note}"
    )


def main() -> None:
    """Print one line per classifier."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=40.0, help="CPU-seconds per classifier")
    parser.add_argument("--only", default="", help="beginnings of names, separated by commas")
    options = parser.parse_args()
    torch.set_num_threads(1)
    recipe = read_recipe(RECIPE)
    print(f"{machine()}, numpy {np.__version__}; one thread, {time.strftime('%d %B %Y')}")
    print(f"{'':<30s}{'on other objects':>16s}{'CPU':>10s}{'rows/s':>12s}{'windows/s':>12s}")
    print(f"{'':<30s}{'accuracy':>16s}{'':>10s}{'trained':>12s}{'evaluated':>12s}")
    with tempfile.TemporaryDirectory() as folder:
        few = simulate_data(Path(folder) / "few", recipe, FEW)
        data = simulate_data(Path(folder) / "data", recipe, STORED)
        fresh = PairGenerator(recipe.scene, seed=SEED, domain=FRESH_TEST)(0, EVALUATED)
        test = to_examples(fresh, header_of(recipe, SEED))
        classifiers = {f"ours, {m}": ("radarseq", partial(ours, m)) for m in OURS} | PEERS
        for name, (package, fit) in classifiers.items():
            if options.only and not name.startswith(tuple(options.only.split(","))):
                continue
            if find_spec(package) is None:
                print(f"{name:<30s}  not installed: {package}", flush=True)
                continue
            print(line(name, fit, options.seconds, data, few, test), flush=True)


if __name__ == "__main__":
    main()
