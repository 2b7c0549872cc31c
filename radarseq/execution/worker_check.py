"""Checks that a cluster's worker has the same code and folder as the client, and runs its tasks.

A worker that runs other code than the client would write other bytes, and one that sees another
folder would write them elsewhere.
"""

import hashlib
import platform
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from radarseq.errors import ClusterError
from radarseq.system import versions_of

_PACKAGES = (
    "numpy", "scipy", "numba", "llvmlite", "h5py", "torch", "scikit-learn", "dask", "distributed",
)  # fmt: skip
_ROOTS = ("radarseq", "simulators")


@cache
def environment_digest() -> dict[str, str]:
    """Return the versions that the bytes of a result depend on, by name."""
    found = {"Python": ".".join(platform.python_version_tuple()[:2])}
    return found | versions_of(_PACKAGES, "absent") | {"radarseq": _source_digest()}


def _source_digest() -> str:
    """Return a digest of our own code: between two versions it may change many times."""
    digest = hashlib.sha256()
    above = Path(__file__).parents[1]
    for root in _ROOTS:
        for file in sorted((above / root).rglob("*.py")):
            digest.update(str(file.relative_to(above)).encode() + b"\0" + file.read_bytes())
    return f"of source {digest.hexdigest()[:12]}"


@dataclass(frozen=True)
class WorkerCheck:
    """Requirements on a worker.

    Attributes:
        mark: A file that the client has left in the folder that is written to.
        runs: Versions at the client, by name.
    """

    mark: Path
    runs: dict[str, str]

    def check(self) -> None:
        """Refuse to work in this process.

        Raises:
            ClusterError: If it sees another folder, or runs other code.
        """
        theirs = environment_digest()
        differing = [
            f"{name} {theirs.get(name)} (here: {mine})"
            for name, mine in self.runs.items()
            if theirs.get(name) != mine
        ]
        if differing:
            raise ClusterError(
                f"{_worker()} has {', '.join(differing)}, and would write other bytes. "
                "Install the same there as here, and go on with --resume"
            )
        if not self.mark.exists():
            raise ClusterError(
                f"{_worker()} does not see {self.mark.parent} as this process does; expected a "
                "folder that all workers share. Mount it there under the same path, or choose "
                "another --out"
            )


def _worker() -> str:
    """Return the words for the worker that this process is."""
    from distributed import get_worker

    return f"worker {get_worker().address} on {socket.gethostname()}"


def run_task(
    worker_check: WorkerCheck,
    task: Callable[[Any, Any], Any],
    keep: Callable[[Any], Any],
    item: Any,
    shared: tuple[str, bytes],
) -> Any:
    """Run a task in a worker that passes the check; return ``keep`` of the result."""
    worker_check.check()
    return keep(task(_unpacked(*shared), item))


_unpacking, _last = Lock(), ("", None)


def _unpacked(name: str, packed: bytes) -> Any:
    """Return the value that the tasks of a batch share, unpacked once per process."""
    global _last
    from distributed.protocol.pickle import loads

    with _unpacking:
        if _last[0] != name:
            _last = name, loads(packed)
        return _last[1]


def by_value() -> Callable[[bytes, Any], Any]:
    """Return a function that calls a packed function in a worker.

    As a local function it is sent by value. A function that is sent by name ends a worker that
    does not have it, before an error can be raised.
    """

    def call(packed: bytes, shared: Any) -> Any:
        from distributed.protocol.pickle import loads

        return loads(packed)(shared)

    return call
