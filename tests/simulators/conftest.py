"""Fixtures that tests of the simulators share."""

import pytest
from datasets_made import COUNT, SCENE

from simulators.pairs import PairGenerator


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache of its own, empty."""
    monkeypatch.setenv("RADARSEQ_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def generator():
    return PairGenerator(SCENE, seed=3)


@pytest.fixture(scope="module")
def many(generator):
    return generator(0, COUNT)
