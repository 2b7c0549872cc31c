"""Windows in blocks, which of them are fit, their labels, and how little memory that takes."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.stats

from radarseq.captures.capture import Capture, Mark
from radarseq.captures.conversion.stack_examples import gather
from radarseq.captures.errors import Failure, RecordingError
from radarseq.captures.options.quality_limits import Quality
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture
from radarseq.captures.sources.open_recordings import Recording, iter_recordings
from radarseq.captures.windowing.quality import REASONS
from radarseq.captures.windowing.windows import blocks, cut_rows
from radarseq.errors import CaptureError, UsageError


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return (generator.normal(size=shape) + 1j * generator.normal(size=shape)).astype(np.complex64)


def a_capture(samples: np.ndarray, *axes: str, **more: object) -> Capture:
    return Capture(samples, axes, "step", 0.0, 0.0, Path("made.npy"), **more)  # type: ignore[arg-type]


def codes(capture: Capture, reading: ReadOptions, most_bytes: int = 1 << 24) -> list[str]:
    found = [block.codes for block in blocks(capture, reading, most_bytes)]
    return [REASONS[code] for code in np.concatenate(found)]


def saved(folder: Path, kind: str, samples: np.ndarray) -> tuple[Path, ReadOptions]:
    """Store an array (row, channel, step) in one of the ways that are read in parts."""
    layout = ReadOptions(layout="row,channel,step")
    if kind == "npy":
        np.save(folder / "a.npy", samples)
        return folder / "a.npy", layout
    if kind == "fortran":
        np.save(folder / "f.npy", np.asfortranarray(samples))
        return folder / "f.npy", layout
    if kind == "interleaved":
        pairs = np.stack([samples.real, samples.imag], -1).reshape(*samples.shape[:2], -1)
        np.save(folder / "i.npy", pairs)
        return folder / "i.npy", replace(layout, interleaved=True)
    with h5py.File(folder / "a.mat", "w", userblock_size=512) as file:
        raw = np.zeros(samples.T.shape, [("real", "f4"), ("imag", "f4")])
        raw["real"], raw["imag"] = samples.T.real, samples.T.imag
        data = file.create_dataset("echo", data=raw, chunks=(5, 2, 1), compression="gzip")
        data.attrs["MATLAB_class"] = np.bytes_("single")
    return folder / "a.mat", layout


@pytest.mark.parametrize("kind", ["npy", "fortran", "interleaved", "matlab"])
def test_blocks_of_any_size_give_the_same_windows(tmp_path, kind):
    samples = noise(5, 3, 41)
    path, how = saved(tmp_path, kind, samples)
    reading = replace(how, steps=4, hop=3, stride=2)
    capture = read_capture(path, how)
    assert not isinstance(capture.samples, np.ndarray)  # it stays in the file
    expected = np.stack([samples[r, :, w : w + 7 : 2].T for r in range(5) for w in range(0, 35, 3)])
    for most_bytes in (1, 500, 2_000, 10_000, 1 << 24):
        found = list(blocks(capture, reading, most_bytes))
        ends = np.cumsum([len(block.rows) for block in found]).tolist()
        assert [block.first for block in found] == [0, *ends[:-1]]
        np.testing.assert_array_equal(np.concatenate([b.rows.samples for b in found]), expected)
    np.testing.assert_array_equal(cut_rows(capture, reading).samples, expected)


def test_labels_and_tx_follow_the_windows_through_blocks():
    rx, tx = noise(4, 20), noise(4, 20, seed=1)
    capture = a_capture(rx, "row", "step", tx=tx, row_labels=["a", "b", "", "d"])
    for most_bytes in (1, 300, 1 << 20):
        found = list(blocks(capture, ReadOptions(steps=5), most_bytes))
        labels = np.concatenate([block.rows.labels for block in found])
        assert labels.tolist() == ["a"] * 4 + ["b"] * 4 + [""] * 4 + ["d"] * 4
        np.testing.assert_array_equal(
            np.concatenate([block.rows.tx for block in found]), tx.reshape(16, 5)
        )


def test_windows_take_the_label_of_the_mark_that_covers_most_of_them():
    marks = (Mark(0, 4, "a"), Mark(6, 14, "b"), Mark(12, 13, "c"), Mark(18, 99, "d"))
    capture = a_capture(noise(24), "step", marks=marks)
    for most_bytes in (1, 1 << 20):
        found = list(blocks(capture, ReadOptions(steps=4), most_bytes))
        labels = np.concatenate([block.rows.labels for block in found])
        assert labels.tolist() == ["a", "b", "b", "b", "d", "d"]
    # 4..8 is half b; 16..20 half d.  One sample less than half is not enough:
    later = replace(capture, marks=(Mark(7, 14, "b"),))
    labels = np.concatenate([b.rows.labels for b in blocks(later, ReadOptions(steps=4))])
    assert labels.tolist() == ["", "", "b", "b", "", ""]


# --- quality


def limits(**values: object) -> ReadOptions:
    return ReadOptions(steps=8, quality=Quality(**values))  # type: ignore[arg-type]


def test_clipped_windows_are_those_at_the_converters_ends():
    samples = np.tile(np.arange(-4, 4, dtype=np.int16), (4, 1))
    samples[1, 3], samples[2, 5], samples[3, :4] = 32767, -32768, 32767
    capture = a_capture(samples, "row", "step", full_scale=(-32768.0, 32767.0))
    assert codes(capture, limits()) == ["ok", "clipped", "clipped", "clipped"]
    assert codes(capture, limits(clipped_share=0.2)) == ["ok", "ok", "ok", "clipped"]
    quadrature = replace(capture, samples=noise(4, 8).real + 1j * samples)
    assert codes(quadrature, limits())[1:] == ["clipped"] * 3
    assert codes(replace(capture, full_scale=None), limits()) == ["ok"] * 4


def test_dropped_runs_offsets_fill_and_breaks():
    samples = noise(5, 8)
    samples[1, 2:6], samples[2, 2:6] = 0, samples[2, 2]
    samples[3] += 100
    samples[4, 7] = -5 - 5j
    capture = a_capture(samples, "row", "step", fill=-5 - 5j)
    assert codes(capture, limits()) == ["ok"] * 4 + ["dropped samples"]
    strict = limits(dropped_run=3, offset_share=0.9)
    assert codes(capture, strict) == ["ok", *["dropped samples"] * 2, "offset", "dropped samples"]
    assert codes(capture, limits(dropped_run=4)) == ["ok"] * 4 + ["dropped samples"]
    # A jump in time before sample 8 or 15 is none within a window that begins there.
    cut = a_capture(noise(24), "step", breaks=(8, 15))
    assert codes(cut, limits()) == ["ok", "dropped samples", "ok"]


def test_the_power_gate_is_in_decibels():
    samples = np.array([[2.0], [1.0], [0.5]]) * np.exp(1j * np.arange(8))
    capture = a_capture(samples, "row", "step")
    assert codes(capture, limits(least_power_db=-0.1)) == ["ok", "ok", "empty"]
    assert codes(capture, limits(least_power_db=6.1)) == ["empty"] * 3
    assert codes(capture, limits(least_power_db=6.0)) == ["ok", "empty", "empty"]


@pytest.mark.parametrize("is_complex", [True, False])
def test_the_cfar_gate_lets_noise_through_as_often_as_it_is_told(is_complex):
    samples = noise(4, 8 * 2500) * 37.0
    capture = a_capture(samples if is_complex else samples.real, "row", "step")
    reading = limits(cfar_false_alarm=0.05, cfar_cells=1)
    passed = np.array(codes(capture, reading)) == "ok"
    # Few cells, so that a threshold that forgot how uncertain their mean is would be seen: 7 %.
    spread = scipy.stats.binom(len(passed), 0.05).std() * 1.2  # neighbours share their cells
    assert abs(passed.sum() - 0.05 * len(passed)) < 4 * spread
    for most_bytes in (3_000, 20_000):
        assert (np.array(codes(capture, reading, most_bytes)) == "ok").tolist() == passed.tolist()
    samples[1, 800:808] *= 4
    assert codes(capture, reading)[2500 + 100] == "ok"


def test_the_cfar_gate_leaves_out_windows_that_overlap():
    samples = noise(4000)
    samples[2000:2032] *= 10
    reading = ReadOptions(steps=32, hop=8, quality=Quality(cfar_false_alarm=1e-3, cfar_cells=8))
    found = codes(a_capture(samples, "step"), reading)
    assert found[2000 // 8] == "ok"
    short = replace(reading, steps=2000)
    with pytest.raises(RecordingError, match="windows in a row; the CFAR gate compares"):
        codes(a_capture(samples, "step"), short)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"clip": 1}, "unknown keys"),
        ({"clipped_share": 2}, "clipped_share is 2; expected 0 to 1"),
        ({"dropped_run": 1.5}, "a whole number"),
        ({"cfar_false_alarm": "x"}, "a number"),
        ({"cfar_cells": 0}, "cfar_cells is 0"),
        ({"least_power_db": float("nan")}, "least_power_db"),
        ([], "expected some of the keys"),
    ],
)
def test_limits_that_do_not_fit_are_refused(content, word):
    with pytest.raises(UsageError, match=word):
        ReadOptions.from_json({"quality": content})


# --- opening


def test_a_reading_is_updated_key_by_key_and_by_its_source_of_labels():
    trained = ReadOptions(
        label_column=-1, steps=8, quality=Quality(clipped_share=0.5, dropped_run=3)
    )
    other = trained.updated({"name": "{label}.csv", "quality": {"dropped_run": 0}})
    assert (other.name, other.label_column, other.steps) == ("{label}.csv", None, 8)
    assert other.quality == Quality(clipped_share=0.5)
    assert ReadOptions.from_json(other.to_json()) == other
    tabled = other.updated({"labels": "l.csv"})
    assert (tabled.name, tabled.labels) == ("", "l.csv")
    assert tabled.updated({}).labels == ""  # a table belongs to its files
    with pytest.raises(UsageError, match="two sources"):
        ReadOptions(labels="l.csv", name="{label}.csv")
    with pytest.raises(UsageError, match="unknown keys"):
        trained.updated({"nam": "x"})


def test_labels_and_groups_from_a_table_beside(tmp_path):
    for name in ("a.npy", "sub/b.npy", "c.npy"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        np.save(path, noise(3, 8))
    table = tmp_path / "labels.csv"
    table.write_text("file,label,group\na.npy,cone,one\nsub/b.npy,plate,\n")
    reading = ReadOptions(labels=str(table))
    found = gather([tmp_path], reading)
    assert found.examples.header.class_names == ("cone", "plate")
    assert found.examples["label"].tolist() == [0, 0, 0, 1, 1, 1]
    assert found.examples.header.group_names == ("cone/one", "sub/b.npy")
    ((path, reason, _),) = found.failures
    assert (path.name, "not among the 2 files" in reason) == ("c.npy", True)
    untold = gather([tmp_path]).failures  # a table that is not named is no recording
    assert [(f.path.name, "'file'" in f.reason or "line 2" in f.reason) for f in untold] == [
        ("labels.csv", True)
    ]
    for text, word in [
        ("", "nothing"), ("name,label\n", "expected file,label"), ("file,label\na\n", "line 2"),
        ("file,label\na,x\na,y\n", "line 3"),
    ]:  # fmt: skip
        table.write_text(text)
        with pytest.raises(CaptureError, match=word):
            gather([tmp_path], reading)


def test_another_interval_is_a_failure_of_its_file(tmp_path):
    for name, interval in (("a", 1e-3), ("b", 2e-3), ("c", 0.0)):
        np.savez(tmp_path / f"{name}.npz", rx=noise(2, 8), sample_interval_s=interval)
    found = list(iter_recordings([tmp_path], ReadOptions(stride=2), expected_interval_s=2e-3))
    assert [type(item) for item in found] == [Recording, Failure, Failure]
    assert [f.reason for f in found[1:]] == [
        "its sample interval is 0.004 s; expected 0.002 s",
        "its sample interval is not known; expected 0.002 s",
    ]
    opened = found[0]
    assert (opened.windows, opened.shape, opened.group) == (2, (4,), "a.npz")
    assert sum(len(block.rows) for block in opened.blocks()) == 2


# --- memory

JUDGE = """
import sys
from pathlib import Path
from radarseq.captures.sources.open_recordings import openings
from radarseq.captures.options.read_options import Reading
(opened,) = openings([Path(sys.argv[1])], Reading(steps=1024))
counts = {}
for block in opened.blocks():
    for code in block.codes.tolist():
        counts[code] = counts.get(code, 0) + 1
status = Path("/proc/self/status").read_text()  # getrusage would count the parent's memory too
peak_kb = status.split("VmHWM:")[1].split()[0]
print(opened.windows, counts.get(0, 0), int(peak_kb) // 1024)
"""


def judged_mb(path: Path, size: int) -> tuple[int, int, int]:
    """Go through a sparse file, and return windows, fit windows, and peak memory in MB."""
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(size // 2 // 16384 * 16384)
        file.write(np.arange(1024.0).tobytes())
    done = subprocess.run(
        [sys.executable, "-c", JUDGE, path], capture_output=True, text=True, check=True
    )
    path.unlink()
    windows, fit, megabytes = map(int, done.stdout.split())
    return windows, fit, megabytes


def test_memory_does_not_grow_with_the_file(tmp_path):
    windows, fit, megabytes = judged_mb(tmp_path / "a.cf32", 200 << 20)
    assert (windows, fit) == ((200 << 20) // 8192, 1)
    assert megabytes < 250


@pytest.mark.slow
def test_ten_gigabytes_are_judged_under_one(tmp_path):
    windows, fit, megabytes = judged_mb(tmp_path / "a.cf64", 10 << 30)
    assert (windows, fit) == ((10 << 30) // 16384, 1)
    assert megabytes < 1000
