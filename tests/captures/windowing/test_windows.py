"""Windows in blocks: their samples, labels and transmitted samples."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from recordings import a_capture, blocks, cut_rows, noise

from radarseq.captures.capture import Mark
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture


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
    samples, options = noise(2, 3, 9, 4), ReadOptions(steps=3, hop=2, stride=2)
    rows = cut_rows(a_capture(samples, "a", "point", "step", "b"), options).samples
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
    options = replace(how, steps=4, hop=3, stride=2)
    capture = read_capture(path, how)
    assert not isinstance(capture.samples, np.ndarray)  # it stays in the file
    expected = np.stack([samples[r, :, w : w + 7 : 2].T for r in range(5) for w in range(0, 35, 3)])
    for max_bytes in (1, 500, 2_000, 10_000, 1 << 24):
        found = list(blocks(capture, options, max_bytes))
        ends = np.cumsum([len(block.rows) for block in found]).tolist()
        assert [block.first for block in found] == [0, *ends[:-1]]
        np.testing.assert_array_equal(np.concatenate([b.rows.samples for b in found]), expected)
    np.testing.assert_array_equal(cut_rows(capture, options).samples, expected)


def test_labels_and_tx_follow_the_windows_through_blocks():
    rx, tx = noise(4, 20), noise(4, 20, seed=1)
    capture = a_capture(rx, "row", "step", tx=tx, row_labels=["a", "b", "", "d"])
    for max_bytes in (1, 300, 1 << 20):
        found = list(blocks(capture, ReadOptions(steps=5), max_bytes))
        labels = np.concatenate([block.rows.labels for block in found])
        assert labels.tolist() == ["a"] * 4 + ["b"] * 4 + [""] * 4 + ["d"] * 4
        np.testing.assert_array_equal(
            np.concatenate([block.rows.tx for block in found]), tx.reshape(16, 5)
        )


def test_windows_take_the_label_of_the_mark_that_covers_most_of_them():
    marks = (Mark(0, 4, "a"), Mark(6, 14, "b"), Mark(12, 13, "c"), Mark(18, 99, "d"))
    capture = a_capture(noise(24), "step", marks=marks)
    for max_bytes in (1, 1 << 20):
        found = list(blocks(capture, ReadOptions(steps=4), max_bytes))
        labels = np.concatenate([block.rows.labels for block in found])
        assert labels.tolist() == ["a", "b", "b", "b", "d", "d"]
    # 4..8 is half b; 16..20 half d.  One sample less than half is not enough:
    later = replace(capture, marks=(Mark(7, 14, "b"),))
    labels = np.concatenate([b.rows.labels for b in blocks(later, ReadOptions(steps=4))])
    assert labels.tolist() == ["", "", "b", "b", "", ""]
