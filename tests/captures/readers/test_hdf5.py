"""HDF5 files: those that reach out or lie, and those of no known layout."""

import h5py
import numpy as np
import pytest
from recordings import IQ, noise

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture


def test_hdf5_that_reaches_out_or_lies_is_refused(tmp_path):
    frame = "sessions/session_0/group_0/entry_0/result/frame"
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(800))
    path = tmp_path / "a.h5"

    def error(make) -> str:
        with h5py.File(path, "w") as file:
            file["sessions/session_0/group_0/entry_0/sensor_id"] = 1
            make(file)
        with pytest.raises(RecordingError) as caught:
            read_capture(path)
        return str(caught.value)

    outside = {"external": [(str(secret), 0, 800)]}
    assert "in other files" in error(lambda f: f.create_dataset(frame, (10, 10), "f8", **outside))
    assert "is a link" in error(lambda f: f.__setitem__(frame, h5py.ExternalLink("b.h5", "/x")))
    assert "NULL" in error(lambda f: f.__setitem__(frame, h5py.Empty(IQ)))
    assert "has no" in error(lambda f: None)
    assert "at most" in error(
        lambda f: f.create_dataset(frame, (2_200_000, 1000, 1000), "f8", chunks=(1, 100, 100))
    )
    assert "are stored" in error(
        lambda f: f.create_dataset(frame, (10, 10, 10), IQ, chunks=True, compression="gzip")
    )

    def half_written(file: h5py.File) -> None:
        file.create_dataset(frame, (4, 10, 10), IQ, chunks=(1, 10, 10))[0] = np.ones((10, 10), IQ)

    assert "partly written" in error(half_written)


def test_an_unknown_hdf5_file_lists_its_arrays(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["deep/echo"] = noise(3, 8)
    with pytest.raises(RecordingError, match=r"holds deep/echo\. Name the array"):
        read_capture(tmp_path / "a.h5")
    capture = read_capture(tmp_path / "a.h5", ReadOptions(variable="deep/echo"))
    np.testing.assert_array_equal(capture.samples, noise(3, 8))
    with pytest.raises(RecordingError, match="has no 'echo'; it holds deep/echo"):
        read_capture(tmp_path / "a.h5", ReadOptions(variable="echo"))
