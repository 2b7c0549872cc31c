"""Datasets read: parts, digests, and damage that is named."""

import hashlib
import os
from dataclasses import replace

import h5py
import numpy as np
import pytest
from datasets_made import HEADER, edit, issues_of, made, same, values

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples
from radarseq.dataset.write import shard_name, write_dataset
from radarseq.errors import UsageError


def test_the_digest_is_that_of_the_content(tmp_path):
    for name, header in (("a", HEADER), ("b", HEADER), ("c", replace(HEADER, seed=4))):
        write_dataset(tmp_path / name, made(header=header))
    one, same_again, other = (open_dataset(tmp_path / n).digest for n in "abc")
    assert one == same_again != other


def test_a_shard_is_a_dataset_by_itself(data):
    shard = open_dataset(data / shard_name(2))
    assert len(shard) == 10
    assert same(shard.load(), made().take(slice(20, 30)))


def test_parts_are_the_rows_of_a_split(data):
    examples = open_dataset(data).load()
    for index, name in enumerate(("train", "validation", "test")):
        assert same(examples.part(name), examples.take(np.arange(50) % 3 == index))
    assert examples.part("all") is examples
    with pytest.raises(UsageError, match="'dev'; expected one of"):
        examples.part("dev")
    bare = Examples(HEADER, {"rx": values(4, 8)})
    assert bare.part("test") is bare


def spoilt(column, row, value):
    examples = made("real" if column in ("x", "length") else "complex")
    examples[column][row] = value
    return examples


@pytest.mark.parametrize(
    ("column", "value", "word"),
    [
        ("rx", np.nan, "'rx' is not finite, first in row 4"),
        ("tx", np.inf, "'tx' is not finite, first in row 4"),
        ("target", complex(0, np.nan), "'target' is not finite, first in row 4"),
        ("x", -np.inf, "'x' is not finite, first in row 4"),
        ("label", 3, "labels run from -1 to 3; there are 3 class_names"),
        ("label", -2, "labels run from -2 to 2"),
        ("split", 3, "split holds 3; expected 0, 1 or 2"),
        ("group", 2, "groups run to 2; 2 are named"),
        ("group", -1, "groups run to"),
    ],
)
def test_values_out_of_range_are_refused_with_the_shard(tmp_path, column, value, word):
    write_dataset(tmp_path / "d", spoilt(column, 14, value), rows_per_shard=10)
    found = issues_of(tmp_path / "d")
    assert word in found
    assert f"{shard_name(1)}: " in found
    assert shard_name(0) not in found


@pytest.mark.parametrize("value", [0, -1, 9])
def test_a_length_beyond_the_sequence_is_refused(tmp_path, value):
    write_dataset(tmp_path / "d", spoilt("length", 14, value))
    assert "length" in issues_of(tmp_path / "d")


def test_sizes_that_an_object_does_not_have_may_be_nan(data):
    assert np.isnan(open_dataset(data).load()["parameters/radius_m"]).all()


def test_every_damaged_shard_is_named_at_once(data):
    (data / shard_name(0)).unlink()
    (data / shard_name(1)).write_bytes(b"")
    content = (data / shard_name(3)).read_bytes()
    (data / shard_name(3)).write_bytes(content[:-1])
    found = issues_of(data)
    for index in (0, 1, 3):
        assert str(data / shard_name(index)) in found
    for index in (2, 4):
        assert shard_name(index) not in found
    assert "cannot be read (No such file or directory)" in found
    assert "altered or truncated" in found


def test_no_flipped_bit_of_a_shard_is_read(data):
    path = data / shard_name(1)
    content = path.read_bytes()
    for position in np.random.default_rng(0).integers(0, 8 * len(content), 60):
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        assert f"{path}: altered or truncated" in issues_of(data)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("name", ["manifest.json", "shard-00002.h5"])
def test_no_truncated_file_is_read(data, name, share):
    content = (data / name).read_bytes()
    (data / name).write_bytes(content[: int(share * len(content))])
    assert name in issues_of(data)


def test_no_flipped_bit_of_a_lone_shard_is_read(lone):
    content = lone.read_bytes()
    for position in np.random.default_rng(2).integers(0, 8 * len(content), 200):
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << (position % 8)
        lone.write_bytes(damaged)
        assert str(lone) in issues_of(lone)


def test_what_is_not_a_dataset_says_so(tmp_path):
    assert "no such file or folder" in issues_of(tmp_path / "none")
    assert "no manifest.json here" in issues_of(tmp_path)
    (tmp_path / "f.h5").write_bytes(b"not HDF5")
    assert "not a whole shard" in issues_of(tmp_path / "f.h5")
    with h5py.File(tmp_path / "g.h5", "w") as file:
        file["rx"] = values(4, 8)
    assert "not a whole shard of a radarseq dataset" in issues_of(tmp_path / "g.h5")


def test_an_unfinished_dataset_says_how_to_go_on(data):
    (data / "manifest.json").rename(data / "manifest.unfinished.json")
    assert "was not finished. Run the command that makes it again, with --resume" in issues_of(data)


def test_a_shard_of_a_later_format_says_so(data):
    path = data / shard_name(1)
    path.write_bytes(path.read_bytes().replace(b"format 1\n", b"format 2\n", 1))
    shards = edit(data)["shards"]
    shards[1]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    edit(data, shards=shards)
    assert "shard, format 2'; this version reads 'radarseq dataset shard, format 1" in issues_of(
        data
    )


@pytest.mark.parametrize("kind", ["link", "link out", "pipe", "device"])
@pytest.mark.parametrize("name", ["shard-00001.h5", "manifest.json"])
def test_what_is_no_plain_file_is_refused(data, tmp_path, kind, name):
    path = data / name
    moved = path.rename(data / "moved.h5" if kind == "link" else tmp_path / "moved.h5")
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else moved)
    found = issues_of(data)
    assert str(path) in found
    assert ("not a plain file" if kind == "pipe" else "a symbolic link; refused") in found


def test_a_link_that_somebody_names_is_followed(lone, tmp_path):
    (tmp_path / "link.h5").symlink_to(lone)
    assert same(open_dataset(tmp_path / "link.h5").load(), made(rows=10))
