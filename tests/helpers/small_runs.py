"""Settings and checks of small training runs and evaluations."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from datasets_made import sha256
from scipy.special import log_softmax

from radarseq.dataset.schema import Examples
from radarseq.training.train import train

SHARDED = ("--examples", "12000", "--rows-per-shard", "200", "--seed", "7")
TRAINED = ("--set", "width=8", "--set", "skip=8", "--batch-size", "50", "--epochs", "10")
RECIPE = """
name = "tiny"
objects_per_class = 20

[radar]
carrier_hz = 10e9
pulse_interval_s = 2e-3
steps = 32

[[objects]]
name = "rod"
shape = "cylinder"
radius_m = [0.05, 0.3]
length_m = [0.4, 0.8]

[[objects]]
name = "plate"
shape = "plate"
width_m = [0.1, 0.5]
height_m = [0.1, 0.5]
tumble_rad_per_s = [0.2, 4.0]
"""


def weights(run: Path) -> tuple[str, str, bytes]:
    """Return what must be the same of two runs with the same settings."""
    checkpoints = run / "checkpoints"
    return (
        sha256(checkpoints / "best" / "model.safetensors"),
        sha256(checkpoints / "last" / "model.safetensors"),
        (run / "metrics.csv").read_bytes(),
    )


def command_on(kind: str, data: Path, run: Path, out: Path) -> tuple[object, ...]:
    return {
        "validate": ("validate", data),
        "inspect": ("inspect", data),
        "train": ("train", data, "--out", out),
        "evaluate": ("evaluate", run, data, "--out", out),
        "export": ("export", data, "--out", out),
    }[kind]


def a_run_like(run: Path, out: Path) -> Path:
    return Path(shutil.copytree(run, out))


def shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("shard-*.h5"))


def has_more_than(folder: Path, count: int) -> Callable[[], bool]:
    return lambda: len(shards(folder)) > count


def checkpoint_written(run: Path) -> Callable[[], bool]:
    return (run / "checkpoints" / "last" / "manifest.json").exists


SMALL = {"batch_size": 64, "width": 8, "skip": 16, "device": "cpu"}
FRESH = {"pairs_per_epoch": 256, "validation_pairs": 128}
WEIGHTS = ("checkpoints/best/model.safetensors", "checkpoints/last/model.safetensors")
RESULTS = (*WEIGHTS, "metrics.csv", "metrics.json")


def results(run, names=RESULTS):
    return {name: (run / name).read_bytes() for name in names}


def everything(run, but=()):
    files = (path for path in sorted(run.rglob("*")) if path.is_file())
    return {n: p.read_bytes() for p in files if (n := str(p.relative_to(run))) not in but}


def stop_after(epoch):
    def on_epoch(row):
        if row["epoch"] == epoch:
            raise KeyboardInterrupt

    return on_epoch


def interrupted(data, run, after=2, **settings):
    with pytest.raises(KeyboardInterrupt):
        train(data, run, on_epoch=stop_after(after), **(SMALL | settings))
    return run


def columns_of(examples, *names, **more):
    return Examples(examples.header, {n: examples[n] for n in names} | more)


def scene_of(path):
    from radarseq.recipes.recipe import read_recipe

    return read_recipe(path).scene


RUNS = ("seed-0", "seed-1", "seed-2")


def text(predictor, rows):
    """Return what a model says of rows, and its class scores in the place of ``extra``."""
    return predictor.predict_examples(rows, extra_output=lambda logits, _: logits)


def log_loss(logits, label):
    return -log_softmax(logits.astype(float), axis=1)[np.arange(len(label)), label].mean()


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def predictions(folder):
    with h5py.File(folder / "predictions.h5", "r") as file:
        return {name: column[()] for name, column in file.items()}


def some(rows=400, classes=4, seed=0):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(classes, 0.7), rows)
    return probabilities, generator.integers(0, classes, rows)
