"""Training runs: settings of small ones, their files, and interruptions."""

import pytest

from radarseq.dataset.schema import Examples
from radarseq.training.train import train

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
