"""Computes the cost of many pairs on a cluster, in bytes, seconds and nodes, from measured rates.

    python benchmarks/cost.py [--cores 64] [--stored 122271] [--row-bytes 845] ...

This is arithmetic, not a measurement. The rates of one core are those of ``benchmarks/README.md``.
The tables assume that every core of a node reaches them. This was measured from one core to two
(1,444,107 against 725,885 pairs/s). Beyond two, workers share only the folder. One line states how
fast a node would have to write to the folder while all its cores simulate.
"""

import argparse
import math
from collections.abc import Iterable

RATES = {  # per second, on one core
    "simulated": (725_885, "pairs of space_objects.toml, not stored (simulate.py)"),
    "stored": (122_271, "the same, written to disk: half of what two threads do (simulate.py)"),
    "trained": (10_138, "sequences, WaveNet of two stacks of 1 to 16, width 32 (train.py)"),
    "evaluated": (9_570, "windows of recordings, through radarseq evaluate (evaluate.py)"),
    "checked": (461_149, "stored rows read and checked by one process (data.py)"),
}
ROW_BYTES = 845  # of a stored pair of space_objects.toml (data.py)
POWERS = range(6, 12)
_UNITS = ((3600 * 24 * 365.25, "years"), (3600 * 24, "days"), (3600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float) -> str:
    """Return seconds in the largest unit that gives 2 or more."""
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:,.1f} s"


def size(count: float) -> str:
    """Return bytes in decimal units."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            return f"{count:,.0f} {unit}" if count >= 10 else f"{count:,.1f} {unit}"
        count /= 1000
    raise AssertionError


def nodes(core_seconds: float, cores: int) -> str:
    """Return the number of nodes that do this work in an hour."""
    return f"{math.ceil(core_seconds / (cores * 3600)):,d}"


def table(heads: list[str], rows: Iterable[list[str]]) -> str:
    """Return a Markdown table with right-aligned columns."""
    lines = [heads, ["--:"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def simulated(rates: dict[str, float], row_bytes: float, cores: int) -> str:
    """Return the table of the cost of simulating and storing."""
    heads = ["pairs", "not stored, one core", "stored", "one core", f"a node of {cores} cores",
             "nodes for an hour", "checked by one process"]  # fmt: skip
    rows = []
    for power in POWERS:
        pairs = 10**power
        seconds = pairs / rates["stored"]
        costs = [duration(pairs / rates["simulated"]), size(pairs * row_bytes), duration(seconds),
                 duration(seconds / cores), nodes(seconds, cores),
                 duration(pairs / rates["checked"])]  # fmt: skip
        rows.append([f"10^{power}", *costs])
    return table(heads, rows)


def trained_and_evaluated(rates: dict[str, float], cores: int) -> str:
    """Return the table of the cost of one epoch of training, and of an evaluation."""
    heads = ["pairs", "training, one core", f"a node of {cores} cores", "nodes for an hour",
             "evaluation, one core", f"a node of {cores} cores", "nodes for an hour"]  # fmt: skip
    rows = []
    for power in POWERS:
        row = [f"10^{power}"]
        for kind in ("trained", "evaluated"):
            seconds = 10**power / rates[kind]
            row += [duration(seconds), duration(seconds / cores), nodes(seconds, cores)]
        rows.append(row)
    return table(heads, rows)


def main() -> None:
    """Print the rates, then the two tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cores", type=int, default=64, help="of a node")
    parser.add_argument("--row-bytes", type=float, default=ROW_BYTES)
    for name, (rate, description) in RATES.items():
        parser.add_argument(
            f"--{name}", type=float, default=rate, help=f"per second: {description}"
        )
    options = parser.parse_args()
    rates = {name: getattr(options, name) for name in RATES}
    for name, (_, description) in RATES.items():
        print(f"{name:<10s}{rates[name]:>10,.0f} /s on one core: {description}")
    written = options.cores * rates["stored"] * options.row_bytes / 1e9
    print(
        f"{options.row_bytes:.0f} bytes per stored pair: "
        f"a node of {options.cores} cores would write {written:.1f} GB/s\n"
    )
    print(simulated(rates, options.row_bytes, options.cores), "\n", sep="")
    print(trained_and_evaluated(rates, options.cores))


if __name__ == "__main__":
    main()
