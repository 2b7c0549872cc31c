"""Fewer known groups for a learning curve: what judges stays, what is not known is gone."""

import runpy
import sys

import numpy as np
import pytest
from paths import ROOT

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset

BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def thinned(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield runpy.run_path(str(BENCHMARKS / "task_data.py"))["thinned"]
    sys.modules.pop("task_table", None)


def written(folder, group, split):
    columns = {
        "x": np.arange(len(group), dtype=np.float32)[:, None, None] * np.ones((1, 4, 1), "f4"),
        "group": np.array(group, dtype=np.int64),
        "split": np.array(split, dtype=np.uint8),
    }
    header = Header(sample_axis="step", feature_names=("value",))
    write_dataset(folder, Examples(header, columns))
    return folder


def rows_of(folder):
    return open_dataset(folder).load()["x"][:, 0, 0].astype(int).tolist()


def test_the_groups_that_are_known_stay_and_so_does_what_judges(tmp_path, thinned):
    group, split = [0, 0, 1, 1, 2, 2, 3, 3], [0, 1, 0, 1, 0, 0, 2, 2]
    data = written(tmp_path / "data", group, split)
    out, share = thinned(data, tmp_path / "thin", [0])
    assert rows_of(out) == [0, 1, 6, 7]
    assert share == 0.25  # one of the four rows that train
    assert thinned(data, tmp_path / "thin", [0]) == (out, share)  # what is there is taken
