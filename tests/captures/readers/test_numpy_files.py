"""NumPy files: their arrays, and those that lie or run code."""

import zipfile

import numpy as np
import pytest
from recordings import cut_rows, noise, save

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture


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
