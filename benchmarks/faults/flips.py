"""Flips bits in, and truncates, each kind of output file: validate must find it, loading refuse it.

    python -m benchmarks.faults.flips [--quick]

The script makes 300 single-bit flips and 100 truncations of each kind, from a seed. A try fails if
``validate`` finds nothing, if the file is loaded, or if the message does not name the file. It also
fails on any exception but a RadarseqError, and after more than ten seconds.
"""

import argparse
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.faults.commands import Workspace, print_table, run_successfully, small_workspace
from radarseq.artifacts.inspection import inspect
from radarseq.artifacts.validation import validate
from radarseq.captures.readers.registry import read_capture
from radarseq.dataset.read import open_dataset
from radarseq.dataset.simulate import simulate
from radarseq.errors import CheckpointError, RadarseqError
from radarseq.inference.checkpoint import load_checkpoint, load_state
from radarseq.storage.sealed import read_sealed_text
from radarseq.training.history import read_history

TIMEOUT_S = 10


class TimeUp(BaseException):
    """Ends a check that takes too long."""


@dataclass(frozen=True)
class Target:
    """A kind of file: an example, the path to validate, and its loader (None: no loader).

    ``also_whole`` is another valid content, which a kill may leave.
    """

    kind: str
    file: Path
    validated: Path
    load: Callable[[], object] | None
    also_whole: bytes = b""


def targets_of(workspace: Workspace) -> list[Target]:
    """Return one file of each kind."""
    data, run, evaluation = workspace.data, workspace.run, workspace.base / "evaluation"
    run_successfully(*workspace.evaluate(evaluation))
    last, shard = run / "checkpoints" / "last", data / "shard-00001.h5"
    unfinished = _interrupted(workspace)
    lone = Path(shutil.copy(shard, workspace.base / "lone.h5"))
    capture = next(workspace.captures.iterdir())
    running = Path(shutil.copytree(run, workspace.base / "running"))
    (running / "metrics.json").unlink()
    return [
        Target("shard", shard, data, lambda: open_dataset(data).load()),
        Target("shard on its own", lone, lone, lambda: open_dataset(lone).load()),
        Target("dataset manifest.json", data / "manifest.json", data, lambda: open_dataset(data)),
        Target(
            "manifest.unfinished.json",
            unfinished / "manifest.unfinished.json",
            unfinished,
            lambda: simulate(
                workspace.recipe, unfinished, examples=30, rows_per_shard=10, resume=True
            ),
        ),
        Target("model.safetensors", last / "model.safetensors", run, lambda: load_checkpoint(last)),
        Target("checkpoint manifest", last / "manifest.json", run, lambda: load_checkpoint(last)),
        Target("state.pt", last / "state.pt", run, lambda: load_state(last)),
        Target("run config.toml", run / "config.toml", run, lambda: _settings(run)),
        Target("run metrics.csv", run / "metrics.csv", run, lambda: read_history(run)),
        Target("run metrics.json", run / "metrics.json", run, lambda: read_history(run)),
        Target("run environment.json", run / "environment.json", run, None),
        Target(
            "config.toml, unfinished run",
            running / "config.toml",
            running,
            lambda: _settings(running),
        ),
        Target(
            "metrics.csv, unfinished run",
            running / "metrics.csv",
            running,
            lambda: read_history(running),
            b"".join((running / "metrics.csv").read_bytes().splitlines(keepends=True)[:-1]),
        ),
        Target(
            "evaluation metrics.json",
            evaluation / "metrics.json",
            evaluation,
            lambda: inspect(evaluation),
        ),
        *(
            Target(f"evaluation {name}", evaluation / name, evaluation, None)
            for name in ("predictions.h5", "summary.csv", "failures.csv", "report.html")
        ),
        Target("exported capture", capture, capture, lambda: read_capture(capture)),
    ]


def _settings(run: Path) -> str:
    return read_sealed_text(run / "config.toml", CheckpointError)


def _interrupted(workspace: Workspace) -> Path:
    """Return a folder with the shards and the manifest of an unfinished dataset."""
    folder = workspace.base / "unfinished"

    def stop(done: int, _: int) -> None:
        if done >= 20:
            raise TimeUp

    try:
        simulate(workspace.recipe, folder, examples=30, rows_per_shard=10, progress=stop)
    except TimeUp:
        return folder
    raise RuntimeError("the simulation was not interrupted")


def damages(content: bytes, flips: int, cuts: int, chance: np.random.Generator) -> Iterator[bytes]:
    """Yield copies of a file with one bit flipped, then truncated ones."""
    for position in chance.integers(0, 8 * len(content), flips):
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << int(position % 8)
        yield bytes(damaged)
    for size in chance.integers(0, len(content), cuts):
        yield content[:size]


@contextmanager
def limited() -> Iterator[None]:
    """Raise ``TimeUp`` after ten seconds."""

    def ring(*_: object) -> None:
        raise TimeUp

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(TIMEOUT_S)
    try:
        yield
    finally:
        signal.alarm(0)


def outcome_of(target: Target) -> str:
    """Return the outcome of one damaged file: found, or the failure."""
    try:
        with limited():
            issues = validate(target.validated).issues
            if not any(target.file.name in issue for issue in issues):
                return "not named" if issues else "not found"
            if target.load is None:
                return "found"
            try:
                target.load()
            except RadarseqError:
                return "found"
            return "loaded"
    except TimeUp:
        return "hung"
    except Exception as error:
        print(f"{target.kind}: {error!r}", flush=True)
        return "crashed"


def row_of(target: Target, flips: int, cuts: int) -> dict[str, object]:
    """Damage a file again and again, and return its row of the table."""
    content, begun = target.file.read_bytes(), time.process_time()
    counts: dict[str, int] = dict.fromkeys(
        ("found", "not found", "not named", "loaded", "crashed", "hung"), 0
    )
    chance = np.random.default_rng(len(content))
    for damaged in damages(content, flips, cuts, chance):
        if damaged == target.also_whole:
            damaged = damaged[:-1]
        target.file.write_bytes(damaged)
        counts[outcome_of(target)] += 1
    target.file.write_bytes(content)
    if (issues := validate(target.validated).issues) and "unfinished" not in target.kind:
        raise RuntimeError(f"{target.kind}: issues without damage: {issues}")
    seconds = round(time.process_time() - begun, 1)
    size = {"file": target.kind, "bytes": len(content), "flips": flips, "truncations": cuts}
    return {**size, **counts, "s": seconds}


def main() -> None:
    """Damage every kind of file, and print the table."""
    parser = argparse.ArgumentParser(description="Damage each kind of output file.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the tries")
    share = 10 if parser.parse_args().quick else 1
    with small_workspace() as workspace:
        rows = [row_of(target, 300 // share, 100 // share) for target in targets_of(workspace)]
    print_table(rows)


if __name__ == "__main__":
    main()
