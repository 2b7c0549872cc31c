"""The reader of every suffix refuses rubbish and damage by name."""

import numpy as np
import pytest
import scipy.io
from recordings import error_of, frames, noise, write_a121

from radarseq.captures.errors import RecordingError
from radarseq.captures.readers.registry import SUFFIXES, read_capture


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".mat", ".npy", ".npz", ".h5", ".wave", ""])
def test_rubbish_is_a_fault_that_names_the_file(tmp_path, suffix):
    path = tmp_path / f"rubbish{suffix}"
    for content in (b"", b"\x00\xff\x93NUMPY", bytes(range(256)) * 8):
        path.write_bytes(content)
        with pytest.raises(RecordingError, match="rubbish"):
            read_capture(path)
    with pytest.raises(RecordingError, match="absent"):
        read_capture(tmp_path / f"absent{suffix}")


@pytest.mark.parametrize("kind", ["mat", "npz", "h5"])
def test_a_damaged_file_is_a_fault_or_reads_whole(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "mat":
        scipy.io.savemat(path, {"echo": noise(20, 16)}, do_compression=True)
    elif kind == "npz":
        np.savez_compressed(path, rx=noise(20, 16))
    else:
        write_a121(path, {"session_0/group_0/entry_0": frames(9)})
    whole = path.read_bytes()
    for cut in np.linspace(0, len(whole) - 1, 30).astype(int):
        path.write_bytes(whole[:cut])
        with pytest.raises(RecordingError, match="a\\."):
            read_capture(path)


def test_every_suffix_has_a_reader_that_names_rubbish(tmp_path):
    for suffix in SUFFIXES:
        path = tmp_path / f"rubbish{suffix}"
        path.write_bytes(b"\x00\xff\x93NUMPY" + bytes(range(251)))
        if suffix in (".cu8", ".cs8", ".cs16", ".cf32", ".cf64"):
            continue  # any bytes are samples, if there are enough of them
        error_of(path)
