import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io

from radarseq.captures.capture import Capture
from radarseq.captures.conversion.export import export
from radarseq.captures.conversion.import_dataset import import_
from radarseq.captures.conversion.splits import SplitRule, assign_split
from radarseq.captures.conversion.stack_examples import collect, gather
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.name_pattern import match_name
from radarseq.captures.options.read_options import AS_WRITTEN, ReadOptions
from radarseq.captures.readers.registry import read_capture
from radarseq.captures.sources.find_files import find_captures, walk_captures
from radarseq.captures.windowing.windows import blocks, cut_rows
from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from radarseq.errors import CaptureError, DatasetError, OutputError, UsageError


def codes_of(capture: Capture, reading: ReadOptions = AS_WRITTEN) -> np.ndarray:
    return np.concatenate([block.codes for block in blocks(capture, reading)])


IQ = np.dtype([("real", "<i2"), ("imag", "<i2")])


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return (generator.normal(size=shape) + 1j * generator.normal(size=shape)).astype(np.complex64)


def save(path: Path, array: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)
    return path


def a_capture(samples: np.ndarray, *axes: str) -> Capture:
    return Capture(samples, axes, "step", 0.0, 0.0, Path("made.npy"))


def write_a121(path: Path, entries: dict[str, np.ndarray], sweep_rate: float | None = None) -> Path:
    with h5py.File(path, "w") as file:
        for name, frames in entries.items():
            session, group = name.split("/")[:2]
            raw = np.zeros(frames.shape, IQ)
            raw["real"], raw["imag"] = frames.real, frames.imag
            entry = file.create_group(f"sessions/{name}")
            entry.create_dataset("result/frame", data=raw, compression="gzip", chunks=True)
            entry["sensor_id"] = 2
            entry["metadata"] = json.dumps({"max_sweep_rate": 2000.0})
            config = {"2": {"sweep_rate": sweep_rate, "frame_rate": 10.0}}
            text = json.dumps({"groups": [config] * (int(group[-1]) + 1)})
            if "session_config" not in file[f"sessions/{session}"]:
                file[f"sessions/{session}/session_config"] = text
    return path


def frames(count: int, sweeps: int = 4, points: int = 3, seed: int = 0) -> np.ndarray:
    return np.round(100 * noise(count, sweeps, points, seed=seed))


# --- reading: how


def test_a_reading_survives_json_and_recipe():
    reading = ReadOptions(
        name="{label}.csv", steps=32, hop=8, carrier_hz=1e9, sample_axis="slow_time"
    )
    assert ReadOptions.from_json(json.loads(json.dumps(reading.to_json()))) == reading
    assert ReadOptions.from_recipe(reading.to_recipe()) == reading
    assert json.loads(reading.to_recipe())["kind"] == "import"
    assert ReadOptions.from_recipe('name = "a recipe"\n') is None
    assert ReadOptions.from_recipe("{}") is None


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"step": 3}, "unknown keys"),
        ({"steps": "3"}, "steps is '3'"),
        ({"steps": True}, "steps is True"),
        ({"steps": 1}, "at least 2"),
        ({"hop": 4}, "how long the windows"),
        ({"stride": 0}, "stride is 0"),
        ({"carrier_hz": float("nan")}, "carrier_hz"),
        ({"layout": "row,time"}, "'step'"),
        ({"layout": "step,point,channel"}, "at most one"),
        ({"layout": "row,,step"}, "different names"),
        ({"sample_axis": "time"}, "sample_axis"),
        ({"name": "{class}.csv"}, "{class}"),
        ({"name": "{label}{group}.csv"}, "without text between"),
        ({"name": "{label}.csv", "label_column": -1}, "two sources"),
        ([], "expected a JSON object"),
    ],
)
def test_a_reading_that_does_not_fit_is_refused(content, word):
    with pytest.raises(UsageError) as fault:
        ReadOptions.from_json(content)
    assert word in str(fault.value)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("waste-level-{label}.h5", "/d/waste-level-25-percent.h5", ("25-percent", None)),
        ("{label}/object_{group}.mat", "/d/cones/object_27.mat", ("cones", "27")),
        ("{label}_{group}.npz", "/d/circular_plates_27.npz", ("circular_plates", "27")),
        ("{group}/{label}/{group}.csv", "/a/7/x/7.csv", ("x", "7")),
        ("a+(b).{label}.csv", "/d/a+(b).c d\n.csv", ("c d\n", None)),
        ("{label}.csv", os.fsdecode(b"/d/\xff.csv"), ("\\xff", None)),
        ("", "/d/anything", (None, None)),
    ],
)
def test_a_pattern_gives_label_and_group(pattern, path, expected):
    assert match_name(pattern, Path(path)) == expected


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("waste-level-{label}.h5", "/d/old-waste-level-full.h5"),
        ("waste-level-{label}.h5", "/d/waste-level-full.h5.csv"),
        ("{group}/{label}/{group}.csv", "/a/7/x/8.csv"),
        ("a.{label}.csv", "/d/aXb.csv"),
        ("{label}.csv", "/d/.csv"),
        ("{label}.csv", "/d/a.csvXcsv"),
        ("{label}.csv", "/d/aXcsv"),
    ],
)
def test_a_path_that_does_not_match_is_a_fault(pattern, path):
    with pytest.raises(RecordingError, match="does not end in the pattern"):
        match_name(pattern, Path(path))


# --- the readers


def test_csv_with_interleaved_samples_and_labels(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("re0,im0,re1,im1,class\n1,2,3,4,g\n5,6,7,8,b\n")
    capture = read_capture(path, ReadOptions(interleaved=True, label_column=-1))
    assert capture.samples.tolist() == [[1 + 2j, 3 + 4j], [5 + 6j, 7 + 8j]]
    assert capture.row_labels == ["g", "b"]
    assert capture.axes == ("row", "step")


def test_tsv_as_one_series_of_channels(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("1\t2\n3\t4\n5\t6\n")
    rows = cut_rows(read_capture(path, ReadOptions(layout="step,feature")), ReadOptions())
    assert rows.samples.dtype == np.float32
    assert rows.samples.tolist() == [[[1, 2], [3, 4], [5, 6]]]


@pytest.mark.parametrize(
    ("text", "reading", "words"),
    [
        ("1,2\n3,x\n", {}, ["line 2", "'x'", "label_column"]),
        ("1,2\n3\n", {}, ["line 2 has 1 cells", "expected 2"]),
        ("1,2,3\n", {"interleaved": True}, ["(1, 3)", "even last axis"]),
        ("1,2\n", {"label_column": 5}, ["2 columns", "column 5"]),
        ("1,\n", {"label_column": 1}, ["empty label"]),
        ("", {}, ["is empty"]),
        ("nan,nan\n", {}, ["no finite sample"]),
        ("1,2\n", {"variable": "rx"}, ["no named arrays"]),
        ("1,2\n", {"layout": "row,step,point"}, ["(1, 2)", "names 3 axes"]),
        ("1,a\n2,b\n", {"label_column": -1, "layout": "step,row"}, ["along its first axis"]),
    ],
)
def test_a_csv_that_does_not_fit_says_why(tmp_path, text, reading, words):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(RecordingError) as fault:
        read_capture(path, ReadOptions(**reading))
    assert all(word in str(fault.value) for word in [str(path), *words]), str(fault.value)


def test_mat_version_5_and_its_choices(tmp_path):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"echo": noise(3, 5).astype(np.complex128), "note": "text"})
    np.testing.assert_allclose(read_capture(path).samples, noise(3, 5))
    scipy.io.savemat(path, {"echo": np.eye(3), "other": np.eye(2)})
    with pytest.raises(RecordingError, match=r"2 numeric arrays .*echo \(double\).*variable"):
        read_capture(path)
    assert read_capture(path, ReadOptions(variable="other")).samples.shape == (2, 2)
    with pytest.raises(RecordingError, match="no numeric array 'third'"):
        read_capture(path, ReadOptions(variable="third"))


def test_mat_version_7_3_counts_its_axes_the_other_way(tmp_path):
    path = tmp_path / "a.mat"
    raw = np.zeros((5, 3), [("real", "f8"), ("imag", "f8")])
    raw["real"], raw["imag"] = noise(3, 5).real.T, noise(3, 5).imag.T
    with h5py.File(path, "w", userblock_size=512) as file:
        file["echo"] = raw
        file["echo"].attrs["MATLAB_class"] = np.bytes_("double")
    np.testing.assert_allclose(read_capture(path).samples, noise(3, 5))


def test_npy_and_npz(tmp_path):
    path = save(tmp_path / "a.npy", np.arange(12, dtype=np.int16))
    pairs = read_capture(path, ReadOptions(interleaved=True)).samples
    assert np.asarray(pairs).tolist()[:2] == [1j, 2 + 3j]
    path = tmp_path / "a.npz"
    rx, tx = noise(2, 8, 3), noise(2, 8, seed=1)
    np.savez(path, rx=rx, tx=tx, sample_interval_s=1e-3, sample_axis="slow_time", label="cone")
    capture = read_capture(path, ReadOptions(carrier_hz=10e9))
    assert capture.axes == ("row", "step", "channel")
    assert (capture.sample_interval_s, capture.carrier_hz) == (1e-3, 10e9)
    assert (capture.sample_axis, capture.row_labels) == ("slow_time", ["cone"])
    rows = cut_rows(capture, ReadOptions(steps=4))
    assert rows.tx is not None
    np.testing.assert_array_equal(rows.samples, rx.reshape(4, 4, 3))
    np.testing.assert_array_equal(rows.tx, tx.reshape(4, 4))
    assert rows.labels is not None
    assert rows.labels.tolist() == ["cone"] * 4


def test_a_three_dimensional_npy_needs_its_axes_named(tmp_path):
    path = save(tmp_path / "a.npy", noise(2, 3, 4))
    with pytest.raises(RecordingError, match=r"\(2, 3, 4\).*names 2 axes"):
        read_capture(path)
    assert read_capture(path, ReadOptions(layout="row,channel,step")).samples.shape == (2, 3, 4)


def test_tx_that_does_not_belong_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", rx=noise(2, 8), tx=noise(2, 7))
    with pytest.raises(RecordingError, match=r"\(2, 7\); expected complex of shape \(2, 8\)"):
        read_capture(tmp_path / "a.npz")


def test_arrays_that_lie_or_run_code_are_refused(tmp_path):
    objects = tmp_path / "objects.npy"
    np.save(objects, np.array([{}, []], dtype=object), allow_pickle=True)
    with pytest.raises(RecordingError, match="Python objects; refused"):
        read_capture(objects)
    cut = save(tmp_path / "cut.npy", noise(10, 10))
    cut.write_bytes(cut.read_bytes()[:-1])
    with pytest.raises(RecordingError, match="its shape \\(10, 10\\) needs"):
        read_capture(cut)
    bomb = tmp_path / "bomb.npy"
    with bomb.open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (2_200_000, 1_000_000)}
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(RecordingError, match=r"17600\.0 GB; expected at most"):
        read_capture(bomb)
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w") as archive:
        archive.write(bomb, "rx.npy")
    with pytest.raises(RecordingError, match=r"17600\.0 GB; expected at most"):
        read_capture(tmp_path / "bomb.npz")


def test_a121_joins_sessions_groups_and_entries_in_the_order_of_their_numbers(tmp_path):
    names = [f"session_{i}/group_{j}/entry_0" for i in (0, 2, 10) for j in (0, 1)]
    parts = {name: frames(2, seed=i) for i, name in enumerate(names)}
    path = write_a121(tmp_path / "a.h5", parts)
    capture = read_capture(path)
    assert capture.axes == ("frame", "step", "point")
    np.testing.assert_array_equal(capture.samples, np.concatenate(list(parts.values())))
    assert (capture.sample_interval_s, capture.carrier_hz) == (1 / 2000, 60.5e9)
    assert capture.sample_axis == "slow_time"
    one = read_capture(
        path, ReadOptions(variable=f"sessions/{names[1]}/result/frame", layout="a,b,step")
    )
    np.testing.assert_array_equal(one.samples, parts[names[1]])


def test_a121_rates_follow_the_axis_that_is_called_step(tmp_path):
    path = write_a121(tmp_path / "a.h5", {"session_0/group_0/entry_0": frames(5)}, 400.0)
    assert read_capture(path).sample_interval_s == 1 / 400
    by_frame = read_capture(path, ReadOptions(layout="step,sweep,point"))
    assert (by_frame.sample_interval_s, by_frame.sample_axis) == (0.1, "slow_time")
    by_depth = read_capture(path, ReadOptions(layout="frame,sweep,step"))
    assert (by_depth.sample_interval_s, by_depth.sample_axis) == (0.0, "fast_time")


def test_a121_entries_that_differ_are_refused(tmp_path):
    names = ("session_0/group_0/entry_0", "session_0/group_0/entry_1")
    path = write_a121(tmp_path / "a.h5", {names[0]: frames(2), names[1]: frames(2, sweeps=5)})
    with pytest.raises(RecordingError, match=r"entry_1 has frames of \(5, 3\), the first \(4, 3\)"):
        read_capture(path)


def test_a111_reads_iq_and_refuses_amplitudes(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["data"] = noise(20, 1, 6)
        file["mode"] = "iq"
        file["sensor_config_dump"] = json.dumps({"update_rate": 80.0})
    capture = read_capture(path)
    assert (capture.axes, capture.sample_interval_s) == (("step", "sensor", "point"), 1 / 80)
    assert cut_rows(capture, ReadOptions(steps=5)).samples.shape == (4, 5, 6)
    with h5py.File(path, "w") as file:
        file["data"] = np.ones((20, 1, 6), np.uint16)
        file["mode"] = "envelope"
    with pytest.raises(RecordingError, match=r"uint16 amplitudes .*'envelope'.*not I/Q"):
        read_capture(path)


def test_hdf5_that_reaches_out_or_lies_is_refused(tmp_path):
    frame = "sessions/session_0/group_0/entry_0/result/frame"
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(800))
    path = tmp_path / "a.h5"

    def fault(make) -> str:
        with h5py.File(path, "w") as file:
            file["sessions/session_0/group_0/entry_0/sensor_id"] = 1
            make(file)
        with pytest.raises(RecordingError) as caught:
            read_capture(path)
        return str(caught.value)

    outside = {"external": [(str(secret), 0, 800)]}
    assert "in other files" in fault(lambda f: f.create_dataset(frame, (10, 10), "f8", **outside))
    assert "is a link" in fault(lambda f: f.__setitem__(frame, h5py.ExternalLink("b.h5", "/x")))
    assert "NULL" in fault(lambda f: f.__setitem__(frame, h5py.Empty(IQ)))
    assert "has no" in fault(lambda f: None)
    assert "at most" in fault(
        lambda f: f.create_dataset(frame, (2_200_000, 1000, 1000), "f8", chunks=(1, 100, 100))
    )
    assert "are stored" in fault(
        lambda f: f.create_dataset(frame, (10, 10, 10), IQ, chunks=True, compression="gzip")
    )

    def half_written(file: h5py.File) -> None:
        file.create_dataset(frame, (4, 10, 10), IQ, chunks=(1, 10, 10))[0] = np.ones((10, 10), IQ)

    assert "partly written" in fault(half_written)


def test_an_unknown_hdf5_file_lists_its_arrays(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["deep/echo"] = noise(3, 8)
    with pytest.raises(RecordingError, match=r"holds deep/echo\. Name the array"):
        read_capture(tmp_path / "a.h5")
    capture = read_capture(tmp_path / "a.h5", ReadOptions(variable="deep/echo"))
    np.testing.assert_array_equal(capture.samples, noise(3, 8))
    with pytest.raises(RecordingError, match="has no 'echo'; it holds deep/echo"):
        read_capture(tmp_path / "a.h5", ReadOptions(variable="echo"))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".mat", ".npy", ".npz", ".h5", ".wave", ""])
def test_rubbish_is_a_fault_that_names_the_file(tmp_path, suffix):
    path = tmp_path / f"rubbish{suffix}"
    for content in (b"", b"\x00\xff\x93NUMPY", bytes(range(256)) * 8):
        path.write_bytes(content)
        with pytest.raises(RecordingError, match="rubbish"):
            read_capture(path)
    with pytest.raises(RecordingError, match="absent"):
        read_capture(tmp_path / f"absent{suffix}")


@pytest.mark.parametrize("kind", ["mat", "npz", "h5"])
def test_a_damaged_file_is_a_fault_or_reads_whole(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "mat":
        scipy.io.savemat(path, {"echo": noise(20, 16)}, do_compression=True)
    elif kind == "npz":
        np.savez_compressed(path, rx=noise(20, 16))
    else:
        write_a121(path, {"session_0/group_0/entry_0": frames(9)})
    whole = path.read_bytes()
    for cut in np.linspace(0, len(whole) - 1, 30).astype(int):
        path.write_bytes(whole[:cut])
        with pytest.raises(RecordingError, match="a\\."):
            read_capture(path)


# --- files and folders


def test_folders_are_walked_in_order_and_links_out_are_refused(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    for name in ("b/2.npy", "a/10.npy", "a/.hidden.npy", ".git/x.npy"):
        save(inside / name, noise(2, 8))
    (inside / "notes.txt").write_text("no capture")
    save(outside / "x.npy", noise(2, 8))
    (inside / "c.npy").symlink_to(outside / "x.npy")
    (inside / "d").symlink_to(outside)
    (inside / "e.npy").symlink_to("b/2.npy")
    found, refused = walk_captures([inside])
    assert [p.relative_to(inside).as_posix() for p in found] == ["a/10.npy", "b/2.npy", "e.npy"]
    assert sorted(failure.path.name for failure in refused) == ["c.npy", "d"]
    assert find_captures([inside / "b/2.npy", inside]) == [found[1], found[0], found[2]]


# --- windows


def test_windows_follow_steps_hop_and_stride():
    capture = a_capture(np.arange(20.0).reshape(2, 10), "row", "step")
    rows = cut_rows(capture, ReadOptions(steps=3, hop=4, stride=2)).samples[..., 0]
    assert rows.tolist() == [[0, 2, 4], [4, 6, 8], [10, 12, 14], [14, 16, 18]]
    assert cut_rows(capture, ReadOptions(steps=4)).samples.shape == (
        4,
        4,
        1,
    )  # touching, 2 left over
    assert cut_rows(capture, ReadOptions(steps=2, stride=2)).samples[1, :, 0].tolist() == [4, 6]
    assert cut_rows(capture, ReadOptions(stride=3)).samples[0, :, 0].tolist() == [0, 3, 6, 9]


def test_windows_of_many_axes_equal_a_plain_loop():
    samples, reading = noise(2, 3, 9, 4), ReadOptions(steps=3, hop=2, stride=2)
    rows = cut_rows(a_capture(samples, "a", "point", "step", "b"), reading).samples
    expected = [
        [[samples[a, p, first + 2 * s, b] for p in range(3)] for s in range(3)]
        for a in range(2)
        for b in range(4)
        for first in (0, 2, 4)
    ]
    assert rows.shape == (24, 3, 3)
    np.testing.assert_array_equal(rows, np.array(expected))


@pytest.mark.parametrize("length", [1, 31])
def test_a_recording_shorter_than_a_window_says_so(length):
    capture = a_capture(noise(length), "step")
    with pytest.raises(RecordingError, match=f"has {length} samples .*at least 32"):
        cut_rows(capture, ReadOptions(steps=32))


def test_quality_names_each_unfit_row():
    samples = np.tile(np.arange(4.0), (6, 1))
    samples[0, 2], samples[1, 0], samples[2], samples[3] = np.nan, 1e300, 0, 7
    capture = a_capture(samples, "row", "step")
    assert codes_of(capture).tolist() == [1, 1, 2, 3, 0, 0]
    channels = a_capture(np.stack([samples, np.ones_like(samples)], axis=2), "row", "step", "point")
    assert codes_of(channels).tolist() == [1, 1, 3, 3, 0, 0]
    bad_tx = replace(capture, samples=noise(6, 4), tx=np.where(samples == 7, np.nan, 1j))
    assert codes_of(bad_tx).tolist() == [0, 0, 0, 1, 0, 0]


# --- collecting


def objects(folder: Path, rows: int = 10) -> Path:
    """Two classes, four objects each, as (row, step) files {label}/object_{group}.npy."""
    for i, label in enumerate(("cone", "plate")):
        for group in range(4):
            save(folder / label / f"object_{group}.npy", noise(rows, 8, seed=10 * i + group))
    return folder


OBJECTS = ReadOptions(name="{label}/object_{group}.npy", sample_interval_s=1e-3, stride=2)


def test_collecting_names_labels_groups_and_rows(tmp_path):
    examples, failures = collect([objects(tmp_path)], OBJECTS)
    header = examples.header
    assert failures == []
    assert header.class_names == ("cone", "plate")
    assert header.group_names[:5] == ("cone/0", "cone/1", "cone/2", "cone/3", "plate/0")
    assert header.sample_interval_s == 2e-3  # of the steps, after the stride
    assert ReadOptions.from_recipe(header.recipe) == OBJECTS
    assert examples["label"].tolist() == [0] * 40 + [1] * 40
    assert examples["group"].tolist() == np.repeat(range(8), 10).tolist()
    assert examples["parameters/row"].tolist() == list(range(10)) * 8
    np.testing.assert_array_equal(examples["rx"][70:], noise(10, 8, seed=13)[:, ::2])


def test_a_bad_file_does_not_stop_the_rest(tmp_path):
    objects(tmp_path)
    half_bad = noise(10, 8)
    half_bad[2:5], half_bad[7, 3] = 0, np.inf
    save(tmp_path / "cone/object_0.npy", half_bad)
    save(tmp_path / "cone/object_1.npy", np.ones((10, 8), complex))
    save(tmp_path / "cone/object_2.npy", noise(10, 9))
    save(tmp_path / "cone/object_3.npy", noise(10, 8).real)
    save(tmp_path / "cone/extra.npy", noise(10, 8))
    (tmp_path / "plate/object_0.npy").write_bytes(b"rubbish")
    absent = tmp_path / "absent.npy"
    reading = replace(OBJECTS, name="", stride=1)
    found = gather([tmp_path, absent], reading)
    reasons = {failure.path.name: failure.reason for failure in found.failures}
    assert "10 constant" in reasons["object_1.npy"]
    assert "(9,) complex; expected (8,) complex" in reasons["object_2.npy"]
    assert "(8, 1) real" in reasons["object_3.npy"]
    assert "cannot be read as .npy" in reasons["object_0.npy"]
    assert "not there" in reasons["absent.npy"]
    assert found.left_out == {"all zero": 3, "not finite": 1}
    assert found.examples.header.warnings == (
        "rows left out because not finite: 1",
        "rows left out because all zero: 3",
    )
    assert found.examples["parameters/row"][10:16].tolist() == [0, 1, 5, 6, 8, 9]
    assert found.examples.header.group_names[:2] == ("cone/extra.npy", "cone/object_0.npy")
    assert all(failure.hint.count(" ") >= 1 for failure in found.failures)
    named = gather([tmp_path], replace(reading, name=OBJECTS.name))
    assert (
        "does not end in the pattern"
        in {f.path.name: f.reason for f in named.failures}["extra.npy"]
    )


def test_known_classes_and_shape_are_kept(tmp_path):
    objects(tmp_path)
    save(tmp_path / "disc/object_0.npy", noise(3, 8))
    names = ("plate", "ring", "cone")
    examples, _ = collect([tmp_path], OBJECTS, class_names=names)
    assert examples.header.class_names == names
    assert examples["label"].tolist() == [2] * 40 + [-1] * 3 + [0] * 40
    unlabelled, _ = collect([tmp_path], class_names=names)
    assert "label" not in unlabelled
    with pytest.raises(CaptureError, match=r"(?s)rows are \(8,\) complex; expected \(32,\)"):
        collect([tmp_path], shape=(32,))


def test_captures_that_disagree_are_named_with_their_values(tmp_path):
    np.savez(tmp_path / "a.npz", rx=noise(2, 8), sample_interval_s=1e-3)
    np.savez(tmp_path / "b.npz", rx=noise(2, 8), sample_interval_s=2e-3)
    with pytest.raises(
        CaptureError, match=r"a\.npz has sample_interval_s 0.001, .*b\.npz has 0.002"
    ):
        collect([tmp_path])
    examples, _ = collect([tmp_path], ReadOptions(sample_interval_s=1e-3))
    assert len(examples) == 4


def test_nothing_to_collect_is_an_error(tmp_path):
    with pytest.raises(CaptureError, match="no recordings of a known kind"):
        collect([tmp_path])
    (tmp_path / "a.npy").write_bytes(b"")
    with pytest.raises(CaptureError, match=r"(?s)none of the recordings.*a\.npy"):
        collect([tmp_path])


# --- splits and import


def made_examples(labels: list[int], groups: list[int]) -> Examples:
    names = tuple(f"c{i}" for i in range(max(labels) + 1))
    group_names = tuple(f"c/{i}" for i in range(max(groups) + 1))
    header = Header(sample_axis="step", class_names=names, group_names=group_names)
    columns = {
        "rx": noise(len(labels), 4),
        "label": np.array(labels, np.int32),
        "group": np.array(groups, np.int64),
    }
    return Examples(header, columns)


def test_the_first_rows_train_and_validation_is_drawn_from_each_class():
    examples = made_examples([0, 1] * 50, [0] * 100)
    split = assign_split(examples, SplitRule(train_rows=80, validation=0.25, seed=3))
    assert (split[80:] == 2).all()
    assert not (split[:80] == 2).any()
    assert [(split[i::2] == 1).sum() for i in (0, 1)] == [10, 10]
    again = assign_split(examples, SplitRule(train_rows=80, validation=0.25, seed=3))
    other = assign_split(examples, SplitRule(train_rows=80, validation=0.25, seed=4))
    assert (split == again).all()
    assert (split != other).any()


def test_a_fraction_is_taken_along_time_of_each_recording():
    groups = [0, 1] * 10 + [0] * 10  # interleaved: 20 rows of 0, 10 rows of 1
    examples = made_examples(groups, groups)
    split = assign_split(examples, SplitRule(train_fraction=0.7, validation=0.2))
    assert split[np.array(groups) == 0].tolist() == [0] * 11 + [1] * 3 + [2] * 6
    assert split[np.array(groups) == 1].tolist() == [0] * 6 + [1] * 1 + [2] * 3
    assert 1 not in assign_split(examples, SplitRule(train_fraction=0.7, validation=0))


def test_groups_are_for_test_by_name():
    groups = np.repeat(range(6), 5).tolist()
    examples = made_examples([int(g > 2) for g in groups], groups)
    split = assign_split(examples, SplitRule(test_group=("1", "c/4")))
    assert set(np.array(groups)[split == 2]) == {1, 4}
    with pytest.raises(UsageError, match="test_group '9': no recording belongs to it; there are 0"):
        assign_split(examples, SplitRule(test_group=("9",)))


def test_without_a_rule_whole_groups_are_drawn_where_there_are_enough():
    groups = np.repeat(range(8), 10).tolist()
    labels = [int(g > 3) for g in groups]
    split = assign_split(made_examples(labels, groups), SplitRule())
    tested = {g for g, s in zip(groups, split, strict=True) if s == 2}
    assert len(tested) == 2
    assert {int(g > 3) for g in tested} == {0, 1}
    assert all((split[np.array(groups) == g] == 2).all() for g in tested)
    few = assign_split(made_examples([0] * 10 + [1] * 10, [0] * 10 + [1] * 10), SplitRule())
    assert few.tolist() == ([0] * 6 + [1] + [2] * 3) * 2


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ({"train_rows": 5, "train_fraction": 0.5}, "train_rows and train_fraction are both given"),
        ({"train_rows": 0}, "train_rows is 0"),
        ({"train_rows": 20}, "there are 20 usable rows"),
        ({"train_fraction": 1.0}, "train_fraction is 1.0"),
        ({"validation": 1.0}, "validation is 1.0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_a_split_that_cannot_be_is_a_usage_error(rule, word):
    with pytest.raises(UsageError, match=word):
        assign_split(made_examples([0, 1] * 10, [0] * 20), SplitRule(**rule))


def test_a_class_without_training_rows_is_an_error():
    examples = made_examples([0] * 10 + [1] * 10, [0] * 20)
    with pytest.raises(CaptureError, match="class 'c1' has 10 rows, but none of them is for train"):
        assign_split(examples, SplitRule(train_rows=10))
    with pytest.raises(CaptureError, match="the test part has none"):
        assign_split(made_examples([0, 0], [0, 1]), SplitRule(train_fraction=0.9))


def test_an_import_is_a_dataset_with_its_reading(tmp_path):
    objects(tmp_path / "raw")
    (tmp_path / "raw/cone/object_9.npy").write_bytes(b"")
    save(tmp_path / "raw/plate/object_3.npy", np.vstack([noise(9, 8), np.ones((1, 8))]))
    reading = replace(OBJECTS, steps=2, hop=1)
    result = import_([tmp_path / "raw"], tmp_path / "out", reading=reading, test_group="3")
    dataset = open_dataset(tmp_path / "out")
    examples = dataset.load()
    assert result.rows == len(examples) == 474
    assert result.counts["cone"] == {"train": 153, "validation": 27, "test": 60}
    assert [failure.path.name for failure in result.failures] == ["object_9.npy"]
    assert result.left_out == {"constant": 6}
    assert dataset.header.warnings == (
        "rows left out because constant: 6",
        "windows overlap (hop 1): neighbours share samples",
    )
    assert ReadOptions.from_recipe(dataset.header.recipe) == reading
    tested = set(examples.part("test")["group"])
    assert [dataset.header.group_names[i] for i in tested] == ["cone/3", "plate/3"]
    with pytest.raises(OutputError):
        import_([tmp_path / "raw"], tmp_path / "out", reading=reading, test_group="3")


def test_an_import_without_labels_counts_them_as_such(tmp_path):
    save(tmp_path / "raw/a.npy", noise(10, 8))
    result = import_([tmp_path / "raw"], tmp_path / "out", validation=0)
    assert result.counts == {"unlabelled": {"train": 7, "validation": 0, "test": 3}}


# --- export


def exportable(folder: Path) -> Examples:
    labels = np.array([0, 1, -1, 1, 0, 1, 0, 1], np.int32)
    header = Header(
        sample_axis="slow_time",
        sample_interval_s=1e-4,
        carrier_hz=10e9,
        class_names=("round_plate", "a/b"),
    )
    columns = {
        "rx": noise(8, 32),
        "tx": noise(8, 32, seed=1),
        "label": labels,
        "group": np.array([70, 5, 6, 5, 70, 8, 71, 5], np.int64),
        "split": np.array([2] * 7 + [0], np.uint8),
    }
    examples = Examples(header, columns)
    write_dataset(folder, examples)
    return examples


def test_what_is_exported_is_collected_again_bit_for_bit(tmp_path):
    examples = exportable(tmp_path / "set")
    files = export(tmp_path / "set", tmp_path / "out", split="all")
    names = ["unknown_6", "round_plate_70", "a-b_5", "round_plate_71", "a-b_8"]
    assert [path.name for path in files] == [f"{name}.npz" for name in names]
    again, failures = collect([tmp_path / "out"], ReadOptions(name="{label}_{group}.npz"))
    assert failures == []
    assert again.header.class_names == ("a-b", "round_plate", "unknown")
    assert again.header.group_names[-2:] == ("round_plate/71", "unknown/6")
    for key in ("sample_axis", "sample_interval_s", "carrier_hz"):
        assert getattr(again.header, key) == getattr(examples.header, key)
    rows = [1, 3, 7, 5, 0, 4, 6, 2]  # by file, in the order within each
    for column in ("rx", "tx"):
        assert again[column].tobytes() == examples[column][rows].tobytes()


def test_export_takes_a_split_and_a_limit_over_all_classes(tmp_path):
    exportable(tmp_path / "set")
    files = export(tmp_path / "set", tmp_path / "out", limit=3)
    assert [path.name.split("_")[0] for path in files] == ["unknown", "round", "a-b"]
    assert sum(len(read_capture(path).samples) for path in files) == 5
    with pytest.raises(UsageError, match="limit is 0"):
        export(tmp_path / "set", tmp_path / "two", limit=0)
    with pytest.raises(OutputError):
        export(tmp_path / "set", tmp_path / "out")
    with pytest.raises(DatasetError, match="no rows in 'validation'"):
        export(tmp_path / "set", tmp_path / "three", split="validation")


def test_imported_groups_keep_their_names_in_an_export(tmp_path):
    for name in ("a_b/run_1.npy", "a_b/run_2 x.npy", "a_b/run_2_x.npy"):
        save(tmp_path / "raw" / name, noise(10, 8))
    reading = ReadOptions(name="{label}/{group}.npy")
    import_([tmp_path / "raw"], tmp_path / "set", reading=reading)
    files = export(tmp_path / "set", tmp_path / "out", split="all")
    assert [path.name for path in files] == [
        "a_b_run-1.npz",
        "a_b_run-2-x.npz",
        "a_b_run-2-x-2.npz",  # two names that became one stay two files
    ]
    again, _ = collect(files, ReadOptions(name="{label}_{group}.npz"))
    assert again.header.class_names == ("a_b",)


def test_real_sequences_are_exported_too(tmp_path):
    columns = {"x": noise(4, 5, 2).real.astype(np.float32)}
    examples = Examples(Header(sample_axis="step"), columns)
    write_dataset(tmp_path / "set", examples)
    files = export(tmp_path / "set", tmp_path / "out", split="all")
    assert [path.name for path in files] == ["unknown_0.npz"]
    again, _ = collect(files)
    assert again["x"].tobytes() == examples["x"].tobytes()


def test_one_path_may_be_given_as_text(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(12, 8)))
    result = import_(str(tmp_path / "a.npy"), str(tmp_path / "data"))
    assert result.rows == 12
    assert len(open_dataset(str(tmp_path / "data"))) == 12
