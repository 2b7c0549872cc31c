"""Recordings of the A121 and A111 sensors."""

import json

import h5py
import numpy as np
import pytest
from recordings import cut_rows, frames, noise, whole, write_a121

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture


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


def test_a121_sessions_without_data_are_named_and_left_out(tmp_path):
    iq = np.dtype([("real", "<i2"), ("imag", "<i2")])
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        for number, frame in enumerate([np.ones((2, 4, 3), iq), h5py.Empty(iq)]):
            file[f"sessions/session_{number}/group_0/entry_0/result/frame"] = frame
            file[f"sessions/session_{number}/group_0/entry_0/sensor_id"] = 1
    capture = read_capture(path)
    assert capture.samples.shape == (2, 4, 3)
    assert "session_1/group_0/entry_0 has no data" in capture.assumed[0]
    with h5py.File(path, "w") as file:
        file["session/group_0/entry_0/result/frame"] = np.ones((2, 4, 3), iq)
        file["session/group_0/entry_0/sensor_id"] = 1
    assert read_capture(path).samples.shape == (2, 4, 3)


def test_a111_sparse_is_real_around_zero(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(32760, 32760 + 24, dtype=np.uint16).reshape(2, 1, 4, 3)
        file["mode"] = "sparse"
        file["session_info"] = json.dumps({"sweep_rate": 2000.0})
    capture = read_capture(path)
    assert whole(capture).reshape(-1).tolist() == list(range(-8, 16))
    assert (capture.axes[2], capture.sample_interval_s) == ("step", 1 / 2000)
