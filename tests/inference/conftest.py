"""An ensemble of three small runs."""

import shutil
from pathlib import Path

import pytest
from small_runs import RUNS, SMALL

from radarseq.inference.build_ensemble import form_ensemble
from radarseq.training.seeds import train_seeds


@pytest.fixture(scope="module")
def formed(space, tmp_path_factory) -> Path:
    """Three small WaveNets of class and echo, made to answer as one."""
    folder = tmp_path_factory.mktemp("ensemble") / "runs"
    train_seeds(space, folder, seeds=3, epochs=2, **SMALL)
    form_ensemble(folder, RUNS, device="cpu")
    return folder


@pytest.fixture
def copied(formed, tmp_path) -> Path:
    """The same in a folder of its own, to be damaged."""
    shutil.copytree(formed, tmp_path / "runs")
    return tmp_path / "runs"
