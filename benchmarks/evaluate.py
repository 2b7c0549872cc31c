"""Measures speed and memory of ``radarseq evaluate`` on recordings, through the command itself.

    OMP_NUM_THREADS=1 python benchmarks/evaluate.py
    OMP_NUM_THREADS=1 python benchmarks/evaluate.py --windows 0 --sparse-gb 10

A WaveNet of the default size evaluates a set of raw recordings of noise, with one worker and with
two. Each recording ends in half a window. The results must be the same bytes. With ``--sparse-gb``,
it evaluates one file of that size whose samples are zero but for its two ends. This measures the
cost of windows that are rejected. The wall time includes the start of the program. The first line
gives this start alone, as the time of one recording of one window.
"""

import argparse
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples
from radarseq.dataset.simulate import simulate
from radarseq.dataset.write import write_dataset
from radarseq.recipes.recipe import read_recipe
from radarseq.training.train import train

ROOT = Path(__file__).resolve().parents[1]
STEPS = 32
RECIPE = ROOT / "datasets" / "space_objects.toml"
_RADAR = read_recipe(RECIPE).scene.radar
READ_OPTIONS = (
    *("--sample-interval", repr(_RADAR.pulse_interval_s), "--axis", "slow_time"),
    *("--carrier", repr(_RADAR.carrier_hz)),
)


@dataclass(frozen=True)
class Measurement:
    """Time, memory and result of one run of the command."""

    seconds: float
    peak_mb: float
    digest: str


def main() -> None:
    """Make the recordings, evaluate them, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--windows", type=int, default=1_000_000, help="number of windows; 0: none")
    parser.add_argument("--files", type=int, default=100, help="number of files")
    parser.add_argument("--sparse-gb", type=float, default=0.0, help="size of one sparse file")
    parser.add_argument(
        "--folder", type=Path, default=None, help="working folder; default: temporary"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        run = train_uncoded(folder)
        print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores")
        print(f"{'recordings':<34}{'workers':>8}{'seconds':>10}{'windows/s':>12}{'peak MB':>10}")
        one = folder / "one"
        one.mkdir()
        write_noise(one / "one.cf32", STEPS + STEPS // 2, seed=0)
        show("start alone, 1 window", 1, 1, measure(run, one, folder / "e0", 1))
        if options.windows:
            evaluate_set(run, folder, options.windows, options.files)
        if options.sparse_gb:
            evaluate_sparse_file(run, folder, options.sparse_gb)


def train_uncoded(folder: Path) -> Path:
    """Train a WaveNet of the default size on decoded samples, for one epoch."""
    simulate(RECIPE, folder / "coded", examples=2_000, seed=1)
    rows = open_dataset(folder / "coded").load()
    columns = {name: rows[name] for name in ("label", "group", "split")}
    columns["rx"] = rows["rx"] * rows["tx"].conj()
    write_dataset(folder / "data", Examples(rows.header, columns))
    train(folder / "data", folder / "run", epochs=1, device="cpu")
    return folder / "run"


def write_noise(path: Path, samples: int, seed: int) -> None:
    """Write a raw recording of complex noise."""
    values = np.random.default_rng(seed).normal(size=2 * samples).astype(np.float32)
    values.tofile(path)


def evaluate_set(run: Path, folder: Path, windows: int, files: int) -> None:
    """Evaluate many recordings with one worker and with two."""
    captures = folder / "captures"
    captures.mkdir()
    each = windows // files
    for number in range(files):
        write_noise(captures / f"{number:05d}.cf32", each * STEPS + STEPS // 2, seed=number)
    digests = set()
    for workers in (1, 2):
        out = folder / f"e{workers}"
        measured = measure(run, captures, out, workers)
        show(f"{files} files of {each:,} windows", each * files, workers, measured)
        digests.add(measured.digest)
    if len(digests) > 1:
        raise SystemExit("the number of workers changed predictions.h5")


def evaluate_sparse_file(run: Path, folder: Path, size_gb: float) -> None:
    """Evaluate one large file of holes."""
    path = folder / "sparse" / "sparse.cf32"
    path.parent.mkdir()
    write_noise(path, 1000 * STEPS, seed=0)
    size = int(size_gb * 1e9) // (8 * STEPS) * 8 * STEPS
    with path.open("r+b") as file:
        file.truncate(size)
        file.seek(-8 * STEPS * 1000, os.SEEK_END)
        file.write(path.open("rb").read(8 * STEPS * 1000))
    measured = measure(run, path, folder / "es", 1)
    show(f"1 sparse file of {size_gb:g} GB", size // (8 * STEPS), 1, measured)


def measure(run: Path, captures: Path, out: Path, workers: int) -> Measurement:
    """Return the time, the peak resident memory and the digest of one run of the command."""
    arguments = ("evaluate", run, captures, "--out", out, "--workers", workers, *READ_OPTIONS)
    command = [sys.executable, "-m", "radarseq", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"the command failed: {' '.join(command)}")
    digest = hashlib.sha256((out / "predictions.h5").read_bytes()).hexdigest()
    return Measurement(seconds, usage.ru_maxrss / 1000, digest)


def show(recordings: str, windows: int, workers: int, measured: Measurement) -> None:
    """Print one line of the table."""
    rate = windows / measured.seconds
    print(
        f"{recordings:<34}{workers:>8}{measured.seconds:>10.1f}{rate:>12,.0f}{measured.peak_mb:>10,.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
