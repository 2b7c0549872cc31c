"""Datasets shared by the tests of radarseq.dataset."""

import pytest
from datasets_made import EXAMPLES, RECIPE, ROWS, SEED, again, interrupt_after, made

from radarseq import simulate
from radarseq.dataset.write import shard_image, write_dataset


@pytest.fixture
def data(tmp_path):
    """A dataset of 50 rows in five shards."""
    write_dataset(tmp_path / "data", made(), rows_per_shard=10)
    return tmp_path / "data"


@pytest.fixture
def lone(tmp_path):
    """A shard on its own."""
    path = tmp_path / "lone.h5"
    path.write_bytes(shard_image(made(rows=10)))
    return path


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A dataset made without interruption, by one worker."""
    folder = tmp_path_factory.mktemp("simulate") / "whole"
    simulate(RECIPE, folder, examples=EXAMPLES, seed=SEED, rows_per_shard=ROWS)
    return folder


@pytest.fixture
def interrupted(tmp_path):
    """A run that stopped after three of its seven shards."""
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        again(out, progress=interrupt_after(3))
    return out
