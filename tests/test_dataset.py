"""The dataset format: what is written is read, and nothing else is."""

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import replace

import h5py
import numpy as np
import pytest

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.shard_format import SHARD_MAGIC, block_size, with_digest
from radarseq.dataset.simulate import plan_simulation, simulate
from radarseq.dataset.write import shard_image, shard_name, write_dataset, write_header
from radarseq.errors import DatasetError, OutputError, RecipeError, UsageError
from radarseq.storage.sealed import write_json

HEADER = Header(
    sample_axis="fast_time",
    sample_interval_s=1e-6,
    carrier_hz=77e9,
    class_names=("a", "ü\n<b>", ""),
    feature_names=("near", "far"),
    group_names=("one", "two"),
    seed=3,
    recipe='name = "x"\n# ü',
    warnings=("the Doppler aliases",),
)


def values(*shape, seed=0, dtype=np.complex64):
    generator = np.random.default_rng(seed)
    return (generator.normal(size=shape) + 1j * generator.normal(size=shape)).astype(dtype)


def made(kind="complex", rows=50, header=HEADER):
    columns = {
        "label": (np.arange(rows, dtype=np.int32) % 4) - 1,
        "group": np.arange(rows, dtype=np.int64) % 2,
        "split": (np.arange(rows) % 3).astype(np.uint8),
        "parameters/snr_db": np.linspace(-5, 5, rows, dtype=np.float32),
        "parameters/radius_m": np.full(rows, np.nan, np.float32),
    }
    if kind == "complex":
        columns |= {n: values(rows, 8, seed=i) for i, n in enumerate(("tx", "rx", "target"))}
    if kind == "channels":
        columns |= {"rx": values(rows, 8, 2), "target": values(rows, 8, 2, seed=1)}
    if kind == "real":
        columns |= {
            "x": values(rows, 8, 2).real.copy(),
            "target": values(rows, 8).real.copy(),
            "length": np.arange(rows, dtype=np.int32) % 8 + 1,
        }
    return Examples(header, columns)


def same(one, other):
    return (
        one.header == other.header
        and set(one.columns) == set(other.columns)
        and all(
            v.dtype == other[n].dtype and v.shape == other[n].shape
            and v.tobytes() == other[n].tobytes()
            for n, v in one.columns.items()
        )
    )  # fmt: skip


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


def issues_of(path):
    with pytest.raises(DatasetError) as caught:
        open_dataset(path).load()
    assert caught.value.exit_code == 4
    return str(caught.value)


def edit(path, **fields):
    manifest = json.loads((path / "manifest.json").read_text())
    write_json(path / "manifest.json", manifest | fields)
    return manifest


# --- there and back


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


def test_the_digest_is_that_of_the_content(tmp_path):
    for name, header in (("a", HEADER), ("b", HEADER), ("c", replace(HEADER, seed=4))):
        write_dataset(tmp_path / name, made(header=header))
    one, same_again, other = (open_dataset(tmp_path / n).digest for n in "abc")
    assert one == same_again != other


def test_a_shard_is_a_dataset_by_itself(data):
    shard = open_dataset(data / shard_name(2))
    assert len(shard) == 10
    assert same(shard.load(), made().take(slice(20, 30)))


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


# --- rows


def test_parts_are_the_rows_of_a_split(data):
    examples = open_dataset(data).load()
    for index, name in enumerate(("train", "validation", "test")):
        assert same(examples.part(name), examples.take(np.arange(50) % 3 == index))
    assert examples.part("all") is examples
    with pytest.raises(UsageError, match="'dev'; expected one of"):
        examples.part("dev")
    bare = Examples(HEADER, {"rx": values(4, 8)})
    assert bare.part("test") is bare


def test_an_absent_column_is_named():
    with pytest.raises(DatasetError, match="no column 'x'; it has label, group"):
        made()["x"]
    assert "x" not in made()
    assert made().input.shape == (50, 8)
    assert made("real").input.shape == (50, 8, 2)
    assert list(made().parameters) == ["snr_db", "radius_m"]


@pytest.mark.parametrize(
    ("columns", "word"),
    [
        ({}, "expected the same number"),
        ({"label": np.zeros(4, np.int32)}, "expected one input column"),
        ({"rx": values(4, 8), "x": values(4, 8, 1).real}, "expected one input column"),
        ({"rx": values(4, 8, dtype=np.complex128)}, "'rx' is complex128; expected complex64"),
        ({"rx": values(4)}, r"'rx' has shape \(4,\); expected received samples"),
        ({"x": values(4, 8).real}, r"'x' has shape \(4, 8\)"),
        ({"rx": values(4, 8), "label": np.zeros(4)}, "'label' is float64; expected int32"),
        ({"rx": values(4, 8), "label": np.zeros(3, np.int32)}, r"columns have \[3, 4\] rows"),
        ({"rx": values(4, 8), "tx": values(4, 7)}, r"\[7, 8\] steps; expected the same length"),
        ({"rx": values(4, 8), "target": values(4, 9)}, r"\[8, 9\] steps"),
        ({"rx": values(4, 8), "secret": np.zeros(4)}, "column 'secret' is not part of format 1"),
        ({"rx": values(4, 8), "parameters/a": np.zeros(4)}, "'parameters/a' is float64"),
        ({"rx": values(4, 8), "split": np.zeros(4, np.int64)}, "'split' is int64; expected uint8"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns, word):
    with pytest.raises(DatasetError, match=word):
        Examples(HEADER, columns)


def test_labels_need_names():
    with pytest.raises(DatasetError, match="labels but no class_names"):
        Examples(Header(sample_axis="step"), {"rx": values(4, 8), "label": np.zeros(4, np.int32)})


def test_all_faults_of_columns_are_told_at_once():
    with pytest.raises(DatasetError) as caught:
        Examples(HEADER, {"rx": values(4, 8, dtype=np.complex128), "split": np.zeros(3)})
    assert str(caught.value).count(";") >= 3
    for word in ("[3, 4] rows", "complex128", "float64"):
        assert word in str(caught.value)


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


# --- damage


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


def test_no_flipped_bit_of_the_manifest_is_read(data):
    path = data / "manifest.json"
    content = path.read_bytes()
    for position in np.random.default_rng(1).integers(0, 8 * len(content), 300):
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        assert str(path) in issues_of(data)


def test_no_flipped_bit_of_a_lone_shard_is_read(lone):
    content = lone.read_bytes()
    for position in np.random.default_rng(2).integers(0, 8 * len(content), 200):
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << (position % 8)
        lone.write_bytes(damaged)
        assert str(lone) in issues_of(lone)


# --- a manifest that does not fit


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


# --- crafted shards


def crafted(lone, change):
    """Change what the user block says, seal it again as somebody who means it would, and read."""
    image = lone.read_bytes()
    start = len(SHARD_MAGIC) + len("sha256 \n") + 64
    layout, rest = image[start:].split(b"\n", 1)
    told = json.loads(layout)
    text = change(told)
    layout = (text if isinstance(text, str) else json.dumps(told)).encode()
    lone.write_bytes(with_digest(layout + b"\n" + rest))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    found = issues_of(lone)
    assert time.process_time() - begun < 1.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
    assert str(lone) in found
    return found


def rx(**fields):
    return lambda told: told["columns"]["rx"].update(fields)


def columns(**fields):
    return lambda told: told["columns"].update(fields)


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
        (lambda told: told.update(columns={}), "lists no columns"),
        (lambda told: told.update(columns=[1]), "lists no columns"),
        (lambda told: told.pop("header"), "header has NoneType"),
        (lambda told: told["header"].update(seed="3"), "header seed is"),
        (lambda told: "[" * 200_000, "not readable as JSON"),
        (lambda told: "{}, " * 3_000_000, "more than 1000000 values; refused"),
        (lambda told: " " * (100 << 20), "values; refused"),
        (lambda told: "[3]", "holds a list"),
        (lambda told: "", "not readable as JSON"),
    ],
)
def test_a_crafted_user_block_is_refused_at_once(lone, change, word):
    assert word in crafted(lone, change)


def test_a_shard_of_a_later_format_says_so(data):
    path = data / shard_name(1)
    path.write_bytes(path.read_bytes().replace(b"format 1\n", b"format 2\n", 1))
    shards = edit(data)["shards"]
    shards[1]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    edit(data, shards=shards)
    assert "shard, format 2'; this version reads 'radarseq dataset shard, format 1" in issues_of(
        data
    )


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
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"


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


@pytest.mark.parametrize("name", ["../outside.h5", "/dev/zero"])
def test_a_resumed_simulation_reads_no_shard_outside(plate_recipe, tmp_path, name):
    def stop(*_):
        raise KeyboardInterrupt

    settings = {"examples": 50, "rows_per_shard": 10}
    with pytest.raises(KeyboardInterrupt):
        simulate(plate_recipe, tmp_path / "d", progress=stop, **settings)
    path = tmp_path / "d/manifest.unfinished.json"
    manifest = json.loads(path.read_text())
    record = {"file": name, "rows": 10, "sha256": "0" * 64}
    write_json(path, manifest | {"shards": [record]})
    with pytest.raises(DatasetError, match="outside the dataset's folder; refused"):
        simulate(plate_recipe, tmp_path / "d", resume=True, **settings)


# --- writing and simulating


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


@pytest.mark.parametrize(("workers", "rows_per_shard"), [(1, 17), (2, 50), (4, 200), (3, 5)])
def test_workers_and_shards_do_not_change_the_examples(
    space_recipe, space_examples, tmp_path, workers, rows_per_shard
):
    dataset = simulate(
        space_recipe, tmp_path / "d", examples=60, seed=7, workers=workers,
        rows_per_shard=rows_per_shard,
    )  # fmt: skip
    assert same(dataset.load(), space_examples.take(slice(60)))


def test_workers_give_the_same_bytes(plate_recipe, tmp_path):
    for workers in (1, 4):
        out = tmp_path / str(workers)
        simulate(plate_recipe, out, examples=50, workers=workers, rows_per_shard=7)
    one, many = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("1", "4"))
    assert one == many


@pytest.mark.parametrize("damage", ["absent", "altered"])
def test_an_interrupted_simulation_ends_as_an_unbroken_one(plate_recipe, tmp_path, damage):
    settings = {"examples": 50, "seed": 5, "rows_per_shard": 10}
    simulate(plate_recipe, tmp_path / "whole", **settings)

    def stop(done, _):
        if done >= 30:
            raise KeyboardInterrupt

    broken = tmp_path / "broken"
    with pytest.raises(KeyboardInterrupt):
        simulate(plate_recipe, broken, progress=stop, **settings)
    assert "not finished" in issues_of(broken)
    if damage == "absent":
        (broken / shard_name(0)).unlink()
    else:
        (broken / shard_name(1)).write_bytes(b"garbage")
    (broken / "shard-00004.h5.part").write_bytes(b"half")
    counts = []
    simulate(plate_recipe, broken, resume=True, progress=lambda n, _: counts.append(n), **settings)
    assert counts == [30, 40, 50]
    one, other = (
        {p.name: p.read_bytes() for p in f.iterdir()} for f in (tmp_path / "whole", broken)
    )
    assert one == other
    again = []
    simulate(plate_recipe, broken, resume=True, progress=lambda n, _: again.append(n), **settings)
    assert again == []


@pytest.mark.parametrize("changed", [{"seed": 6}, {"examples": 51}, {"rows_per_shard": 11}])
@pytest.mark.parametrize("finished", [True, False])
def test_another_plan_is_not_mixed_in(plate_recipe, tmp_path, changed, finished):
    settings = {"examples": 50, "seed": 5, "rows_per_shard": 10}

    def stop(*_):
        raise KeyboardInterrupt

    if finished:
        simulate(plate_recipe, tmp_path / "d", **settings)
    else:
        with pytest.raises(KeyboardInterrupt):
            simulate(plate_recipe, tmp_path / "d", progress=stop, **settings)
    before = {p.name: p.read_bytes() for p in (tmp_path / "d").iterdir()}
    with pytest.raises(OutputError, match=r"holds (part of )?another dataset"):
        simulate(plate_recipe, tmp_path / "d", resume=True, **settings | changed)
    assert {p.name: p.read_bytes() for p in (tmp_path / "d").iterdir()} == before


@pytest.mark.parametrize("content", [{}, {"shards": 3}, {"shards": [{}]}, {"shards": None}])
def test_a_damaged_record_of_an_unfinished_dataset_ends_in_words(plate_recipe, tmp_path, content):
    def stop(*_):
        raise KeyboardInterrupt

    settings = {"examples": 50, "rows_per_shard": 10}
    with pytest.raises(KeyboardInterrupt):
        simulate(plate_recipe, tmp_path / "d", progress=stop, **settings)
    path = tmp_path / "d/manifest.unfinished.json"
    plan = json.loads(path.read_text())["plan"]
    write_json(path, {"plan": plan} | content)
    with pytest.raises(DatasetError):
        simulate(plate_recipe, tmp_path / "d", resume=True, **settings)


@pytest.mark.parametrize(
    "rows_per_shard",
    [
        0,
        1000,
        100,
    ],
)
def test_the_plan_says_the_size_on_disk_within_a_percent(plate_recipe, tmp_path, rows_per_shard):
    plan = plan_simulation(plate_recipe, examples=3000, rows_per_shard=rows_per_shard)
    simulate(plate_recipe, tmp_path / "d", examples=3000, rows_per_shard=rows_per_shard)
    size = sum(path.stat().st_size for path in (tmp_path / "d").glob("*.h5"))
    assert plan.bytes_on_disk == pytest.approx(size, rel=0.01)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"examples": 0}, "examples is 0"),
        ({"examples": 5, "seed": -1}, "seed is -1"),
        ({"examples": 5, "seed": 2**64}, "seed is"),
        ({"examples": 5, "workers": 0}, "workers is 0"),
        ({"examples": 5, "rows_per_shard": -1}, "rows_per_shard is -1"),
    ],
)
def test_what_cannot_be_simulated_is_refused_before_anything_is_made(
    plate_recipe, tmp_path, wrong, word
):
    with pytest.raises(UsageError, match=word):
        simulate(plate_recipe, tmp_path / "d", **wrong)
    assert not (tmp_path / "d").exists()


def test_the_largest_seed_works(plate_recipe, tmp_path):
    dataset = simulate(plate_recipe, tmp_path / "d", examples=3, seed=2**64 - 1)
    assert dataset.load().header.seed == 2**64 - 1


def test_a_recipe_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RecipeError, match=r"none\.toml"):
        simulate(tmp_path / "none.toml", tmp_path / "d", examples=3)
