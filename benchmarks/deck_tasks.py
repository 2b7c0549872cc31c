"""Every task of the deck: trained from several seeds, beside baselines and the book's figures.

    python benchmarks/deck_tasks.py --out runs/deck --workers 2
    python benchmarks/deck_tasks.py --out runs/deck --only series_one chorales

A task's rows are kept in the output folder: a rerun goes on where an earlier one ended.
"""

import argparse
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path

from deck.table import Row, as_table, kept_rows

# The longest first, so that two processes end at about the same time.
TASKS = (
    "series_many",
    "series_one",
    "digits",
    "chorales",
    "piano_roll",
    "frames",
    "daily",
    "sketches",
)


def run_task(name: str, out: Path, seeds: int, threads: int) -> tuple[list[Row], float]:
    """Return a task's rows, and how long they took [s]."""
    import torch

    torch.set_num_threads(threads)
    folder, started = out / name, time.perf_counter()
    make = import_module(f"deck.{name}").rows
    rows = kept_rows(folder, seeds, lambda: make(folder, seeds, threads))
    return rows, time.perf_counter() - started


def main() -> None:
    """Read the command line, run the tasks, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("runs/deck"))
    parser.add_argument("--only", nargs="+", choices=TASKS, default=TASKS, metavar="TASK")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1, help="tasks at a time")
    parser.add_argument("--threads", type=int, default=1, help="of each task")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(given.threads)
    os.environ.setdefault("NUMBA_NUM_THREADS", str(given.threads))
    rows: list[Row] = []
    spawn = multiprocessing.get_context("spawn")  # a fork would copy torch's threads, stopped
    with ProcessPoolExecutor(given.workers, mp_context=spawn) as pool:
        waiting = {
            name: pool.submit(run_task, name, given.out, given.seeds, given.threads)
            for name in TASKS
            if name in given.only
        }
        for name, future in waiting.items():
            made, seconds = future.result()
            rows += made
            print(f"{name}: {seconds:.0f} s", flush=True)
    print("\n" + as_table(rows))


if __name__ == "__main__":
    main()
