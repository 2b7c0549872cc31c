"""Datasets simulated from one recipe, whole or interrupted."""

from paths import ROOT

from radarseq import simulate
from radarseq.recipes.recipe import parse_recipe

# The shipped recipe with spheres of nearly one size, so that their table takes no time.
TEXT = (ROOT / "datasets" / "four_shapes.toml").read_text()
TEXT = TEXT.replace("radius_m = [0.05, 0.3]", "radius_m = [0.29, 0.3]")
RECIPE = parse_recipe(TEXT)
EXAMPLES, ROWS, SEED = 2000, 300, 7


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def again(out, **changes):
    plan = {"examples": EXAMPLES, "seed": SEED, "rows_per_shard": ROWS} | changes
    return simulate(RECIPE, out, **plan)


def interrupt_after(shards):
    calls = []

    def progress(done, total):
        calls.append((done, total))
        if len(calls) == shards:
            raise KeyboardInterrupt

    return progress
