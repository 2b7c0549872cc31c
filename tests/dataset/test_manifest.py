"""Manifests that are damaged or do not fit their shards."""

import numpy as np
import pytest
from datasets_made import HEADER, edit, issues_of, values

from radarseq.dataset.schema import Examples
from radarseq.dataset.write import shard_name, write_dataset


def test_no_flipped_bit_of_the_manifest_is_read(data):
    path = data / "manifest.json"
    content = path.read_bytes()
    for position in np.random.default_rng(1).integers(0, 8 * len(content), 300):
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        assert str(path) in issues_of(data)


@pytest.mark.parametrize("name", ["../x.h5", "/etc/passwd", "sub/x.h5", "./x.h5", "."])
def test_a_shard_outside_the_folder_is_refused(data, name):
    edit(data, shards=[{"file": name, "rows": 10, "sha256": "0" * 64}])
    assert "lies outside the dataset's folder; refused" in issues_of(data)


def test_a_shard_that_is_a_folder_is_refused(data):
    edit(data, shards=[{"file": "..", "rows": 10, "sha256": "0" * 64}])
    assert "cannot be read" in issues_of(data)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"kind": "radarseq checkpoint"}, "kind is 'radarseq checkpoint'"),
        ({"format_version": 2}, "format_version is 2; this version reads 1"),
        ({"shards": []}, "lists no shards"),
        ({"shards": [{}]}, "lacks file, rows or sha256"),
        ({"shards": [3]}, "lacks file, rows or sha256"),
        ({"shards": [{"file": 1, "rows": 1, "sha256": ""}]}, "wrong type"),
        ({"header": None}, "header has NoneType"),
        ({"header": HEADER.to_json() | {"magic": 1}}, "header has"),
        ({"header": HEADER.to_json() | {"seed": "3"}}, "header seed is '3'; expected a int"),
        ({"header": HEADER.to_json() | {"class_names": [1]}}, "class_names must list strings"),
        ({"header": HEADER.to_json() | {"sample_axis": "x"}}, "sample_axis is 'x'"),
        ({"header": HEADER.to_json() | {"carrier_hz": 1e9}}, "attributes differ"),
        ({"header": HEADER.to_json() | {"class_names": ["b", "a", ""]}}, "attributes differ"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(data, fields, word):
    edit(data, **fields)
    assert word in issues_of(data)


@pytest.mark.parametrize("shards", [7, True, 1.5])
def test_shards_that_are_no_list_are_refused(data, shards):
    edit(data, shards=shards)
    assert "shard" in issues_of(data)


def test_a_manifest_must_give_digests(data):
    shards = edit(data)["shards"]
    edit(data, shards=[record | {"sha256": ""} for record in shards])
    assert "sha256" in issues_of(data)


def test_rows_must_be_as_many_as_the_manifest_gives(data):
    shards = edit(data)["shards"]
    edit(data, shards=[record | {"rows": 11} for record in shards])
    assert "holds other than the 11 rows" in issues_of(data)


def test_shards_must_have_the_same_columns(tmp_path, data):
    bare = Examples(HEADER, {"rx": values(10, 8)})
    write_dataset(tmp_path / "other", bare)
    (data / shard_name(4)).write_bytes((tmp_path / "other" / shard_name(0)).read_bytes())
    record = edit(tmp_path / "other")["shards"][0] | {"file": shard_name(4)}
    edit(data, shards=[*edit(data)["shards"][:4], record])
    assert "the shards do not have the same columns" in issues_of(data)
