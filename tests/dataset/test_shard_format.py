"""The user block of a shard: its agreement with the HDF5 part, and crafted ones."""

import json
import resource
import subprocess
import sys
import time
from dataclasses import replace

import h5py
import pytest
from datasets_made import HEADER, issues_of, made, same

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples
from radarseq.dataset.shard_format import SHARD_MAGIC, block_size, with_digest
from radarseq.dataset.write import shard_image


@pytest.mark.parametrize("names", [1, 20_000])
@pytest.mark.parametrize("kind", ["complex", "channels", "real"])
def test_the_user_block_and_the_hdf5_part_say_the_same(tmp_path, kind, names):
    """One file, told twice: by us to ourselves, and to every HDF5 program."""
    groups = tuple(f"recording {i}" for i in range(names))
    examples = made(kind, header=replace(HEADER, group_names=groups))
    examples.columns["group"][:] = 0
    path = tmp_path / "s.h5"
    path.write_bytes(shard_image(examples))
    ours = open_dataset(path).load()
    assert same(ours, examples)
    assert path.read_bytes().find(b"\x89HDF") == block_size(examples.header, examples.columns)
    with h5py.File(path, "r") as file:
        found = {}
        file.visititems(
            lambda name, item: (
                found.update({name: item[()]} if item.ndim else {})
                if isinstance(item, h5py.Dataset)
                else None
            )
        )
        assert same(Examples(ours.header, found), ours)
        assert file.attrs["group_names"].tolist() == list(groups)


def crafted(lone, change):
    """Change what the user block says, seal it again as somebody who means it would, and read."""
    image = lone.read_bytes()
    start = len(SHARD_MAGIC) + len("sha256 \n") + 64
    layout, rest = image[start:].split(b"\n", 1)
    info = json.loads(layout)
    text = change(info)
    layout = (text if isinstance(text, str) else json.dumps(info)).encode()
    lone.write_bytes(with_digest(layout + b"\n" + rest))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    found = issues_of(lone)
    assert time.process_time() - begun < 1.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
    assert str(lone) in found
    return found


def rx(**fields):
    return lambda info: info["columns"]["rx"].update(fields)


def columns(**fields):
    return lambda info: info["columns"].update(fields)


COLUMN = {"dtype": "float32", "shape": [10], "offset": 0}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (rx(shape=[1 << 41, 8]), "claims more than the file holds; refused"),  # 18 TB
        (rx(shape=[1 << 62, 1 << 62]), "claims more than the file holds"),
        (rx(offset=1 << 70), "claims more than the file holds"),
        (rx(offset=-1), "no array"),
        (rx(shape=[-10, -8]), "no array"),
        (rx(shape=[10, 8.0]), "no array"),
        (rx(shape=[0, 8]), "no array"),
        (rx(shape=[]), "no array"),
        (rx(shape="10"), "no array"),
        (rx(shape=7), "is described as"),
        (rx(dtype="object"), "is described as"),
        (rx(dtype=["complex64"]), "is described as"),
        (columns(rx=None), "is described as"),
        (columns(rx=[1, 2, 3]), "is described as"),
        (columns(**{f"parameters/{i}": COLUMN for i in range(100_000)}), "lists 100008 columns"),
        (
            columns(**{f"parameters/{i}": COLUMN | {"shape": [1000]} for i in range(900)}),
            "claim more",
        ),
        (columns(**{f"g{i}": COLUMN | {"shape": [1]} for i in range(90)}), "not part of format"),
        (columns(**{"parameters/x": COLUMN | {"shape": [9]}}), "[9, 10] rows"),
        (lambda info: info.update(columns={}), "lists no columns"),
        (lambda info: info.update(columns=[1]), "lists no columns"),
        (lambda info: info.pop("header"), "header has NoneType"),
        (lambda info: info["header"].update(seed="3"), "header seed is"),
        (lambda info: "[" * 200_000, "not readable as JSON"),
        (lambda info: "{}, " * 3_000_000, "more than 1000000 values; refused"),
        (lambda info: " " * (100 << 20), "values; refused"),
        (lambda info: "[3]", "holds a list"),
        (lambda info: "", "not readable as JSON"),
    ],
)
def test_a_crafted_user_block_is_refused_at_once(lone, change, word):
    assert word in crafted(lone, change)


def test_whatever_the_hdf5_part_holds_the_library_never_sees_it(lone):
    """A crafted HDF5 part can hang the library, or lead it to another file."""
    expected, image = open_dataset(lone).load(), bytearray(lone.read_bytes())
    at = image.find(b"\x89HDF")
    image[at : at + 48] = bytes(48)
    lone.write_bytes(with_digest(bytes(image)[len(SHARD_MAGIC) + len("sha256 \n") + 64 :]))
    with pytest.raises(OSError, match="signature"):
        h5py.File(lone, "r")
    assert same(open_dataset(lone).load(), expected)
    code = (
        "import sys; from radarseq.artifacts.validation import validate; "
        f"assert validate({str(lone)!r}).is_valid; print('h5py' in sys.modules)"
    )
    info = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert info.stdout == "False\n"
