"""Recordings imported as a dataset."""

from dataclasses import replace

import numpy as np
import pytest
from recordings import OBJECTS, noise, objects, save

from radarseq.captures.conversion.import_dataset import import_
from radarseq.captures.options.read_options import ReadOptions
from radarseq.dataset.read import open_dataset
from radarseq.errors import OutputError


def test_an_import_is_a_dataset_with_its_reading(tmp_path):
    objects(tmp_path / "raw")
    (tmp_path / "raw/cone/object_9.npy").write_bytes(b"")
    save(tmp_path / "raw/plate/object_3.npy", np.vstack([noise(9, 8), np.ones((1, 8))]))
    options = replace(OBJECTS, steps=2, hop=1)
    result = import_([tmp_path / "raw"], tmp_path / "out", options=options, test_group="3")
    dataset = open_dataset(tmp_path / "out")
    examples = dataset.load()
    assert result.rows == len(examples) == 474
    assert result.counts["cone"] == {"train": 153, "validation": 27, "test": 60}
    assert [failure.path.name for failure in result.failures] == ["object_9.npy"]
    assert result.rejected == {"constant": 6}
    assert dataset.header.warnings == (
        "rows left out because constant: 6",
        "windows overlap (hop 1): neighbours share samples",
    )
    assert ReadOptions.from_recipe(dataset.header.recipe) == options
    tested = set(examples.part("test")["group"])
    assert [dataset.header.group_names[i] for i in tested] == ["cone/3", "plate/3"]
    with pytest.raises(OutputError):
        import_([tmp_path / "raw"], tmp_path / "out", options=options, test_group="3")


def test_an_import_without_labels_counts_them_as_such(tmp_path):
    save(tmp_path / "raw/a.npy", noise(10, 8))
    result = import_([tmp_path / "raw"], tmp_path / "out", validation=0)
    assert result.counts == {"unlabelled": {"train": 7, "validation": 0, "test": 3}}


def test_one_path_may_be_given_as_text(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(12, 8)))
    result = import_(str(tmp_path / "a.npy"), str(tmp_path / "data"))
    assert result.rows == 12
    assert len(open_dataset(str(tmp_path / "data"))) == 12
