"""Runs commands as processes of their own."""

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing import forkserver
from pathlib import Path
from typing import NamedTuple

import pytest

TIMEOUT_S = 120.0  # far beyond what any command here takes: a command that hangs is killed
SOON_S = 5.0  # after a signal


class Ran(NamedTuple):
    """What a command ended in."""

    status: int
    stdout: str
    stderr: str


def run_alone(*words: object, folder: Path | None = None) -> Ran:
    """Run ``python -m radarseq`` in an interpreter of its own, as a user does."""
    command = [sys.executable, "-m", "radarseq", *map(str, words)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    return Ran(done.returncode, done.stdout, done.stderr)


class Started:
    """A command that runs."""

    def __init__(self, folder: Path, words: tuple[object, ...], largest_file: int) -> None:
        self._streams = folder / "stdout", folder / "stderr"
        arguments = [str(word) for word in words], *map(str, self._streams), largest_file
        self.process = _server().Process(target=_command, args=arguments)
        self.process.start()

    def wait_until(self, reached: Callable[[], bool]) -> None:
        """Wait for something that the command does; fail if it ends before."""
        until = time.monotonic() + TIMEOUT_S
        while not reached():
            assert self.process.is_alive(), f"ended too early: {self.end()}"
            assert time.monotonic() < until, "took too long"
            time.sleep(0.002)

    def signal(self, number: int) -> Ran:
        """Send a signal, and see the command end soon."""
        os.kill(self.process.pid, number)
        started = time.monotonic()
        ran = self.end()
        assert time.monotonic() - started < SOON_S
        return ran

    def end(self) -> Ran:
        self.process.join(TIMEOUT_S)
        if self.process.is_alive():
            self.process.kill()
            pytest.fail("the command hangs")
        status = self.process.exitcode
        self.process.close()
        return Ran(status, *(path.read_text(encoding="utf-8") for path in self._streams))


def _server() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "radarseq.evaluation.evaluate",
            "radarseq.training.train",
            "radarseq.captures.conversion.import_dataset",
        ]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # two test workers share two cores
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        forkserver.ensure_running()
    return context


def _command(words: list[str], stdout: str, stderr: str, largest_file: int) -> None:
    """Be the process of a command: what the shell does, then what the console script does."""
    for number, name in ((1, stdout), (2, stderr)):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if largest_file:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    sys.argv = ["radarseq", *words]
    from radarseq.cli import main

    main()


class Cli:
    """Commands as processes; their output goes to files in a folder of its own."""

    def __init__(self, base: Path) -> None:
        self._base, self._count = base, 0

    def start(self, *words: object, largest_file: int = 0) -> Started:
        self._count += 1
        folder = self._base / str(self._count)
        folder.mkdir(parents=True)
        return Started(folder, words, largest_file)

    def __call__(self, *words: object, largest_file: int = 0) -> Ran:
        ran = self.start(*words, largest_file=largest_file).end()
        assert "Traceback" not in ran.stdout + ran.stderr, ran.stderr
        return ran

    def good(self, *words: object) -> Ran:
        ran = self(*words)
        assert ran.status == 0, ran.stderr
        return ran

    def fails(self, status: int, *words: object, names: tuple[object, ...]) -> str:
        """Return what a command says that must fail, having looked for all of ``names`` in it."""
        ran = self(*words)
        text = ran.stdout + ran.stderr
        assert ran.status == status, text
        assert [str(name) for name in names if str(name) not in text] == [], text
        assert words[0] == "validate" or "radarseq: " in ran.stderr or "Usage: " in ran.stderr
        return text
