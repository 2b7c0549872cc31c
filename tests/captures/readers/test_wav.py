"""WAV files against the standard library."""

import wave
from pathlib import Path

import numpy as np
from recordings import error_of, whole

from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture


def test_wav_against_the_standard_library(tmp_path):
    path = tmp_path / "a.wav"

    def write(channels: int, width: int, content: bytes) -> Path:
        with wave.open(str(path), "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(width)
            file.setframerate(8000)
            file.writeframes(content)
        return path

    values = np.array([1, -2, 3, 32767, -32768, 6], np.int16)
    capture = read_capture(write(1, 2, values.tobytes()))
    assert (whole(capture).tolist(), capture.sample_interval_s) == (values.tolist(), 1 / 8000)
    capture = read_capture(write(2, 2, values.tobytes()))
    assert whole(capture).tolist() == [1 - 2j, 3 + 32767j, -32768 + 6j]
    assert "I and Q" in capture.assumed[0]
    real = read_capture(path, ReadOptions(layout="step,channel"))
    assert whole(real).tolist() == values.reshape(3, 2).tolist()
    assert read_capture(write(3, 2, values.tobytes())).axes == ("step", "channel")
    assert whole(read_capture(write(1, 1, bytes([0, 128, 255])))).tolist() == [-128, 0, 127]
    assert whole(read_capture(write(1, 3, b"\x01\x00\x00\xff\xff\xff"))).tolist() == [256, -256]
    write(1, 2, values.tobytes())
    path.write_bytes(path.read_bytes()[:-3])
    error_of(path)
