"""Distributed training: several processes train one network, each on its rows of every batch.

Started by ``torchrun``, which gives each process its rank. A loss is the sum over a process's own
rows divided by the number of rows of the whole batch, so that the sum of the gradients is that of
the whole batch: a run is the same function of its data and settings on one process as on many.
Only rank 0 writes.

Reference:
    Li et al., "PyTorch Distributed: experiences on accelerating data parallel training", 2020.
"""

import atexit
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed

from radarseq.errors import EXIT_FAILURE, ProcessGroupError, UsageError

T = TypeVar("T")
TIMEOUT_VARIABLE = "RADARSEQ_RANK_TIMEOUT_S"
DEFAULT_TIMEOUT_S = 600.0  # longer than rank 0 takes to validate and to write an epoch


@dataclass(frozen=True)
class ProcessGroup:
    """The processes of a run.

    Attributes:
        rank: Of this process, from 0.
        world_size: Number of processes.
    """

    rank: int = 0
    world_size: int = 1

    @property
    def is_rank_zero(self) -> bool:
        """Whether this process validates and writes."""
        return self.rank == 0

    def local_rows(self, rows: int) -> slice:
        """Return this process's rows of a batch; the slices of all processes cover the batch."""
        first, after = (n * rows // self.world_size for n in (self.rank, self.rank + 1))
        return slice(first, after)

    def check_batches(self, examples: int, batch_size: int) -> None:
        """Refuse batches that leave a process without a row.

        Raises:
            UsageError: Naming the batch, and what to change.
        """
        smallest = min(batch_size, examples % batch_size or batch_size)
        if smallest < self.world_size:
            raise UsageError(
                f"{examples} examples in batches of {batch_size} leave {smallest} in a batch, "
                f"fewer than the {self.world_size} processes. Choose another batch_size, or fewer "
                "processes"
            )

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum of a tensor over the processes; the argument is left as it is."""
        if self.world_size == 1:
            return values
        total = values.clone()
        with _explain_lost_process():
            distributed.all_reduce(total)
        return total

    def sum_with_gradient(self, values: Tensor) -> Tensor:
        """Return ``sum`` as a differentiable operation.

        The loss of each process depends on the sum, so that the gradient of a process's values is
        the sum of the gradients of all.
        """
        return values if self.world_size == 1 else _DifferentiableSum.apply(values, self)

    def all_reduce(self, tensors: Iterable[Tensor]) -> None:
        """Sum tensors over the processes, in place, in one message."""
        own = list(tensors)
        if self.world_size == 1 or not own:
            return
        total = self.sum(torch.cat([values.reshape(-1).to(own[0].dtype) for values in own]))
        for values, reduced in zip(own, total.split([v.numel() for v in own]), strict=True):
            values.copy_(reduced.view_as(values))

    def broadcast(self, tensors: Iterable[Tensor]) -> None:
        """Copy the tensors of rank 0 into those of every process."""
        if self.world_size == 1:
            return
        with _explain_lost_process():
            for values in tensors:
                distributed.broadcast(values, src=0)

    def on_rank_zero(self, work: Callable[[], T]) -> T:
        """Run ``work`` on rank 0 and return its result in every process.

        Raises:
            ProcessGroupError: If it fails on rank 0; rank 0 raises the error itself.
        """
        result: Any = self.on_all_ranks(lambda: work() if self.is_rank_zero else None)
        if self.world_size == 1:
            return result
        objects = [result]
        with _explain_lost_process():
            distributed.broadcast_object_list(objects, src=0)
        return objects[0]

    def on_all_ranks(self, work: Callable[[], T]) -> T:
        """Run ``work`` in every process and return its result once all have succeeded.

        Raises:
            ProcessGroupError: If it fails in another process; that process raises the error itself.
        """
        if self.world_size == 1:
            return work()
        result, error = None, None
        try:
            result = work()
        except Exception as raised:
            error = raised
        messages: list[Any] = [None] * self.world_size
        own = "" if error is None else f"{type(error).__name__}: {error}"
        with _explain_lost_process():
            distributed.all_gather_object(messages, own)
        for rank, message in enumerate(messages):
            if message:
                atexit.register(_exit_at_once)
                raise error or ProcessGroupError(
                    f"process {rank} failed, and this one ends with it: {message}"
                )
        return result  # type: ignore[return-value]


class _DifferentiableSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, process_group: ProcessGroup) -> Tensor:
        ctx.process_group = process_group
        return process_group.sum(values)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return ctx.process_group.sum(grads[0]), None


SINGLE_PROCESS = ProcessGroup()


def read_process_group() -> ProcessGroup:
    """Return the rank and the world size that ``torchrun`` has put into the environment.

    Raises:
        UsageError: If they are no such numbers.
    """
    texts = [os.environ.get(name) for name in ("RANK", "WORLD_SIZE")]
    if None in texts:
        return SINGLE_PROCESS
    try:
        rank, world_size = (int(text) for text in texts if text is not None)
    except ValueError:
        rank = world_size = -1
    if not 0 <= rank < world_size:
        raise UsageError(
            f"RANK is {texts[0]!r} of WORLD_SIZE {texts[1]!r}; expected a number from 0 to below "
            "WORLD_SIZE. Start with torchrun, or unset both"
        )
    return ProcessGroup(rank, world_size)


def join_process_group(device: torch.device) -> ProcessGroup:
    """Connect to the other processes of this run; a single process connects to nothing.

    Tensors go through NCCL on CUDA, else through Gloo. The connection lasts as long as the process.

    Raises:
        ProcessGroupError: If the others cannot be reached.
    """
    process_group = read_process_group()
    if process_group.world_size == 1 or distributed.is_initialized():
        return process_group
    timeout = timedelta(seconds=float(os.environ.get(TIMEOUT_VARIABLE, DEFAULT_TIMEOUT_S)))
    with _explain_lost_process():
        # Both: Python objects go through Gloo, also where tensors go through NCCL.
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        distributed.init_process_group(backend, timeout=timeout)
    atexit.register(_disconnect)
    return process_group


def _disconnect() -> None:
    """Close the connection: its threads must not outlive the interpreter."""
    atexit.unregister(_disconnect)
    if distributed.is_initialized():
        distributed.destroy_process_group()


def _exit_at_once() -> None:
    """Exit with the status of a failure, without the teardown of libraries.

    Threads of a connection whose other end has died or is leaving may still be about, and torch
    then aborts the process when their handles are destroyed, which would hide the status.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_FAILURE)


@contextmanager
def _explain_lost_process() -> Iterator[None]:
    """Turn torch's network errors into one that names the cause and the way on."""
    try:
        yield
    except (RuntimeError, ValueError) as error:  # torch's errors of networks are RuntimeErrors
        reason = (str(error) or repr(error)).strip().splitlines()[0]
        reason = re.sub(r"^\[[^\]]*\]\s*", "", reason)  # where in torch's source
        traceback.clear_frames(error.__traceback__)  # they hold what the connection has to let go
        _disconnect()
        atexit.register(_exit_at_once)
        raise ProcessGroupError(
            "another process of this run has ended or does not answer "
            f"({TIMEOUT_VARIABLE} is {os.environ.get(TIMEOUT_VARIABLE, DEFAULT_TIMEOUT_S)}): "
            f"{reason}. What was saved is whole: start all of them again with --resume"
        ) from error
