"""Timing several ways of doing the same work in one run, interleaved, and naming the machine."""

import math
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True)
class Times:
    """Wall-clock times of one contender [s].

    Attributes:
        median_s: The middle one.
        low_s: The shortest.
        high_s: The longest.
    """

    median_s: float
    low_s: float
    high_s: float


def interleaved(
    work: dict[str, Callable[[], object]], *, rounds: int = 7, least_s: float = 0.2
) -> dict[str, Times]:
    """Return the times of one call of each contender, taken in turns.

    A disturbance of the machine then falls on all alike. Each contender is called once before, and
    as often in a round as fills ``least_s``.

    Args:
        work: What to time, by name.
        rounds: Turns of each.
        least_s: Least time of a turn [s].
    """
    calls = {}
    for name, run in work.items():
        run()
        start = time.perf_counter()
        run()
        calls[name] = max(1, round(least_s / max(time.perf_counter() - start, 1e-9)))
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            start = time.perf_counter()
            for _ in range(calls[name]):
                run()
            taken[name].append((time.perf_counter() - start) / calls[name])
    return {
        name: Times(statistics.median(times), min(times), max(times))
        for name, times in taken.items()
    }


def gemm_peak_flops(size: int = 1024) -> float:
    """Return the float32 rate of a large matrix product with the threads in force [1/s]."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    times = interleaved({"product": lambda: torch.mm(a, b)}, rounds=5)
    return 2 * size**3 / times["product"].low_s


def machine() -> str:
    """Return the processor, its cores and the versions that a figure belongs to."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    return (
        f"{model}, {os.cpu_count()} virtual cores; "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


def with_range(share: float, count: int) -> str:
    """Return a share [%] of so many, with the range in which 95 in 100 such samples would fall."""
    half = 1.96 * math.sqrt(share * (1 - share) / count)
    return f"{100 * share:.1f} % +- {100 * half:.1f}"
