"""The compiled kernel against the same physics in plain NumPy, on the same draws."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
from paths import ROOT

from radarseq.recipes.recipe import read_recipe
from simulators.pairs import PairGenerator


@pytest.mark.slow
def test_the_kernel_gives_the_pairs_of_plain_numpy():
    specification = importlib.util.spec_from_file_location(
        "numpy_pairs", ROOT / "benchmarks" / "numpy_pairs.py"
    )
    assert specification is not None and specification.loader is not None
    plain = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(plain)
    scene = read_recipe(ROOT / "datasets" / "space_objects.toml").scene
    generate = PairGenerator(replace(scene, objects_per_class=20), seed=2**40 + 5)
    ours = generate(1000, 3000)
    rx, echo, label = plain.pairs(generate, 1000, 3000)
    np.testing.assert_array_equal(ours.label, label)
    for index, name in enumerate(scene.class_names):
        rows = label == index
        for found, expected in ((ours.target, echo), (ours.rx, rx)):
            error = np.abs(found[rows].astype(complex) - expected[rows])
            rms = np.sqrt(np.mean(np.abs(expected[rows]) ** 2))
            assert error.max() < 1e-5 * rms, name
