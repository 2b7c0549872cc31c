"""Pairs of a CUDA device against those of the CPU: in numba's simulator, and on a device.

The simulator runs the kernel's own code, one thread an example, on the CPU; it is chosen by a
variable that numba reads when it is imported, so that it needs a process of its own. It knows
nothing of the device's compiler and rounding: that is what the same test on a device is for."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from paths import ROOT

from radarseq.recipes.recipe import read_recipe
from simulators.cuda_pairs import CudaPairs, cpu_only_features
from simulators.impairments.fluctuation import Fluctuation
from simulators.objects import SHAPES
from simulators.pairs import FRESH_TRAIN, STORED, PairGenerator
from simulators.scene import Radar, Scene

pytest.importorskip("numba_cuda", reason="pairs on a CUDA device need the extra [cuda]")
RECIPE = ROOT / "datasets" / "space_objects.toml"
FEW = replace(read_recipe(RECIPE).scene, objects_per_class=7)  # whose tables take no time
MOTIONS = (
    {"motion": "tumble"},
    {"motion": "spin", "spin_rad_per_s": (1.0, 4.0)},
    {"motion": "precession", "precession_rad_per_s": (1.0, 4.0), "angle_deg": (5.0, 30.0)},
    {"motion": "nutation", "spin_rad_per_s": (1.0, 4.0), "angle_deg": (5.0, 30.0)},
    {"motion": "stabilised"},
)
BODIES = [(name, kind) for name, kind in SHAPES.items() if name != "mesh"]
ALL_SHAPES = Scene(
    objects=tuple(kind(name=name, **MOTIONS[n % 5]) for n, (name, kind) in enumerate(BODIES)),
    objects_per_class=0,
    target="rcs",
    radar=Radar(steps=16, code="random"),
)
INTEGERS = ("label", "group", "split")


def assert_alike(scene, *, domain, first, count):
    """Hold every column of some examples against the CPU's; every class must occur."""
    generate = PairGenerator(scene, seed=11, domain=domain)
    expected, found = generate(first, count), CudaPairs(generate)(first, count)
    assert set(expected.label) == set(range(len(scene.objects)))
    for name in INTEGERS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    for name in ("tx", "rx", "target"):
        assert_close(name, getattr(found, name), getattr(expected, name))
    assert list(found.parameters) == list(expected.parameters)
    for name, values in expected.parameters.items():
        assert_close(name, found.parameters[name], values)


def assert_close(name, found, expected):
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected), err_msg=name)
    known = ~np.isnan(expected)
    rms = np.sqrt(np.mean(np.abs(expected[known]) ** 2)) if known.any() else 0.0
    off = np.abs(found[known] - expected[known])
    assert np.all(off <= 1e-5 * rms), f"{name} is off by {off.max()} at an rms of {rms}"


def assert_all_alike():
    assert_alike(FEW, domain=STORED, first=2**33, count=150)  # two blocks, the second not full
    assert_alike(ALL_SHAPES, domain=FRESH_TRAIN, first=5, count=130)


def test_the_simulated_device_makes_the_pairs_of_the_cpu():
    code = "import test_cuda_pairs; test_cuda_pairs.assert_all_alike(); print('alike')"
    paths = os.pathsep.join(map(str, (Path(__file__).parent, ROOT / "tests" / "helpers", ROOT)))
    env = os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": paths}
    info = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=400
    )
    assert info.stdout == "alike\n", info.stderr


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_device_makes_the_pairs_of_the_cpu():
    assert_all_alike()


def test_what_the_device_leaves_to_the_cpu_is_named():
    assert cpu_only_features(FEW) == []
    assert cpu_only_features(replace(FEW, fluctuation=Fluctuation(swerling=1))) == ["fluctuation"]
    odd = replace(FEW, level="normalised")
    assert cpu_only_features(odd) == ["level 'normalised'"]
    with pytest.raises(ValueError, match="not simulated on a CUDA device: level 'normalised'"):
        CudaPairs(PairGenerator(odd, seed=1))
    pulses = read_recipe(RECIPE.with_name("pulse_profiles.toml")).scene
    assert cpu_only_features(pulses) == ["pulse mode"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_device_the_error_names_the_extra():
    with pytest.raises(RuntimeError, match=r"no CUDA device.*radarseq\[cuda\]"):
        CudaPairs(PairGenerator(FEW, seed=1))
