"""The scene of four shapes, and one of it whose tables take no time."""

from dataclasses import replace

import numpy as np
from paths import ROOT

from radarseq.recipes.recipe import read_recipe

SCENE = read_recipe(ROOT / "datasets" / "four_shapes.toml").scene
# With spheres of nearly one size, whose table takes no time, for what does not depend on them.
QUICK = replace(
    SCENE, objects=(replace(SCENE.objects[0], radius_m=(0.29, 0.3)), *SCENE.objects[1:])
)
COUNT = 20_000


def normalised_noise(pairs):
    noise = pairs.rx.astype(complex) - pairs.target
    return noise / np.sqrt(pairs.parameters["noise_power_m2"].astype(float))[:, None]
