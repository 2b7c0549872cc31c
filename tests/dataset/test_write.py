"""Datasets written: read again as they were, and the same bytes each time."""

import json
import os
import time
from dataclasses import replace

import h5py
import numpy as np
import pytest
from datasets_made import HEADER, issues_of, made, same

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Header
from radarseq.dataset.write import shard_name, write_dataset, write_header
from radarseq.errors import OutputError


@pytest.mark.parametrize("rows_per_shard", [7, 50, 1000])
@pytest.mark.parametrize("kind", ["complex", "channels", "real"])
def test_what_is_written_is_read(tmp_path, kind, rows_per_shard):
    examples = made(kind)
    write_dataset(tmp_path / "d", examples, rows_per_shard=rows_per_shard)
    dataset = open_dataset(tmp_path / "d")
    assert len(dataset) == 50
    assert len(dataset.shards) == -(-50 // rows_per_shard)
    assert same(dataset.load(), examples)
    assert dataset.load().steps == 8


@pytest.mark.parametrize("kind", ["complex", "channels", "real"])
def test_the_same_examples_give_the_same_bytes(tmp_path, kind):
    for name in ("one", "other"):
        write_dataset(tmp_path / name, made(kind), rows_per_shard=20)
        time.sleep(0.01)
    one, other = (
        {p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("one", "other")
    )
    assert one == other
    assert sorted(one) == ["manifest.json", *(shard_name(i) for i in range(3))]


@pytest.mark.parametrize("seed", [-1, 0, 2**63, 2**64 - 1])
def test_a_header_survives_json_and_hdf5(tmp_path, seed):
    header = replace(HEADER, seed=seed)
    assert Header.from_json(json.loads(json.dumps(header.to_json())), "here") == header
    with h5py.File(tmp_path / "h.h5", "w") as file:
        write_header(file, header)
    with h5py.File(tmp_path / "h.h5", "r") as file:
        stored = {name: file.attrs[name] for name in header.to_json()}
    assert {k: v.tolist() if hasattr(v, "tolist") else v for k, v in stored.items()} == (
        header.to_json()
    )
    bare = Header(sample_axis="step", seed=seed)
    write_dataset(tmp_path / "d", made(header=replace(bare, class_names=("a", "b", "c"))))
    assert open_dataset(tmp_path / "d").load().header.seed == seed


def test_other_hdf5_programs_find_plain_arrays_and_attributes(lone):
    with h5py.File(lone, "r") as file:
        assert file["rx"].shape == (10, 8)
        assert file["parameters/snr_db"].dtype == np.float32
        assert file["rx"].chunks is None
        assert file["rx"].compression is None
        assert file.attrs["sample_interval_s"] == 1e-6
        assert list(file.attrs["class_names"]) == ["a", "ü\n<b>", ""]
        assert file.attrs["format_version"] == 1


def test_writing_where_something_is_is_refused(data):
    with pytest.raises(OutputError, match="not empty"):
        write_dataset(data, made())
    assert same(open_dataset(data).load(), made())


def test_a_full_disk_leaves_no_dataset_that_opens(tmp_path, monkeypatch):
    real, calls = os.fsync, []

    def filling(descriptor):
        calls.append(1)
        if len(calls) > 9:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", filling)
    with pytest.raises(OSError, match="No space left"):
        write_dataset(tmp_path / "d", made(), rows_per_shard=10)
    assert not list((tmp_path / "d").glob("*.part"))
    assert "not finished" in issues_of(tmp_path / "d")
