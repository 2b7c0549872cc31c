"""Simulate, train and evaluate in a loop; memory, open files and temporary files must stay flat.

    python -m benchmarks.faults.long_run [--minutes 20] [--quick]

All in one process, through the functions that the commands call. A line is printed for about every
tenth of the time. What a first pass takes for good (compiled kernels, caches of libraries) is left
out: growth counts from a quarter of the time on. Beside the resident memory stands what of the heap
is in use, and how many Python objects there are: a leak raises those too, a heap with holes not.
"""

import argparse
import ctypes
import gc
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import radarseq
from benchmarks.faults.commands import World, print_table, small_world

PAGE = resource.getpagesize()
TOLD = ("heap in use, MB", "objects")  # which explain the resident memory, and are no verdict
MAX_GROWTH_MB = 16.0  # over the last three quarters of the time


def one_pass(world: World, number: int) -> None:
    """Make a dataset, train on it, judge the model, and remove it all."""
    base = world.base / "pass"
    data, run, judged = base / "data", base / "run", base / "judged"
    radarseq.simulate(world.recipe, data, examples=600, seed=number, rows_per_shard=200, workers=2)
    model = ("wavenet", "lstm")[number % 2]
    radarseq.train(data, run, model=model, width=8, batch_size=64, epochs=2, device="cpu")
    radarseq.evaluate(run, data, judged, device="cpu")
    shutil.rmtree(base)


class _Heap(ctypes.Structure):
    """What glibc says of its heap: ``struct mallinfo2``."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd",
            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    )  # fmt: skip


def heap_bytes() -> int:
    """Return how much of the heap is in use, mapped blocks among it."""
    tell = ctypes.CDLL(None).mallinfo2
    tell.restype = _Heap
    heap = tell()
    return heap.uordblks + heap.hblkhd


def held() -> dict[str, float]:
    """Return what this process holds: memory, open files, and files in the temporary folder."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    mine = os.getuid()
    files = [p for p in Path(tempfile.gettempdir()).iterdir() if p.lstat().st_uid == mine]
    return {
        "resident, MB": round(pages * PAGE / 2**20, 1),
        "heap in use, MB": round(heap_bytes() / 2**20, 1),
        "objects": len(gc.get_objects()),
        "open files": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "threads": sum(1 for _ in Path("/proc/self/task").iterdir()),
        "temporary files": len(files),
    }


def main() -> None:
    """Loop, and print the table and the verdict."""
    parser = argparse.ArgumentParser(description="Work in a loop, and watch what is held.")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--quick", action="store_true", help="one minute")
    options = parser.parse_args()
    length_s = 60.0 if options.quick else 60.0 * options.minutes
    rows: list[dict[str, object]] = []
    settled: list[dict[str, float]] = []
    own = Path(tempfile.mkdtemp(prefix="radarseq-long-run-"))
    tempfile.tempdir = str(own)  # a folder of our own, so that only our files are counted
    try:
        with small_world() as world:
            begun, passes, now = time.monotonic(), 0, held()
            while (gone := time.monotonic() - begun) < length_s:
                one_pass(world, passes)
                passes += 1
                now = held()
                print(f"{passes}: {now}", file=sys.stderr, flush=True)
                if gone > length_s / 4:
                    settled.append(now)
                if gone >= len(rows) * length_s / 10:
                    rows.append({"minute": round(gone / 60, 1), "passes": passes, **now})
            rows.append({"minute": round(length_s / 60, 1), "passes": passes, **now})
    finally:
        shutil.rmtree(own)
    print_table(rows)
    print(f"\n{verdict(settled)}")


def verdict(settled: list[dict[str, float]]) -> str:
    """Return how much has grown from the first to the last third of the settled time."""
    third = max(1, len(settled) // 3)
    grown = {
        name: max(row[name] for row in settled[-third:]) - max(row[name] for row in settled[:third])
        for name in settled[0]
    }
    flat = grown["resident, MB"] < MAX_GROWTH_MB and not any(
        value > 0 for name, value in grown.items() if name not in ("resident, MB", *TOLD)
    )
    told = ", ".join(f"{name} {value:+g}" for name, value in grown.items())
    return f"{'flat' if flat else 'NOT flat'}: {told}"


if __name__ == "__main__":
    main()
