"""How fast recordings are judged, and in how much memory, through the command itself.

    OMP_NUM_THREADS=1 python benchmarks/evaluate.py
    OMP_NUM_THREADS=1 python benchmarks/evaluate.py --windows 0 --sparse-gb 10

A set of raw recordings of noise, half a window of margin at the end of each, is judged by a WaveNet
of the default size, with one worker and with two; the results must be the same bytes. With
``--sparse-gb``, one file of that size is judged whose samples are zero but for its two ends: what
it takes to get past what cannot be judged. The wall time includes the start of the program, which
is also told by itself, as that of one recording of one window.
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
READING = (
    *("--sample-interval", repr(_RADAR.pulse_interval_s), "--axis", "slow_time"),
    *("--carrier", repr(_RADAR.carrier_hz)),
)


@dataclass(frozen=True)
class Measured:
    """What one run of the command took."""

    seconds: float
    peak_mb: float
    digest: str


def main() -> None:
    """Make what is to be judged, judge it, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--windows", type=int, default=1_000_000, help="in all; 0: none")
    parser.add_argument("--files", type=int, default=100, help="that they lie in")
    parser.add_argument("--sparse-gb", type=float, default=0.0, help="size of one sparse file")
    parser.add_argument("--folder", type=Path, default=None, help="to work in; default: temporary")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=wanted.folder) as name:
        folder = Path(name)
        run = uncoded_run(folder)
        print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores")
        print(f"{'recordings':<34}{'workers':>8}{'seconds':>10}{'windows/s':>12}{'peak MB':>10}")
        one = folder / "one"
        one.mkdir()
        noise(one / "one.cf32", STEPS + STEPS // 2, seed=0)
        show("start alone, 1 window", 1, 1, judged(run, one, folder / "e0", 1))
        if wanted.windows:
            whole_set(run, folder, wanted.windows, wanted.files)
        if wanted.sparse_gb:
            sparse_file(run, folder, wanted.sparse_gb)


def uncoded_run(folder: Path) -> Path:
    """Train a WaveNet of the default size that needs no transmitted code, for one epoch."""
    simulate(RECIPE, folder / "coded", examples=2_000, seed=1)
    rows = open_dataset(folder / "coded").load()
    columns = {name: rows[name] for name in ("label", "group", "split")}
    columns["rx"] = rows["rx"] * rows["tx"].conj()
    write_dataset(folder / "data", Examples(rows.header, columns))
    train(folder / "data", folder / "run", epochs=1, device="cpu")
    return folder / "run"


def noise(path: Path, samples: int, seed: int) -> None:
    """Write a raw recording of complex noise."""
    values = np.random.default_rng(seed).normal(size=2 * samples).astype(np.float32)
    values.tofile(path)


def whole_set(run: Path, folder: Path, windows: int, files: int) -> None:
    """Judge many recordings with one worker and with two."""
    captures = folder / "captures"
    captures.mkdir()
    each = windows // files
    for number in range(files):
        noise(captures / f"{number:05d}.cf32", each * STEPS + STEPS // 2, seed=number)
    digests = set()
    for workers in (1, 2):
        out = folder / f"e{workers}"
        measured = judged(run, captures, out, workers)
        show(f"{files} files of {each:,} windows", each * files, workers, measured)
        digests.add(measured.digest)
    if len(digests) > 1:
        raise SystemExit("the number of workers changed predictions.h5")


def sparse_file(run: Path, folder: Path, size_gb: float) -> None:
    """Judge one large file of holes."""
    path = folder / "sparse" / "sparse.cf32"
    path.parent.mkdir()
    noise(path, 1000 * STEPS, seed=0)
    size = int(size_gb * 1e9) // (8 * STEPS) * 8 * STEPS
    with path.open("r+b") as file:
        file.truncate(size)
        file.seek(-8 * STEPS * 1000, os.SEEK_END)
        file.write(path.open("rb").read(8 * STEPS * 1000))
    measured = judged(run, path, folder / "es", 1)
    show(f"1 sparse file of {size_gb:g} GB", size // (8 * STEPS), 1, measured)


def judged(run: Path, captures: Path, out: Path, workers: int) -> Measured:
    """Run the command, and return its time and its largest resident memory."""
    words = ("evaluate", run, captures, "--out", out, "--workers", workers, *READING)
    command = [sys.executable, "-m", "radarseq", *map(str, words)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"the command failed: {' '.join(command)}")
    digest = hashlib.sha256((out / "predictions.h5").read_bytes()).hexdigest()
    return Measured(seconds, usage.ru_maxrss / 1000, digest)


def show(what: str, windows: int, workers: int, measured: Measured) -> None:
    """Print a line of the table."""
    rate = windows / measured.seconds
    print(
        f"{what:<34}{workers:>8}{measured.seconds:>10.1f}{rate:>12,.0f}{measured.peak_mb:>10,.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
