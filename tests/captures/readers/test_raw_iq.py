"""Raw files of samples, by suffix and by given type."""

import struct

import pytest
from recordings import error_of, whole

from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture
from radarseq.errors import UsageError


@pytest.mark.parametrize(
    ("suffix", "stored", "expected"),
    [
        (".cu8", bytes([0, 255, 127, 128]), [-127.5 + 127.5j, -0.5 + 0.5j]),
        (".cs8", bytes([0x80, 0x7F, 0xFF, 0x01]), [-128 + 127j, -1 + 1j]),
        (".cs16", struct.pack("<4h", -32768, 32767, 5, -6), [-32768 + 32767j, 5 - 6j]),
        (".cf32", struct.pack("<4f", 0.5, -1.5, 2, 3), [0.5 - 1.5j, 2 + 3j]),
        (".cf64", struct.pack("<4d", 0.1, -1.5, 2, 3), [0.1 - 1.5j, 2 + 3j]),
    ],
)
def test_raw_files_are_what_their_suffix_says(tmp_path, suffix, stored, expected):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(stored)
    capture = read_capture(path)
    assert (capture.axes, whole(capture).tolist()) == (("step",), expected)
    path.write_bytes(stored[:-1])
    assert "expected a multiple of" in error_of(path)
    path.write_bytes(b"")
    assert "is empty" in error_of(path)


def test_raw_files_by_dtype_ends_and_channels(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(struct.pack(">8h", 1, 2, 3, 4, 5, 6, 7, 8))
    assert "Give dtype" in error_of(path)
    assert whole(read_capture(path, ReadOptions(dtype="ri16_be"))).tolist() == list(range(1, 9))
    two = read_capture(path, ReadOptions(dtype="ci16_be", channels=2))
    assert two.axes == ("step", "channel")
    assert whole(two).tolist() == [[1 + 2j, 3 + 4j], [5 + 6j, 7 + 8j]]
    assert any("--dtype" in text for text in two.assumed)
    assert "multiple of 12" in error_of(path, ReadOptions(dtype="ci16_be", channels=3))
    assert whole(read_capture(path, ReadOptions(dtype="ru8")))[:2].tolist() == [-127.5, -126.5]
    with pytest.raises(UsageError, match="dtype 'cx16'"):
        ReadOptions(dtype="cx16")
