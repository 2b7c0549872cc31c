"""Simulates, trains and evaluates in a loop: memory, open files and temporary files must stay flat.

    python -m benchmarks.faults.long_run [--minutes 20] [--quick]

All runs in one process, through the functions that the commands call. The table has a row for
about every tenth of the time. Growth counts from a quarter of the time on, so that the lasting
memory of a first pass (compiled kernels, caches of libraries) is excluded. The used heap and the
number of Python objects explain the resident memory: a leak raises them too, a fragmented heap does
not.
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
from benchmarks.faults.commands import Workspace, print_table, small_workspace

PAGE = resource.getpagesize()
EXPLANATORY = ("heap in use, MB", "objects")  # they do not enter the verdict
MAX_GROWTH_MB = 16.0  # over the last three quarters of the time


def one_pass(workspace: Workspace, number: int) -> None:
    """Make a dataset, train on it, evaluate the model, and remove all."""
    base = workspace.base / "pass"
    data, run, evaluation = base / "data", base / "run", base / "evaluation"
    radarseq.simulate(
        workspace.recipe, data, examples=600, seed=number, rows_per_shard=200, workers=2
    )
    model = ("wavenet", "lstm")[number % 2]
    radarseq.train(data, run, model=model, width=8, batch_size=64, epochs=2, device="cpu")
    radarseq.evaluate(run, data, evaluation, device="cpu")
    shutil.rmtree(base)


class _Heap(ctypes.Structure):
    """State of glibc's heap: ``struct mallinfo2``."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd",
            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    )  # fmt: skip


def heap_bytes() -> int:
    """Return the used bytes of the heap, with mapped blocks."""
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _Heap
    heap = mallinfo2()
    return heap.uordblks + heap.hblkhd


def resources() -> dict[str, float]:
    """Return memory, open files, threads and temporary files of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    user = os.getuid()
    files = [p for p in Path(tempfile.gettempdir()).iterdir() if p.lstat().st_uid == user]
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
    parser = argparse.ArgumentParser(description="Work in a loop, and record the resources.")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--quick", action="store_true", help="one minute")
    options = parser.parse_args()
    length_s = 60.0 if options.quick else 60.0 * options.minutes
    rows: list[dict[str, object]] = []
    settled: list[dict[str, float]] = []
    own = Path(tempfile.mkdtemp(prefix="radarseq-long-run-"))
    tempfile.tempdir = str(own)  # a separate folder, so that no other files are counted
    try:
        with small_workspace() as workspace:
            begun, passes, now = time.monotonic(), 0, resources()
            while (elapsed := time.monotonic() - begun) < length_s:
                one_pass(workspace, passes)
                passes += 1
                now = resources()
                print(f"{passes}: {now}", file=sys.stderr, flush=True)
                if elapsed > length_s / 4:
                    settled.append(now)
                if elapsed >= len(rows) * length_s / 10:
                    rows.append({"minute": round(elapsed / 60, 1), "passes": passes, **now})
            rows.append({"minute": round(length_s / 60, 1), "passes": passes, **now})
    finally:
        shutil.rmtree(own)
    print_table(rows)
    print(f"\n{verdict(settled)}")


def verdict(settled: list[dict[str, float]]) -> str:
    """Return the growth from the first to the last third of the settled time, as text."""
    third = max(1, len(settled) // 3)
    grown = {
        name: max(row[name] for row in settled[-third:]) - max(row[name] for row in settled[:third])
        for name in settled[0]
    }
    flat = grown["resident, MB"] < MAX_GROWTH_MB and not any(
        value > 0 for name, value in grown.items() if name not in ("resident, MB", *EXPLANATORY)
    )
    growth = ", ".join(f"{name} {value:+g}" for name, value in grown.items())
    return f"{'flat' if flat else 'NOT flat'}: {growth}"


if __name__ == "__main__":
    main()
