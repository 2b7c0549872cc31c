"""Runs tasks on threads of this process, or on the workers of a cluster.

A task is a function of a value that all tasks share and of an item of its own. Its result depends
on these alone, so it does not matter where it runs, or in which order.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from radarseq.errors import UsageError

_TICK_S = 0.2
_END = object()


class Workers(Protocol):
    """Executor of tasks."""

    @property
    def is_here(self) -> bool:
        """Whether they share the memory of this process."""
        ...

    @property
    def max_running(self) -> int:
        """How many tasks to have under way, those that wait for a worker among them."""
        ...

    def share(self, value: Any) -> Any:
        """Return a handle of ``value`` for ``submit``; the value is sent once."""
        ...

    def submit(self, task: Callable, keep: Callable, shared: Any, item: Any) -> Future[Any]:
        """Hand out a task."""
        ...

    def collect(self, keep: Callable, future: Future[Any]) -> Any:
        """Return ``keep`` of the result of a task that has ended."""
        ...


@dataclass(frozen=True)
class Threads:
    """Threads of this process; ``keep`` runs on the thread that collects the result."""

    executor: ThreadPoolExecutor
    count: int
    is_here: bool = True

    @property
    def max_running(self) -> int:
        """One more than there are threads: it starts while ``keep`` runs elsewhere."""
        return self.count + 1

    def share(self, value: Any) -> Any:
        """Return the value itself."""
        return value

    def submit(self, task: Callable, keep: Callable, shared: Any, item: Any) -> Future[Any]:
        """Hand out a task."""
        return self.executor.submit(task, shared, item)

    def collect(self, keep: Callable, future: Future[Any]) -> Any:
        """Return ``keep`` of the result."""
        return keep(future.result())


def check_workers(count: int, scheduler: str = "") -> None:
    """Refuse impossible workers before anything is written.

    Raises:
        UsageError: If ``count`` is below 1, or there is a scheduler and no dask.
    """
    if count < 1:
        raise UsageError(f"workers is {count}; expected 1 or more")
    if scheduler and find_spec("distributed") is None:
        raise UsageError(
            f"scheduler {scheduler}: dask.distributed is not installed. "
            "pip install 'radarseq[cluster]'"
        )


@contextmanager
def workers_at(count: int, scheduler: str, folder: Path) -> Iterator[Workers]:
    """Open the workers of a command; when the context ends early, waiting tasks are dropped.

    Args:
        count: Threads of this process, where there is no scheduler.
        scheduler: Address of a dask scheduler, such as ``tcp://node1:8786``; empty for threads.
        folder: Output folder of the command; the workers of a cluster must see it too.

    Raises:
        UsageError: See ``check_workers``; or if the address is none.
        ClusterError: If the scheduler cannot be reached.
    """
    check_workers(count, scheduler)
    if scheduler:
        from radarseq.execution.dask_pool import cluster_at

        with cluster_at(scheduler, folder) as cluster:
            yield cluster
        return
    executor = ThreadPoolExecutor(count)
    try:
        yield Threads(executor, count)
    finally:
        executor.shutdown(cancel_futures=True)


def map_unordered(
    workers: Workers,
    task: Callable[[Any, Any], Any],
    items: Iterable[Any],
    *,
    shared: Any,
    keep: Callable[[Any], Any] = lambda made: made,
    tick: Callable[[], None] | None = None,
) -> Iterator[Any]:
    """Yield ``keep(task(shared, item))`` for each item, as the tasks end.

    Args:
        workers: From ``workers_at``.
        task: Its result may be large.
        items: Drawn one by one, as workers become free.
        shared: For all tasks the same.
        keep: Turns a result into the value that is yielded. A cluster's worker calls it itself,
            so that large results need not travel.
        tick: Called a few times a second.
    """
    waiting, running = iter(items), set[Future[Any]]()
    shared, item = workers.share(shared), None
    while True:
        limit = workers.max_running
        while item is not _END and len(running) < limit:
            if (item := next(waiting, _END)) is not _END:
                running.add(workers.submit(task, keep, shared, item))
        if not running:
            return
        finished, running = wait(running, _TICK_S, FIRST_COMPLETED)
        for future in finished:
            yield workers.collect(keep, future)
        if tick:
            tick()
