"""Runs commands as processes that can be killed at any moment, in a small workspace.

A command is forked from a process that has done the slow imports, so that hundreds of them take
minutes. From there on it does the same as the console script.
"""

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

import radarseq
from radarseq import cli
from radarseq.baselines import classifiers

for command in ("import_", "export", "evaluate", "train"):
    getattr(radarseq, command)  # imports its modules: a fork after that is quick

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
    """End of a command: its status (below 0: killed by that signal), output and duration."""

    status: int
    output: str
    seconds: float


class Command:
    """A running command.

    Args:
        arguments: As on the command line.
        max_file_bytes: Limit to the size of a file; 0 sets none.
    """

    def __init__(self, *arguments: object, max_file_bytes: int = 0) -> None:
        descriptor, name = tempfile.mkstemp()
        self._output, self._started = Path(name), time.monotonic()
        sys.stdout.flush()  # or the child would print what is still in the buffer
        # A signal before or after the command would unwind the child into the code of this process.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        self._pid = os.fork()
        if self._pid == 0:
            _run_in_child([str(word) for word in arguments], descriptor, max_file_bytes)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        os.close(descriptor)

    def signal_after(self, seconds: float, number: int) -> Ended:
        """Send a signal at a moment, unless the command has ended by then; wait for the end."""
        until = self._started + seconds
        while time.monotonic() < until:
            if (ended := self._poll()) is not None:
                return ended
            time.sleep(min(0.002, max(0.0, until - time.monotonic())))
        self._started = time.monotonic()
        os.kill(self._pid, number)
        return self.wait()

    def wait(self) -> Ended:
        """Wait for the end; a command that hangs is killed, and its status is -9."""
        while (ended := self._poll()) is None:
            if time.monotonic() > self._started + TIMEOUT_S:
                os.kill(self._pid, signal.SIGKILL)
            time.sleep(0.002)
        return ended

    def _poll(self) -> Ended | None:
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if not pid:
            return None
        output = self._output.read_text(encoding="utf-8", errors="replace")
        self._output.unlink()
        seconds = time.monotonic() - self._started
        return Ended(os.waitstatus_to_exitcode(status), output, seconds)


def _run_in_child(arguments: list[str], output: int, max_file_bytes: int) -> None:
    """Run a command in the forked child; does not return."""
    status = 1
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        if max_file_bytes:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))
        # The default of a new process; a shell makes its background processes ignore SIGINT.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        sys.argv = ["radarseq", *arguments]
        cli.main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:  # before the command had begun: end as Python does
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException as fault:
        print(f"Traceback: {fault!r}")
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        sys.stdout.flush()
        os._exit(status)


def run_successfully(*arguments: object) -> Ended:
    """Run a command; raise an error if it fails."""
    ended = Command(*arguments).wait()
    if ended.status != 0:
        raise RuntimeError(f"{arguments}: exit {ended.status}\n{ended.output}")
    return ended


@dataclass(frozen=True)
class Workspace:
    """Folder with a recipe, a dataset made from it, a run trained on that, and recordings."""

    base: Path

    recipe = property(lambda self: self.base / "tiny.toml")
    data = property(lambda self: self.base / "data")
    run = property(lambda self: self.base / "run")
    captures = property(lambda self: self.base / "captures")

    def simulate(self, out: Path) -> list[object]:
        """Return the arguments that simulate 30 small shards."""
        size = ("--examples", 6000, "--rows-per-shard", 200)
        return ["simulate", self.recipe, *size, "--workers", 2, "--out", out]

    def train(self, out: Path) -> list[object]:
        """Return the arguments that train eight short epochs on the dataset."""
        return ["train", self.data, *_SMALL, "--epochs", 8, "--out", out]

    def train_averaged(self, out: Path) -> list[object]:
        """Return the arguments of ``train`` with an average of the weights."""
        return [*self.train(out), "--set", "ema=0.9"]

    def train_fresh(self, out: Path) -> list[object]:
        """Return the arguments that train six short epochs on fresh pairs."""
        pairs = ("--set", "pairs_per_epoch=1000", "--set", "validation_pairs=200")
        return ["train", self.recipe, *_SMALL, *pairs, "--epochs", 6, "--out", out]

    def train_fresh_averaged(self, out: Path) -> list[object]:
        """Return the arguments of ``train_fresh`` with an average of the weights."""
        return [*self.train_fresh(out), "--set", "ema=0.9"]

    def evaluate(self, out: Path) -> list[object]:
        """Return the arguments that evaluate the run on the dataset."""
        return ["evaluate", self.run, self.data, "--out", out]

    def import_(self, out: Path) -> list[object]:
        """Return the arguments that import the recordings."""
        return ["import", self.captures, "--name", "{label}_{group}.npz", "--out", out]

    def export(self, out: Path) -> list[object]:
        """Return the arguments that export the dataset."""
        return ["export", self.data, "--split", "all", "--out", out]


_SMALL = ("--set", "width=8", "--set", "skip=8", "--batch-size", 50)


@contextmanager
def small_workspace() -> Iterator[Workspace]:
    """Make a workspace in a temporary folder, and remove it at the end."""
    real: Any = classifiers.HistGradientBoostingClassifier

    def few_trees(**settings: Any) -> Any:  # their accuracy does not matter here
        return real(**(settings | {"max_iter": 5}))

    base = Path(tempfile.mkdtemp(prefix="radarseq-faults-"))
    owner = os.getpid()
    try:
        # Holds in this process and in all that are forked from it.
        with patch.object(classifiers, "HistGradientBoostingClassifier", few_trees):
            workspace = Workspace(base)
            workspace.recipe.write_text(RECIPE)
            size = ("--examples", 400, "--rows-per-shard", 100)
            run_successfully("simulate", workspace.recipe, *size, "--out", workspace.data)
            run_successfully(
                "train", workspace.data, *_SMALL, "--epochs", 2, "--out", workspace.run
            )
            run_successfully("export", workspace.data, "--out", workspace.captures)
            yield workspace
    finally:
        if os.getpid() == owner:
            shutil.rmtree(base)


def content(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder by their relative names."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def leftovers(folder: Path) -> list[str]:
    """Return the names of files that a finished command must not leave."""
    return [str(p.relative_to(folder)) for p in folder.rglob("*") if p.name.endswith(LEFTOVERS)]


def print_table(rows: list[dict[str, object]]) -> None:
    """Print rows as a Markdown table."""
    heads = list(rows[0])
    print("\n| " + " | ".join(heads) + " |")
    print("|" + " --- |" * len(heads))
    for row in rows:
        print("| " + " | ".join(f"{row[head]}" for head in heads) + " |")
    sys.stdout.flush()
