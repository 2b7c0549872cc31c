"""Reads damaged recordings of every format and counts the outcomes.

Example: python benchmarks/faults/fuzz.py --count 10000 --corpus recordings/acconeer

A file of each format, or of a folder of recordings, is changed at random: bits, bytes, numbers,
cuts, insertions, parts of itself or of another file. Each is opened and read in a child process, as
in the commands. A file is accepted if its damage cannot be detected, such as a flipped bit in a
sample. A crash ends the child and costs its file only. A hang, or an exception other than a
RecordingError, must never occur.
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import corpus

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import AS_WRITTEN, ReadOptions
from radarseq.captures.sources.find_files import find_recordings
from radarseq.captures.sources.sandbox import Sandbox

OUTCOMES = ("attempts", "accepted", "refused", "crashes", "hangs", "unlisted")
_MAX_SEED = 1 << 20
_MAX_OF_A_FOLDER = 4
_NUMBERS = [b"\xff" * 4, b"\x00" * 4, b"\xff\xff\xff\x7f", b"\x00" * 8, b"\xff" * 8, b"\x01"]


def _flip_bits(data: bytearray, chance: random.Random, _: bytes) -> None:
    for _count in range(chance.randint(1, 8)):
        place = chance.randrange(len(data))
        data[place] ^= 1 << chance.randrange(8)


def _set_bytes(data: bytearray, chance: random.Random, _: bytes) -> None:
    number = chance.choice(_NUMBERS)
    place = chance.randrange(len(data))
    data[place : place + len(number)] = number


def _cut(data: bytearray, chance: random.Random, _: bytes) -> None:
    del data[chance.randrange(len(data)) :]


def _remove(data: bytearray, chance: random.Random, _: bytes) -> None:
    place = chance.randrange(len(data))
    del data[place : place + chance.randint(1, 64)]


def _insert(data: bytearray, chance: random.Random, _: bytes) -> None:
    place = chance.randrange(len(data))
    data[place:place] = chance.randbytes(chance.randint(1, 64))


def _repeat(data: bytearray, chance: random.Random, _: bytes) -> None:
    place, start = chance.randrange(len(data)), chance.randrange(len(data))
    data[place:place] = data[start : start + chance.randint(1, 512)]


def _splice(data: bytearray, chance: random.Random, other: bytes) -> None:
    start = chance.randrange(len(other))
    place = chance.randrange(len(data))
    part = other[start : start + chance.randint(1, 256)]
    data[place : place + len(part)] = part


MUTATIONS: list[Callable[[bytearray, random.Random, bytes], None]] = [
    _flip_bits, _flip_bits, _set_bytes, _cut, _remove, _insert, _repeat, _splice,
]  # fmt: skip


def damaged(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """Return a file's content after one to three changes."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        if data:
            chance.choice(MUTATIONS)(data, chance, other)
    return bytes(data)


def fuzz(
    seeds: dict[str, Path], count: int, seed: int, options: ReadOptions = AS_WRITTEN
) -> tuple[dict[str, Counter[str]], list[str]]:
    """Return the outcomes of the damaged copies of each seed, and the messages of the worst."""
    chance = random.Random(seed)
    contents = {name: path.read_bytes() for name, path in seeds.items()}
    tally = {name: Counter[str]() for name in seeds}
    worst: list[str] = []
    sandbox = Sandbox()
    try:
        for number in range(count):
            name = list(seeds)[number % len(seeds)]
            path, other = seeds[name], contents[chance.choice(list(seeds))]
            path.write_bytes(damaged(contents[name], other, chance))
            outcome, message = _outcome(sandbox, path, options)
            tally[name].update(["attempts", outcome])
            if outcome not in ("accepted", "refused"):
                worst.append(f"{name}, file {number}: {message}")
            path.write_bytes(contents[name])
    finally:
        sandbox.close()
    return tally, worst


def _outcome(sandbox: Sandbox, path: Path, options: ReadOptions) -> tuple[str, str]:
    # The damaged file may be one that another needs, such as a configuration.
    target = path.with_suffix("") if path.suffix == ".toml" else path
    try:
        sandbox.check(target, options)
    except RecordingError as fault:
        message = str(fault)
        if "crashes the library" in message:
            return "crashes", message
        return ("hangs", message) if "takes longer than" in message else ("refused", message)
    except Exception as fault:  # every other exception is counted
        return "unlisted", f"{type(fault).__name__}: {fault}"
    return "accepted", ""


def _copied(folder: Path, recordings: Path) -> dict[str, Path]:
    """Copy small recordings to be damaged, a few of each folder within."""
    seeds: dict[str, Path] = {}
    taken = Counter[Path]()
    for path in find_recordings([recordings])[0]:
        small = path.is_file() and path.stat().st_size <= _MAX_SEED
        if small and taken[path.parent] < _MAX_OF_A_FOLDER:
            taken[path.parent] += 1
            own = folder / f"given-{len(seeds)}"
            own.mkdir()
            seeds[path.name] = own / path.name
            seeds[path.name].write_bytes(path.read_bytes())
    return seeds


def table(tally: dict[str, Counter[str]]) -> str:
    """Return the tally as lines of text, the sum last."""
    total = sum(tally.values(), Counter[str]())
    width = max(map(len, [*tally, "together"]))
    lines = [" " * width + "".join(f"{word:>10}" for word in OUTCOMES)]
    for name, counts in {**tally, "together": total}.items():
        lines.append(f"{name:<{width}}" + "".join(f"{counts[word]:>10,}" for word in OUTCOMES))
    return "\n".join(lines)


def main() -> None:
    """Run and print the table; exit with status 1 on any outcome but accepted and refused."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="300 files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--corpus", type=Path, help="folder of further recordings to damage")
    options = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        seeds = corpus.write(Path(folder))
        if options.corpus is not None:
            seeds |= _copied(Path(folder), options.corpus)
        tally, worst = fuzz(seeds, 300 if options.quick else options.count, options.seed)
    print(table(tally))
    print(f"{time.perf_counter() - started:.0f} s, seed {options.seed}")
    print("\n".join(worst[:20]))
    raise SystemExit(1 if worst else 0)


if __name__ == "__main__":
    main()
