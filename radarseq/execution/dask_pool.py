"""Workers on other machines, by dask.distributed.

Tasks write what they make to a folder that all machines see, atomically and by their index: a task
that is carried out twice, because the first worker was lost, writes the same bytes again. Only
small records travel.

Reference:
    Rocklin, "Dask: parallel computation with blocked algorithms and task scheduling", 2015.
"""

import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from radarseq.errors import ClusterError, UsageError
from radarseq.execution.worker_check import WorkerCheck, by_value, environment_digest, run_task
from radarseq.storage.atomic import TEMPORARY_SUFFIX

CONNECT_S = 5.0
WAIT_VARIABLE = "RADARSEQ_WORKER_WAIT_S"
DEFAULT_WAIT_S = 300.0  # without any worker; a queue may need longer to start the first
_AHEAD = 64  # tasks under way at least: a cluster that grows by demand has to see some
_COUNT_AGE_S = 2.0  # how old the count of a cluster's threads may be
_MAX_SHARED = "4 GiB"  # tables of a recipe are tens of megabytes, and sent once


@dataclass
class Cluster:
    """The workers of a dask scheduler."""

    client: Any
    executor: Any
    worker_check: WorkerCheck
    address: str
    is_here: bool = False
    _count: int = 0
    _counted_at: float = -_COUNT_AGE_S
    _seen_at: float = field(default_factory=time.monotonic)

    @property
    def max_running(self) -> int:
        """Two tasks for each thread, and more where there are few.

        Raises:
            ClusterError: If there has been no worker for long.
        """
        now = time.monotonic()
        if now - self._counted_at >= _COUNT_AGE_S:
            with _explained(self.address):
                self._count = sum(self.client.nthreads().values())
            self._counted_at = now
        if self._count:
            self._seen_at = now
        elif now - self._seen_at > (limit_s := _patience_s()):
            raise ClusterError(
                f"scheduler {self.address}: has had no worker for {limit_s:g} s "
                f"({WAIT_VARIABLE}). Start some with 'dask worker {self.address}', look into "
                "their log, and go on with --resume"
            )
        return max(_AHEAD, 2 * self._count)

    def share(self, value: Any) -> Any:
        """Return the future of a task that gives ``value``: lost with a worker, it is run again."""
        from dask import config
        from distributed.protocol.pickle import dumps

        packed = uuid.uuid4().hex, dumps(value)
        with config.set({"distributed.admin.large-graph-warning-threshold": _MAX_SHARED}):
            return self.client.submit(tuple, packed, pure=False)

    def submit(self, task: Callable, keep: Callable, shared: Any, item: Any) -> Future[Any]:
        """Hand out a task."""
        from distributed.protocol.pickle import dumps

        packed = dumps(partial(run_task, self.worker_check, task, keep, item))
        return self.executor.submit(by_value(), packed, shared)

    def collect(self, keep: Callable, future: Future[Any]) -> Any:
        """Return ``keep`` of the result of a task, computed by the worker."""
        with _explained(self.address):
            return future.result()


def _patience_s() -> float:
    return float(os.environ.get(WAIT_VARIABLE, DEFAULT_WAIT_S))


@contextmanager
def cluster_at(address: str, folder: Path) -> Iterator[Cluster]:
    """Connect to a scheduler; tasks that run when the context ends are cancelled.

    Args:
        address: Of the scheduler, such as ``tcp://node1:8786``.
        folder: Output folder.

    Raises:
        UsageError: If the address is none.
        ClusterError: If the scheduler does not answer, or is lost; or a worker may not take part.
    """
    with _quiet_client(), _connected(address) as client, _marked(folder) as mark:
        executor = client.get_executor(pure=False)
        try:
            yield Cluster(client, executor, WorkerCheck(mark, environment_digest()), address)
        finally:
            executor.shutdown(wait=False)


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    from distributed import Client
    from distributed.comm.addressing import parse_address
    from distributed.comm.registry import get_backend

    try:
        get_backend(parse_address(address)[0])
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except ValueError as cause:
        raise UsageError(
            f"scheduler {address!r} is no address ({cause}); expected one such as tcp://node1:8786"
        ) from cause
    except (OSError, TimeoutError) as cause:
        raise ClusterError(
            f"scheduler {address}: does not answer within {CONNECT_S:g} s. Start one with 'dask "
            "scheduler' and workers with 'dask worker', or check the address and the network"
        ) from cause
    try:
        yield client
    finally:
        client.close(timeout=CONNECT_S)


@contextmanager
def _quiet_client() -> Iterator[None]:
    """Silence the traceback of dask's client for errors that are raised as ``ClusterError``."""
    import_module("distributed")  # which sets its loggers up
    logger = logging.getLogger("distributed.client")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _marked(folder: Path) -> Iterator[Path]:
    """Leave a file that nobody else can have; a later start sweeps it, should it be left."""
    mark = folder.absolute() / f".{uuid.uuid4().hex}{TEMPORARY_SUFFIX}"
    mark.touch()
    try:
        yield mark
    finally:
        mark.unlink(missing_ok=True)


@contextmanager
def _explained(address: str) -> Iterator[None]:
    """Raise dask's errors about lost workers or schedulers as ``ClusterError``."""
    from distributed import KilledWorker
    from distributed.comm.core import CommClosedError

    try:
        yield
    except KilledWorker as cause:
        raise ClusterError(
            f"scheduler {address}: one task has ended several workers, the last of them "
            f"{cause.last_worker.address}. Look into its log: most often its memory was too "
            "small. What is written is whole: go on with --resume"
        ) from cause
    except (CancelledError, CommClosedError, TimeoutError) as cause:
        reason = str(cause) or type(cause).__name__
        raise ClusterError(
            f"scheduler {address}: was lost ({reason}). What is written is whole: start it again, "
            "and go on with --resume"
        ) from cause
    except (ImportError, AttributeError) as cause:
        raise ClusterError(
            f"scheduler {address}: a worker lacks code of this process ({cause}). Install the same "
            "radarseq there, with what it needs"
        ) from cause
