"""Digital RF channels."""

from pathlib import Path

import h5py
import numpy as np
from recordings import blocks, error_of, whole

from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture
from radarseq.captures.sources.find_files import find_recordings


def write_channel(folder: Path, stretches: list[tuple[int, int]], total: int) -> np.ndarray:
    """Write two files of one channel; stretches are (sample number, row) over both."""
    values = np.zeros((total, 1), [("r", "<i2"), ("i", "<i2")])
    values["r"], values["i"] = np.arange(total)[:, None], 7
    half = total // 2
    folder.mkdir(exist_ok=True)
    (folder / "drf_properties.h5").write_bytes(b"")
    for number, (first, last) in enumerate([(0, half), (half, total)]):
        with h5py.File(folder / f"rf@{100 + number}.000.h5", "w") as file:
            data = file.create_dataset("rf_data", data=values[first:last])
            data.attrs["sample_rate_numerator"] = np.uint64(30_000)
            data.attrs["sample_rate_denominator"] = np.uint64(3)
            own = [(n, row - first) for n, row in stretches if first <= row < last]
            file["rf_data_index"] = np.array(own, np.uint64)
    return values["r"][:, 0] + 7j


def test_digital_rf_channels_their_gaps_and_their_fill(tmp_path):
    channel = tmp_path / "ch0"
    samples = write_channel(channel, [(1000, 0), (1020, 20)], 40)
    assert find_recordings([tmp_path])[0] == [channel]
    capture = read_capture(channel)
    np.testing.assert_array_equal(whole(capture), samples)
    assert (capture.axes, capture.sample_interval_s) == (("step",), 1e-4)
    assert (capture.breaks, capture.fill) == ((), -32768 - 32768j)
    write_channel(channel, [(1000, 0), (1015, 10), (1025, 20), (1100, 30)], 40)
    assert read_capture(channel).breaks == (10, 30)  # and none where the second file goes on
    write_channel(channel, [(1000, 0), (1021, 20)], 40)
    assert read_capture(channel).breaks == (20,)
    with h5py.File(channel / "metadata@100.h5", "w") as file:
        file["1000/center_frequencies"] = [440e6]
    assert read_capture(channel).carrier_hz == 440e6
    one = read_capture(channel / "rf@101.000.h5")
    np.testing.assert_array_equal(whole(one), samples[20:])
    with h5py.File(channel / "rf@101.000.h5", "r+") as file:
        file["rf_data_index"][0, 1] = 99
    assert "does not fit" in error_of(channel / "rf@101.000.h5")
    path = channel / "rf@102.000.h5"  # real samples, of which one is missing
    with h5py.File(path, "w") as file:
        file["rf_data"] = np.array([[1], [2], [-32768], [4], [5], [6]], np.int16)
        file["rf_data_index"] = np.array([(1000, 0)], np.uint64)
    (block,) = blocks(read_capture(path), ReadOptions(steps=2))
    assert block.codes.tolist() == [0, 5, 0]
