"""Streams of the DCA1000, by lanes and by a configuration file."""

import struct

import numpy as np
import pytest
from recordings import error_of, whole

from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture

FRAMES, CHIRPS, RECEIVERS, SAMPLES = 2, 3, 4, 6


def adc_value(frame, chirp, receiver, sample) -> int:
    return ((frame * CHIRPS + chirp) * RECEIVERS + receiver) * SAMPLES + sample


def adc_bytes(lanes: int, is_complex: bool) -> bytes:
    """Write the stream value by value, as the capture guide describes it; Q is I + 1000."""
    stream: list[int] = []
    for frame in range(FRAMES):
        for chirp in range(CHIRPS):
            if lanes == 4:
                for sample in range(SAMPLES):
                    row = [adc_value(frame, chirp, r, sample) for r in range(RECEIVERS)]
                    stream += row + ([v + 1000 for v in row] if is_complex else [])
                continue
            for receiver in range(RECEIVERS):
                values = [adc_value(frame, chirp, receiver, s) for s in range(SAMPLES)]
                if not is_complex:
                    stream += values
                    continue
                for first in range(0, SAMPLES, 2):
                    pair = values[first : first + 2]
                    stream += pair + [v + 1000 for v in pair]
    return struct.pack(f"<{len(stream)}h", *stream)


@pytest.mark.parametrize("lanes", [2, 4])
@pytest.mark.parametrize("is_complex", [True, False])
def test_dca1000_streams_by_lanes(tmp_path, lanes, is_complex):
    path = tmp_path / "adc.bin"
    path.write_bytes(adc_bytes(lanes, is_complex))
    adc = f"samples={SAMPLES},chirps={CHIRPS},receivers={RECEIVERS},lanes={lanes}"
    adc += f",complex={'true' if is_complex else 'false'}"
    capture = read_capture(path, ReadOptions(adc=adc))
    assert capture.axes == ("frame", "step", "receiver", "point")
    expected = np.arange(FRAMES * CHIRPS * RECEIVERS * SAMPLES).reshape(
        FRAMES, CHIRPS, RECEIVERS, SAMPLES
    )
    expected = expected + 1j * (expected + 1000) if is_complex else expected
    np.testing.assert_array_equal(whole(capture), expected)
    np.testing.assert_array_equal(capture.samples[1:, :2, 1:3, 3:6], expected[1:, :2, 1:3, 3:6])
    path.write_bytes(path.read_bytes()[:-2])
    assert "the last frame is cut short" in error_of(path, ReadOptions(adc=adc))


def test_dca1000_takes_its_configuration_from_a_file_beside(tmp_path):
    path = tmp_path / "adc.bin"
    path.write_bytes(adc_bytes(2, True))
    beside = tmp_path / "adc.bin.toml"
    beside.write_text(
        f"samples = {SAMPLES}\nchirps = {CHIRPS}\nchirp_interval_s = 50e-6\ncarrier_hz = 77e9\n"
        "sample_rate_hz = 5e6\nq_first = true\n"
    )
    capture = read_capture(path)
    assert (capture.sample_axis, capture.sample_interval_s) == ("slow_time", 50e-6)
    assert (whole(capture)[0, 0, 0, 0], capture.carrier_hz) == (1000, 77e9)
    fast = read_capture(path, ReadOptions(layout="frame,chirp,receiver,step"))
    assert (fast.sample_axis, fast.sample_interval_s) == ("fast_time", 2e-7)
    for text, word in [
        ("samples = 6", "does not give ['chirps']"),
        ("samples = 6\nchirps = 3\nlane = 2", "unknown keys ['lane']"),
        ("samples = 6\nchirps = 0", "chirps is '0'"),
        ("samples = 5\nchirps = 3", "an even number of samples"),
        ("samples = ", "not readable"),
    ]:
        beside.write_text(text)
        assert word in error_of(path)
