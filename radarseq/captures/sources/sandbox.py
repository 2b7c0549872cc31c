"""Opens untrusted files first in a child process, with limits on memory and time.

A crafted file can crash the library that parses it, or make it run or grow without end. That ends
the child alone. One child serves many files; another is started when it has ended.
"""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from threading import Lock
from typing import Any

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions

TIMEOUT_S = 10.0  # plus the time for the size of the file, at this rate:
BYTES_PER_S = 20 << 20
_GRACE_S = 2.0  # the child ends itself at the limit; after this it is killed
_HINT = "Restore it from a copy, or leave it out: do not open it with other tools"
_CHILD = "radarseq.captures.sources.sandbox_process"


class Sandbox:
    """A child process that opens files before this process does."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        self._lock = Lock()

    def check(self, path: Path, options: ReadOptions) -> None:
        """Open a file, and read it, in the child.

        Raises:
            RecordingError: If it cannot be read in this way, or if the child crashes, takes too
                long, or needs too much memory.
        """
        try:
            size = path.stat().st_size
        except OSError:
            size = 0  # the reader will give the reason
        limit_s = TIMEOUT_S + size / BYTES_PER_S
        # Absolute, for the child stays in the folder that it was started in.
        absolute = str(path.absolute())
        request = {"path": absolute, "options": options.to_json(), "limit_s": limit_s}
        with self._lock:
            answer = self._ask(json.dumps(request).encode() + b"\n", limit_s + _GRACE_S)
            if answer is None:
                raise RecordingError(path, self._end_of_child(limit_s), _HINT)
        if "reason" in answer:
            raise RecordingError(path, answer["reason"], answer["hint"])

    def _ask(self, request: bytes, limit_s: float) -> dict[str, Any] | None:
        """Return the child's answer; None if there is none."""
        child = self._running()
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(request)
            child.stdin.flush()
        except BrokenPipeError:
            return None
        if not select.select([child.stdout], [], [], limit_s)[0]:
            child.kill()
        line = child.stdout.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None or self._owner != os.getpid():
            self._owner = os.getpid()  # after a fork, the child belongs to the parent
            self._child = _start_child()
        return self._child

    def _end_of_child(self, limit_s: float) -> str:
        """Return the reason why the child ended, and release it."""
        child, self._child = self._child, None
        assert child is not None
        child.kill()
        status = child.wait()
        _close(child)
        if status in (-signal.SIGALRM, -signal.SIGKILL):
            return f"takes longer than {limit_s:.3g} s to be opened; the attempt was ended"
        name = signal.Signals(-status).name if status < 0 else f"status {status}"
        return f"crashes the library that reads it ({name})"

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None and self._owner == os.getpid():
            _close(child)
            try:
                child.wait(_GRACE_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _start_child() -> subprocess.Popen[bytes]:
    # The same modules as here, and none from the folder that the command was called in.
    paths = os.pathsep.join(part for part in sys.path if part)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", _CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        start_new_session=True,  # what interrupts the command is the command's to handle
    )


def _close(child: subprocess.Popen[bytes]) -> None:
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            try:
                stream.close()
            except BrokenPipeError:
                pass  # it has ended already


SANDBOX = Sandbox()  # one for the process: starting a child costs as much as ten files
atexit.register(SANDBOX.close)
