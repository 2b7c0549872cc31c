"""Generates recordings, guided by coverage, until a reader breaks.

    python -m benchmarks.faults.coverage_fuzz [--runs 20000] [--seconds 120] [--quick]

Needs atheris (libFuzzer for Python). Each format is fuzzed in a process of its own, starting from
the valid recording in ``corpus.py``. Inputs that reach new lines of ``radarseq.captures`` are kept
and changed further. An input may be read or refused with a RadarseqError. Anything else ends the
process, as does an input that takes ten seconds. ``fuzz.py`` tests the formats inside HDF5: their
parser is compiled code, which atheris does not cover and which may crash in its child process.
"""

import argparse
import importlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.faults import corpus

INSIDE_HDF5 = {"MATLAB 7.3", "Acconeer A121", "Acconeer A111", "Digital RF"}
TIMEOUT_S = 10
MAX_MB = 2048
MAX_BYTES = 8192
SAVE_EVERY = 50


def fuzz_here(name: str, target: Path, counts_file: Path, flags: list[str]) -> None:
    """Fuzz one format in this process; does not return."""
    atheris: Any = importlib.import_module("atheris")  # partly compiled, without types
    with atheris.instrument_imports(include=["radarseq.captures"]):
        from radarseq.captures.options.read_options import AS_WRITTEN
        from radarseq.captures.readers.registry import read_capture
        from radarseq.captures.samples.lazy_array import read_whole
    from radarseq.errors import RadarseqError

    opened = target.with_suffix("") if target.suffix == ".toml" else target
    counts = Counter[str]()

    def once(content: bytes) -> None:
        target.write_bytes(content)
        try:
            read_whole(read_capture(opened, AS_WRITTEN).samples, 16 << 20)
        except RadarseqError:
            counts["refused"] += 1
        else:
            counts["accepted"] += 1
        if counts.total() % SAVE_EVERY == 0:
            counts_file.write_text(json.dumps(counts))

    atheris.Setup([name, *flags], once)
    atheris.Fuzz()


def row_of(name: str, runs: int, seconds: int) -> dict[str, object]:
    """Fuzz a format in a process, and return a row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        files, seeds, kept = base / "files", base / "seeds", base / "kept"
        counts_file = base / "counts_file.json"
        seeds.mkdir()
        kept.mkdir()
        files.mkdir()
        target = corpus.write(files)[name]
        (seeds / "good").write_bytes(target.read_bytes())
        flags = [
            f"-runs={runs}", f"-max_total_time={seconds}", f"-timeout={TIMEOUT_S}", "-seed=1",
            f"-rss_limit_mb={MAX_MB}", f"-max_len={MAX_BYTES}", f"-artifact_prefix={base}/bad-",
            str(kept), str(seeds),
        ]  # fmt: skip
        command = [sys.executable, "-m", "benchmarks.faults.coverage_fuzz", "--here", name]
        started = time.monotonic()
        ran = subprocess.run(
            [*command, str(target), str(counts_file), *flags],
            capture_output=True,
            text=True,
            check=False,
        )
        took_s = time.monotonic() - started
        bad = sorted(base.glob("bad-*"))
        if bad or ran.returncode:
            found = [f"{path.name}: {path.read_bytes()[:300]!r}" for path in bad]
            print(f"{name}: exit {ran.returncode} {found}\n{ran.stderr[-3000:]}", flush=True)
        done = [int(n) for n in re.findall(r"^#(\d+)\s", ran.stderr, re.MULTILINE)]
        edges = [int(n) for n in re.findall(r"\bcov: (\d+)", ran.stderr)]
        counts = json.loads(counts_file.read_text()) if counts_file.exists() else {}
        return {
            "format": name,
            "inputs": max(done, default=0),
            "accepted": counts.get("accepted", 0),
            "refused": counts.get("refused", 0),
            "broke": int(bool(bad) or ran.returncode != 0),
            "kept": sum(1 for _ in kept.iterdir()),
            "edges, first to last": f"{edges[0]} to {edges[-1]}" if edges else "-",
            "s": round(took_s),
        }


def main() -> None:
    """Fuzz every format, and print the table; exit with status 1 if a reader broke."""
    if sys.argv[1:2] == ["--here"]:
        name, target, counts_file, *flags = sys.argv[2:]
        fuzz_here(name, Path(target), Path(counts_file), flags)
    parser = argparse.ArgumentParser(description="Generate recordings, guided by coverage.")
    parser.add_argument("--runs", type=int, default=20_000, help="inputs for each format")
    parser.add_argument("--seconds", type=int, default=120, help="at most, for each format")
    parser.add_argument("--quick", action="store_true", help="500 inputs, at most 10 s")
    options = parser.parse_args()
    runs, seconds = (500, 10) if options.quick else (options.runs, options.seconds)
    names = [name for name in corpus.FORMATS if name not in INSIDE_HDF5]
    from benchmarks.faults.commands import print_table  # imports the readers, not instrumented

    rows = [row_of(name, runs, seconds) for name in names]
    print_table(rows)
    raise SystemExit(any(row["broke"] for row in rows))


if __name__ == "__main__":
    main()
