"""A process that goes on gets back what a command's heap no longer needs."""

import subprocess
import sys
from pathlib import Path

import pytest

import radarseq
from radarseq.system import trim_heap

# Holes below a block that stays: glibc keeps them resident until it is told to let them go.
HOLES = """
import ctypes, resource
from pathlib import Path
from radarseq.system import trim_heap
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
blocks = [libc.malloc(100_000) for _ in range(1000)]
for block in blocks:
    ctypes.memset(block, 1, 100_000)
for block in blocks[:-1]:
    libc.free(block)
before = resident()
trim_heap(lambda: None)()
print(before - resident())
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc to read sizes from")
def test_the_holes_of_the_heap_go_back_to_the_system():
    ran = subprocess.run(
        [sys.executable, "-c", HOLES], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(ran.stdout) > 80e6


def test_what_a_command_returns_or_raises_passes_through():
    def command(value: int, *, fault: Exception | None = None) -> int:
        if fault:
            raise fault
        return value

    wrapped = trim_heap(command)
    assert (wrapped(3), wrapped.__name__) == (3, "command")
    with pytest.raises(OSError, match="full"):
        wrapped(3, fault=OSError("full"))


@pytest.mark.parametrize("name", ["simulate", "train", "evaluate"])
def test_the_commands_that_fill_the_heap_give_it_back(name):
    assert hasattr(getattr(radarseq, name), "__wrapped__")
