"""Times several implementations of the same work in turns, and describes the machine."""

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
    """Wall-clock times of one implementation [s].

    Attributes:
        median_s: Median time.
        low_s: Shortest time.
        high_s: Longest time.
    """

    median_s: float
    low_s: float
    high_s: float


def interleaved(
    work: dict[str, Callable[[], object]], *, rounds: int = 7, min_s: float = 0.2
) -> dict[str, Times]:
    """Return the times of one call of each implementation, taken in turns.

    A disturbance of the machine then affects all alike. Each implementation is called once before
    timing, and as often in a round as fills ``min_s``.

    Args:
        work: Functions to time, by name.
        rounds: Rounds of each.
        min_s: Shortest duration of a round [s].
    """
    calls = {}
    for name, run in work.items():
        run()
        start = time.perf_counter()
        run()
        calls[name] = max(1, round(min_s / max(time.perf_counter() - start, 1e-9)))
    elapsed: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            start = time.perf_counter()
            for _ in range(calls[name]):
                run()
            elapsed[name].append((time.perf_counter() - start) / calls[name])
    return {
        name: Times(statistics.median(times), min(times), max(times))
        for name, times in elapsed.items()
    }


def gemm_peak_flops(size: int = 1024) -> float:
    """Return the float32 rate of a large matrix product with the current threads [1/s]."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    times = interleaved({"product": lambda: torch.mm(a, b)}, rounds=5)
    return 2 * size**3 / times["product"].low_s


def machine() -> str:
    """Return the processor, its cores and the versions of Python and torch, as text."""
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
    """Return a share [%] of ``count`` trials with its 95 % range, as text."""
    half = 1.96 * math.sqrt(share * (1 - share) / count)
    return f"{100 * share:.1f} % +- {100 * half:.1f}"
