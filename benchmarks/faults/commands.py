"""Commands as processes that can be killed at any moment, and a small world for them to work in.

A command is forked from a process that has the heavy imports behind it, so that hundreds of them
take minutes; from there on it is what the console script does.
"""

import importlib
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ["OMP_NUM_THREADS"] = "1"  # before torch: a process with its threads cannot be forked

from radarseq import cli
from radarseq.baselines import classifiers

for heavy in ("captures.importing", "captures.export", "evaluation.judge", "training.run"):
    importlib.import_module(f"radarseq.{heavy}")  # a fork is quick with the imports behind it

TIMEOUT_S = 600.0  # a first call compiles
RECIPE = """
name = "tiny"
objects_per_class = 20

[radar]
carrier_hz = 10e9
pulse_interval_s = 2e-3
steps = 32

[[objects]]
name = "rod"
shape = "cylinder"
radius_m = [0.05, 0.3]
length_m = [0.4, 0.8]

[[objects]]
name = "plate"
shape = "plate"
width_m = [0.1, 0.5]
height_m = [0.1, 0.5]
tumble_rad_per_s = [0.2, 4.0]
"""
_STOPS = (signal.SIGINT, signal.SIGTERM)
LEFTOVERS = (".part", ".old", ".lock", ".unfinished", "manifest.unfinished.json")


@dataclass(frozen=True)
class Ended:
    """How a command ended: its status (below 0: killed by that signal), and what it said."""

    status: int
    said: str
    seconds: float


class Command:
    """A command that runs.

    Args:
        words: As on the command line.
        largest_file: A limit to the size of a file, in bytes; 0 sets none.
    """

    def __init__(self, *words: object, largest_file: int = 0) -> None:
        descriptor, name = tempfile.mkstemp()
        self._output, self._started = Path(name), time.monotonic()
        sys.stdout.flush()  # or the child would print what is still in the buffer
        # A signal that came before or after the command would unwind the child through all that
        # this process has still to do.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        self._pid = os.fork()
        if self._pid == 0:
            _become([str(word) for word in words], descriptor, largest_file)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        os.close(descriptor)

    def signal_after(self, seconds: float, number: int) -> Ended:
        """Send a signal at a moment, unless the command has ended by then; wait for the end."""
        until = self._started + seconds
        while time.monotonic() < until:
            if (ended := self._look()) is not None:
                return ended
            time.sleep(min(0.002, max(0.0, until - time.monotonic())))
        self._started = time.monotonic()
        os.kill(self._pid, number)
        return self.end()

    def end(self) -> Ended:
        """Wait for the end; a command that hangs is killed, and its status is -9."""
        while (ended := self._look()) is None:
            if time.monotonic() > self._started + TIMEOUT_S:
                os.kill(self._pid, signal.SIGKILL)
            time.sleep(0.002)
        return ended

    def _look(self) -> Ended | None:
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if not pid:
            return None
        said = self._output.read_text(encoding="utf-8", errors="replace")
        self._output.unlink()
        seconds = time.monotonic() - self._started
        return Ended(os.waitstatus_to_exitcode(status), said, seconds)


def _become(words: list[str], output: int, largest_file: int) -> None:
    """Be the process of a command; does not return."""
    status = 1
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        if largest_file:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
        # As a new process has it; a shell has what it starts in the background ignore SIGINT.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        sys.argv = ["radarseq", *words]
        cli.main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:  # before the command had begun: it ends as Python ends it
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException as fault:
        print(f"Traceback: {fault!r}")
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        sys.stdout.flush()
        os._exit(status)


def good(*words: object) -> Ended:
    """Run a command that must succeed."""
    ended = Command(*words).end()
    if ended.status != 0:
        raise RuntimeError(f"{words}: exit {ended.status}\n{ended.said}")
    return ended


@dataclass(frozen=True)
class World:
    """A recipe, a dataset made from it, a run trained on that, and captures, below one folder."""

    base: Path

    recipe = property(lambda self: self.base / "tiny.toml")
    data = property(lambda self: self.base / "data")
    run = property(lambda self: self.base / "run")
    captures = property(lambda self: self.base / "captures")

    def simulate(self, out: Path) -> list[object]:
        """Return the words that simulate 30 small shards."""
        size = ("--examples", 6000, "--rows-per-shard", 200)
        return ["simulate", self.recipe, *size, "--workers", 2, "--out", out]

    def train(self, out: Path) -> list[object]:
        """Return the words that train eight short epochs on the dataset."""
        return ["train", self.data, *_SMALL, "--epochs", 8, "--out", out]

    def train_averaged(self, out: Path) -> list[object]:
        """Return the words that train as ``train`` does, and keep an average of the weights."""
        return [*self.train(out), "--set", "ema=0.9"]

    def train_fresh(self, out: Path) -> list[object]:
        """Return the words that train six short epochs on fresh pairs."""
        pairs = ("--set", "pairs_per_epoch=1000", "--set", "validation_pairs=200")
        return ["train", self.recipe, *_SMALL, *pairs, "--epochs", 6, "--out", out]

    def train_fresh_averaged(self, out: Path) -> list[object]:
        """Return the words that train on fresh pairs, and keep an average of the weights."""
        return [*self.train_fresh(out), "--set", "ema=0.9"]

    def evaluate(self, out: Path) -> list[object]:
        """Return the words that judge the run on the dataset."""
        return ["evaluate", self.run, self.data, "--out", out]

    def import_(self, out: Path) -> list[object]:
        """Return the words that import the captures."""
        return ["import", self.captures, "--name", "{label}_{group}.npz", "--out", out]

    def export(self, out: Path) -> list[object]:
        """Return the words that export the dataset."""
        return ["export", self.data, "--split", "all", "--out", out]


_SMALL = ("--set", "width=8", "--set", "skip=8", "--batch-size", 50)


@contextmanager
def small_world() -> Iterator[World]:
    """Make a world in a temporary folder, and remove it at the end."""
    real: Any = classifiers.HistGradientBoostingClassifier

    def few_trees(**settings: Any) -> Any:  # how good they are is not the matter
        return real(**(settings | {"max_iter": 5}))

    base = Path(tempfile.mkdtemp(prefix="radarseq-faults-"))
    owner = os.getpid()
    try:
        # In this process, and so in all that are forked from it.
        with patch.object(classifiers, "HistGradientBoostingClassifier", few_trees):
            world = World(base)
            world.recipe.write_text(RECIPE)
            size = ("--examples", 400, "--rows-per-shard", 100)
            good("simulate", world.recipe, *size, "--out", world.data)
            good("train", world.data, *_SMALL, "--epochs", 2, "--out", world.run)
            good("export", world.data, "--out", world.captures)
            yield world
    finally:
        if os.getpid() == owner:
            shutil.rmtree(base)


def content(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder by their relative names."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def leftovers(folder: Path) -> list[str]:
    """Return the names of what a finished command must not leave."""
    return [str(p.relative_to(folder)) for p in folder.rglob("*") if p.name.endswith(LEFTOVERS)]


def print_table(rows: list[dict[str, object]]) -> None:
    """Print rows as a Markdown table."""
    heads = list(rows[0])
    print("\n| " + " | ".join(heads) + " |")
    print("|" + " --- |" * len(heads))
    for row in rows:
        print("| " + " | ".join(f"{row[head]}" for head in heads) + " |")
    sys.stdout.flush()
