"""Measures the cost of first opening an untrusted file in a child process.

    python -m benchmarks.faults.probe_cost [--files 300] [--quick]

One child opens copies of the small recordings of ``corpus.py``, one after the other. Then this
process opens them, as the commands do after the check. The child's start is part of the cost.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.faults import corpus
from benchmarks.faults.commands import print_table
from radarseq.captures.options.read_options import AS_WRITTEN
from radarseq.captures.readers.registry import read_capture
from radarseq.captures.samples.lazy_array import read_whole
from radarseq.captures.sources.sandbox import Sandbox

MAX_MS = 50.0
_READ_BYTES = 256 << 20


def copies(folder: Path, count: int) -> list[Path]:
    """Return ``count`` recordings, of every format in turn, each in a folder of its own."""
    first = folder / "0"
    first.mkdir()
    kinds = list(corpus.write(first).values())
    paths = []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        own = shutil.copytree(kind.parent, folder / f"copy-{number}") / kind.name
        paths.append(own.with_suffix("") if own.suffix == ".toml" else own)
    return paths


def main() -> None:
    """Measure, and print the table; exit with status 1 above 50 ms per file."""
    parser = argparse.ArgumentParser(description="Measure the check of files in a child process.")
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--quick", action="store_true", help="60 files")
    options = parser.parse_args()
    count = 60 if options.quick else options.files
    with tempfile.TemporaryDirectory() as folder:
        paths = copies(Path(folder), count)
        sandbox, looks = Sandbox(), []
        try:
            for path in paths:
                started = time.perf_counter()
                sandbox.check(path, AS_WRITTEN)
                looks.append(1e3 * (time.perf_counter() - started))
        finally:
            sandbox.close()
        started = time.perf_counter()
        for path in paths:
            read_whole(read_capture(path, AS_WRITTEN).samples, _READ_BYTES)
        here = 1e3 * (time.perf_counter() - started) / count
    amortised = statistics.fmean(looks)
    row: dict[str, object] = {
        "files": count,
        "first, with the child's start, ms": round(looks[0], 1),
        "each further, median, ms": round(statistics.median(looks[1:]), 2),
        "amortised, ms": round(amortised, 2),
        "read in this process, ms": round(here, 2),
    }
    print_table([row])
    raise SystemExit(amortised >= MAX_MS)


if __name__ == "__main__":
    main()
