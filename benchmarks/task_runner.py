"""Command line of a table of tasks: runs each task in a process of its own, prints one table.

A task is a module ``PACKAGE.TASK`` with ``rows(folder, seeds, threads) -> list[Row]``. It writes
its datasets and runs below ``folder``.
"""

import argparse
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path

from task_table import Row, as_table, cached_rows


def run_task(
    package: str, name: str, out: Path, seeds: int, threads: int
) -> tuple[list[Row], float]:
    """Return the rows of a task and their computing time [s]."""
    import torch

    torch.set_num_threads(threads)
    folder, started = out / name, time.perf_counter()
    make = import_module(f"{package}.{name}").rows
    rows = cached_rows(folder, seeds, lambda: make(folder, seeds, threads))
    return rows, time.perf_counter() - started


def run_tasks(title: str, package: str, tasks: dict[str, int]) -> None:
    """Read the command line, run the tasks, print the table.

    Args:
        title: Description for ``--help``.
        package: Package of the modules, and default output folder below ``runs``.
        tasks: Number of seeds by module, the longest task first, so that processes end at about
            the same time.
    """
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--out", type=Path, default=Path("runs") / package)
    parser.add_argument("--only", nargs="+", choices=[*tasks], default=[*tasks], metavar="TASK")
    parser.add_argument("--seeds", type=int, help="instead of each task's own number")
    parser.add_argument("--workers", type=int, default=1, help="tasks at a time")
    parser.add_argument("--threads", type=int, default=1, help="threads of each task")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    os.environ.setdefault("NUMBA_NUM_THREADS", str(options.threads))
    rows: list[Row] = []
    spawn = multiprocessing.get_context("spawn")  # a fork would copy torch's threads, stopped
    with ProcessPoolExecutor(options.workers, mp_context=spawn) as pool:
        waiting = {
            name: pool.submit(
                run_task, package, name, options.out, options.seeds or own, options.threads
            )
            for name, own in tasks.items()
            if name in options.only
        }
        for name, future in waiting.items():
            made, seconds = future.result()
            rows += made
            print(f"{name}: {seconds:.0f} s", flush=True)
    print("\n" + as_table(rows))
