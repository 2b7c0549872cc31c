"""A tiny dataset, a run on it and its recordings, each made by the command line."""

import shutil
from pathlib import Path

import pytest
from command_processes import Cli
from small_runs import RECIPE, TRAINED


@pytest.fixture(scope="session")
def cli(tmp_path_factory) -> Cli:
    return Cli(tmp_path_factory.mktemp("commands"))


@pytest.fixture(scope="session")
def recipe(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="session")
def tiny(cli, recipe, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "tiny"
    cli.good("simulate", recipe, "--examples", 400, "--rows-per-shard", 100, "--out", path)
    return path


@pytest.fixture(scope="session")
def run(cli, tiny, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "straight"
    cli.good("train", tiny, *TRAINED, "--out", path)
    return path


@pytest.fixture(scope="session")
def captures(cli, tiny, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("captures") / "good"
    cli.good("export", tiny, "--out", path)
    return path


@pytest.fixture
def damaged(tiny, tmp_path) -> Path:
    """Return a copy of the tiny dataset, for a test to damage."""
    return Path(shutil.copytree(tiny, tmp_path / "damaged"))
