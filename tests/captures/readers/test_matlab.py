"""MATLAB files of both kinds, and fields of their structs."""

import h5py
import numpy as np
import pytest
import scipy.io
from recordings import error_of, noise, whole

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture


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


def test_fields_of_matlab_structs_by_path(tmp_path):
    echo = noise(3, 5).astype(np.complex128)
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"radar": {"rx": {"echo": echo}, "name": "x"}})
    np.testing.assert_allclose(
        whole(read_capture(path, ReadOptions(variable="radar.rx.echo"))), echo
    )
    assert "no field 'radar.tx'" in error_of(path, ReadOptions(variable="radar.tx"))
    assert "is not a numeric array" in error_of(path, ReadOptions(variable="radar.name"))
    assert "0 numeric arrays" in error_of(path)
    with h5py.File(path, "w", userblock_size=512) as file:
        file["radar/rx/echo"] = np.arange(15.0).reshape(5, 3)
    capture = read_capture(path, ReadOptions(variable="radar.rx.echo"))
    assert whole(capture).tolist() == np.arange(15.0).reshape(5, 3).T.tolist()
    assert capture.samples[1:, 2:4].tolist() == [[7, 10], [8, 11]]
    assert "has no 'radar/tx'" in error_of(path, ReadOptions(variable="radar.tx"))
