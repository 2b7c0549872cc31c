"""Recordings opened one by one, in little memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from recordings import noise

from radarseq.captures.errors import Failure
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.sources.open_recordings import Recording, iter_recordings


def test_another_interval_is_a_failure_of_its_file(tmp_path):
    for name, interval in (("a", 1e-3), ("b", 2e-3), ("c", 0.0)):
        np.savez(tmp_path / f"{name}.npz", rx=noise(2, 8), sample_interval_s=interval)
    found = list(iter_recordings([tmp_path], ReadOptions(stride=2), expected_interval_s=2e-3))
    assert [type(item) for item in found] == [Recording, Failure, Failure]
    assert [f.reason for f in found[1:]] == [
        "its sample interval is 0.004 s; expected 0.002 s",
        "its sample interval is not known; expected 0.002 s",
    ]
    recording = found[0]
    assert (recording.windows, recording.shape, recording.group) == (2, (4,), "a.npz")
    assert sum(len(block.rows) for block in recording.blocks()) == 2


JUDGE = """
import sys
from pathlib import Path
from radarseq.captures.sources.open_recordings import iter_recordings
from radarseq.captures.options.read_options import ReadOptions
(opened,) = iter_recordings([Path(sys.argv[1])], ReadOptions(steps=1024))
counts = {}
for block in opened.blocks():
    for code in block.codes.tolist():
        counts[code] = counts.get(code, 0) + 1
status = Path("/proc/self/status").read_text()  # getrusage would count the parent's memory too
peak_kb = status.split("VmHWM:")[1].split()[0]
print(opened.windows, counts.get(0, 0), int(peak_kb) // 1024)
"""


def judged_mb(path: Path, size: int) -> tuple[int, int, int]:
    """Go through a sparse file, and return windows, fit windows, and peak memory in MB."""
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(size // 2 // 16384 * 16384)
        file.write(np.arange(1024.0).tobytes())
    done = subprocess.run(
        [sys.executable, "-c", JUDGE, path], capture_output=True, text=True, check=True
    )
    path.unlink()
    windows, fit, megabytes = map(int, done.stdout.split())
    return windows, fit, megabytes


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path):
    windows, fit, megabytes = judged_mb(tmp_path / "a.cf32", 200 << 20)
    assert (windows, fit) == ((200 << 20) // 8192, 1)
    assert megabytes < 250


@pytest.mark.slow
def test_ten_gigabytes_are_judged_under_one(tmp_path):
    windows, fit, megabytes = judged_mb(tmp_path / "a.cf64", 10 << 30)
    assert (windows, fit) == ((10 << 30) // 16384, 1)
    assert megabytes < 1000
