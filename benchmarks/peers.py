"""The same job for others' classifiers and ours: accuracy after equal CPU-seconds, and rates.

    OMP_NUM_THREADS=1 python benchmarks/peers.py [--seconds 40] [--only wavenet,boosted]

All train on the same 14,000 pairs of ``datasets/space_objects.toml`` (eight classes), choose their
best state on the same 3,000, and are judged on the same 8,000 pairs of other objects, with the
range in which 95 in 100 such samples would fall. A second is one of this process's CPU time; what
is compiled, once on a machine, is compiled before. Peers get the echoes without code over their
level, and the level; ours make the same, and more, from the samples. Ours plan 25 epochs, over
which the learning rate falls, as ``make demo`` does.

Peers come with ``pip install -e . --group bench``, in an environment of their own: aeon needs an
older numba than constraints.txt has. A peer that is not installed is reported as such.
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
STORED, FEW, JUDGED, SEED, EPOCHS = 20_000, 800, 8_000, 1, 25
OURS = ("wavenet", "lstm")


class _Enough(Exception):
    """The time is up."""


def ours(model: str, data: Data, budget: Budget) -> Trained:
    """Train one of our networks on the dataset in its folder, as a user gives it."""
    epochs = []

    def look(_: dict[str, float]) -> None:
        epochs.append(budget.used_s)
        if budget.is_up:
            raise _Enough

    run = data.folder / ".." / f"{model}_{data.folder.name}"
    try:
        train(data.folder, run, model=model, device="cpu", epochs=EPOCHS, patience=0, seed=SEED,
              on_epoch=look)  # fmt: skip
    except _Enough:
        pass
    predictor = load(run, device="cpu")

    def answer(rows: Examples) -> Labels:
        found = predictor.predict(rows.input, rows.code).label
        assert found is not None
        return found

    return Trained(answer, len(epochs) * len(data.train), f"{len(epochs)} of {EPOCHS} epochs")


def data_in(folder: Path, recipe: Recipe, examples: int) -> Data:
    """Return a dataset that is simulated into a folder."""
    stored = simulate(recipe, folder, examples=examples, seed=SEED).load()
    return Data(folder, stored.part("train"), stored.part("validation"))


def line(
    name: str, fit: Callable[[Data, Budget], Trained], seconds: float, data: Data, few: Data,
    judged: Examples,
) -> str:  # fmt: skip
    """Return what a contender comes to; what it compiles, once on a machine, it does on the few."""
    fit(few, Budget(0.0))
    budget = Budget(seconds)
    trained = fit(data, budget)
    used_s = budget.used_s
    trained.answer(judged.take(slice(1_024)))  # what is compiled at the first call is compiled
    answering = Budget(np.inf)
    accuracy = float(np.mean(trained.answer(judged) == judged["label"]))
    return (
        f"{name:<30s}{with_range(accuracy, len(judged)):>16s}{used_s:>9.0f} s"
        f"{trained.rows / used_s:>12,.0f}{len(judged) / answering.used_s:>12,.0f}  {trained.note}"
    )


def main() -> None:
    """Print a line for each contender."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=40.0, help="CPU-seconds of each")
    parser.add_argument("--only", default="", help="beginnings of names, with commas")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    recipe = read_recipe(RECIPE)
    print(f"{machine()}, numpy {np.__version__}; one thread, {time.strftime('%d %B %Y')}")
    print(f"{'':<30s}{'on other objects':>16s}{'CPU':>10s}{'rows/s':>12s}{'windows/s':>12s}")
    print(f"{'':<30s}{'right':>16s}{'':>10s}{'trained':>12s}{'judged':>12s}")
    with tempfile.TemporaryDirectory() as folder:
        few = data_in(Path(folder) / "few", recipe, FEW)
        data = data_in(Path(folder) / "data", recipe, STORED)
        fresh = PairGenerator(recipe.scene, seed=SEED, domain=FRESH_TEST)(0, JUDGED)
        judged = to_examples(fresh, header_of(recipe, SEED))
        contenders = {f"ours, {m}": ("radarseq", partial(ours, m)) for m in OURS} | PEERS
        for name, (package, fit) in contenders.items():
            if asked.only and not name.startswith(tuple(asked.only.split(","))):
                continue
            if find_spec(package) is None:
                print(f"{name:<30s}  not installed: {package}", flush=True)
                continue
            print(line(name, fit, asked.seconds, data, few, judged), flush=True)


if __name__ == "__main__":
    main()
