"""Several processes that train one network together: each takes its rows of every batch.

Started by ``torchrun``, which tells each process its number. Losses are sums over a process's own
rows divided by the count of all rows, so that gradients added up are those of the whole batch: the
run is the same function of its data and settings on one process as on many. Process 0 alone writes.

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
DEFAULT_TIMEOUT_S = 600.0  # longer than process 0 takes to judge and to write an epoch


@dataclass(frozen=True)
class ProcessGroup:
    """The processes of a run.

    Attributes:
        number: Of this process, from 0.
        count: Of all of them.
    """

    number: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process judges and writes."""
        return self.number == 0

    def part(self, rows: int) -> slice:
        """Return which rows of a batch are this process's; the processes' parts make up all."""
        first, after = (n * rows // self.count for n in (self.number, self.number + 1))
        return slice(first, after)

    def check_batches(self, examples: int, batch_size: int) -> None:
        """Refuse batches that leave a process without a row.

        Raises:
            UsageError: Naming the batch, and what to change.
        """
        left = examples % batch_size
        smallest = min(batch_size, left or batch_size)
        if smallest < self.count:
            raise UsageError(
                f"{examples} examples in batches of {batch_size} leave {smallest} in a batch, "
                f"fewer than the {self.count} processes. Choose another batch_size, or fewer "
                "processes"
            )

    def summed(self, values: Tensor) -> Tensor:
        """Return the sum of a tensor over the processes."""
        if self.count == 1:
            return values
        total = values.clone()
        with _answered():
            distributed.all_reduce(total)
        return total

    def summed_with_gradient(self, values: Tensor) -> Tensor:
        """Return ``summed`` as an operation of which gradients are taken.

        Each process's loss depends on the sum, so that the gradient of a process's values is the
        sum of the gradients of all.
        """
        return values if self.count == 1 else _Summed.apply(values, self)

    def all_reduce(self, tensors: Iterable[Tensor]) -> None:
        """Sum tensors over the processes, in place, in one message."""
        own = list(tensors)
        if self.count == 1 or not own:
            return
        total = self.summed(torch.cat([values.reshape(-1).to(own[0].dtype) for values in own]))
        for values, summed in zip(own, total.split([v.numel() for v in own]), strict=True):
            values.copy_(summed.view_as(values))

    def broadcast(self, tensors: Iterable[Tensor]) -> None:
        """Give every process the tensors of the first, in place."""
        if self.count == 1:
            return
        with _answered():
            for values in tensors:
                distributed.broadcast(values, src=0)

    def on_rank_zero(self, work: Callable[[], T]) -> T:
        """Return what the first process makes; the others wait for it.

        Raises:
            RanksError: If the first process fails; there it is the failure itself.
        """
        if self.count == 1:
            return work()
        told: list[Any] = [None, ""]
        fault = None
        if self.is_first:
            try:
                told[0] = work()
            except Exception as raised:
                fault, told[1] = raised, f"{type(raised).__name__}: {raised}"
        with _answered():
            distributed.broadcast_object_list(told, src=0)
        _end_with([told[1]], fault)
        return told[0]

    def on_all_ranks(self, work: Callable[[], T]) -> T:
        """Return what ``work`` gives in this process, once it has gone well in all.

        Raises:
            RanksError: If it failed in another process; in that one it is the failure itself.
        """
        if self.count == 1:
            return work()
        result, fault = None, None
        try:
            result = work()
        except Exception as raised:
            fault = raised
        told: list[Any] = [None] * self.count
        with _answered():
            distributed.all_gather_object(told, "" if fault is None else str(fault) or repr(fault))
        _end_with(told, fault)
        return result  # type: ignore[return-value]


class _Summed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, group: ProcessGroup) -> Tensor:
        ctx.group = group
        return group.summed(values)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None]:
        return ctx.group.summed(slopes[0]), None


ALONE = ProcessGroup()


def requested_group() -> ProcessGroup:
    """Return the number of this process and the count of all, as ``torchrun`` told them.

    Raises:
        UsageError: If what the environment says makes no sense.
    """
    texts = [os.environ.get(name) for name in ("RANK", "WORLD_SIZE")]
    if None in texts:
        return ALONE
    try:
        number, count = (int(text) for text in texts if text is not None)
    except ValueError:
        number = count = -1
    if not 0 <= number < count:
        raise UsageError(
            f"RANK is {texts[0]!r} of WORLD_SIZE {texts[1]!r}; expected a number from 0 to below "
            "the count. Start with torchrun, or unset both"
        )
    return ProcessGroup(number, count)


def join(device: torch.device) -> ProcessGroup:
    """Return the processes of this run, connected; one process alone connects to nothing.

    On CUDA they speak through NCCL, else through Gloo. The connection lasts as long as the process.

    Raises:
        RanksError: If the others cannot be reached.
    """
    group = requested_group()
    if group.count == 1 or distributed.is_initialized():
        return group
    timeout = timedelta(seconds=float(os.environ.get(TIMEOUT_VARIABLE, DEFAULT_TIMEOUT_S)))
    with _answered():
        # Both: what is no tensor goes through Gloo, also where tensors go through NCCL.
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        distributed.init_process_group(backend, timeout=timeout)
    atexit.register(_leave)
    return group


def _leave() -> None:
    """Close the connection: its threads must not outlive the interpreter."""
    atexit.unregister(_leave)
    if distributed.is_initialized():
        distributed.destroy_process_group()


def _end_with(told: list[str], fault: Exception | None) -> None:
    """Raise what ends this process if any has failed: its own fault, or what the other told."""
    for number, message in enumerate(told):
        if message:
            atexit.register(_end_at_once)
            raise fault or ProcessGroupError(
                f"process {number} failed, and this one ends with it: {message}"
            )


def _end_at_once() -> None:
    """End with the status of a failure, past the teardown of libraries.

    Threads of a connection whose other end has died or is leaving may still be about, and torch
    then aborts the process when their handles are destroyed, which would hide the status.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_FAILURE)


@contextmanager
def _answered() -> Iterator[None]:
    """Put into words that another process has ended, or does not answer."""
    try:
        yield
    except (RuntimeError, ValueError) as fault:  # torch's errors of networks are RuntimeErrors
        reason = (str(fault) or repr(fault)).strip().splitlines()[0]
        reason = re.sub(r"^\[[^\]]*\]\s*", "", reason)  # where in torch's source
        traceback.clear_frames(fault.__traceback__)  # they hold what the connection has to let go
        _leave()
        atexit.register(_end_at_once)
        raise ProcessGroupError(
            "another process of this run has ended or does not answer "
            f"({TIMEOUT_VARIABLE} is {os.environ.get(TIMEOUT_VARIABLE, DEFAULT_TIMEOUT_S)}): "
            f"{reason}. What was saved is whole: start all of them again with --resume"
        ) from fault
