"""Rows to compute, parts of a batch for threads, and buffers, for all compiled layers."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from radarseq.models.backbones.wavenet import required_steps
from radarseq.models.engines.cpu.matmul import Floats

_MAX_SIZES = 4  # those of a batch, of the last one of an epoch, and of a few sequences
_MAX_FREE = 2  # of one size: more forwards seldom wait for their backward
_MIN_CELLS = 1024  # steps times sequences: for fewer, the call costs more than the layers
_MIN_PART = 32  # sequences whose gradients are summed separately
_MAX_PARTS = 16

Indices: TypeAlias = NDArray[np.int64]
Shape: TypeAlias = tuple[int, ...]


@lru_cache(maxsize=64)
def plan_rows(
    steps: int, dilations: tuple[int, ...], *, last: bool
) -> tuple[Indices, Indices, Indices, Indices]:
    """Return the rows that each layer of a WaveNet computes.

    Args:
        steps: Of the input.
        dilations: Of the layers.
        last: Whether the last step's output alone is computed.

    Returns:
        The steps that are needed; for each layer the rows at which its output is computed, the
        rows one dilation before, -1 for silence, and their number.
    """
    if last:
        needed, rows = required_steps(steps, dilations)
    else:
        needed = every = tuple(range(steps))
        rows = [(every, tuple(n - d if n >= d else steps for n in every)) for d in dilations]
    present = np.zeros((len(rows), len(needed)), np.int64)
    past, available = np.full_like(present, -1), len(needed)
    for layer, (at, before) in enumerate(rows):
        present[layer, : len(at)] = at
        past[layer, : len(at)] = [-1 if row >= available else row for row in before]
        available = len(at)
    return np.array(needed), present, past, np.array([len(at) for at, _ in rows])


def is_large_enough(x: Tensor) -> bool:
    """Return whether compiled layers support features (step, batch, feature), and are faster."""
    compute_dtype = torch.is_autocast_enabled(x.device.type)
    return x.dtype == torch.float32 and not compute_dtype and len(x) * x.shape[1] >= _MIN_CELLS


def count_parts(batch: int) -> int:
    """Return the number of parts of a training batch, which depends on its size alone.

    Each part sums gradients of its own, so that any number of threads gives the same bytes.
    """
    return max(1, min(_MAX_PARTS, batch // _MIN_PART))


def part_edges(batch: int, parts: int, block: int) -> list[int]:
    """Return the edges of the parts of a batch: whole blocks, about as many in each part."""
    blocks = -(-batch // block)
    return [min(batch, blocks * part // parts * block) for part in range(parts + 1)]


def as_array(values: Tensor) -> Floats:
    """Return the values in the order of their axes, without a copy where they are in it already."""
    return np.ascontiguousarray(values.detach().numpy())


def run_in_threads(work: Callable[[int], object], parts: int) -> None:
    """Call ``work`` for each part, on as many threads as torch uses."""
    queue, helpers = iter(range(parts)), min(torch.get_num_threads(), parts) - 1

    def run() -> None:
        for part in queue:  # shared: each part goes to the next free thread
            work(part)

    if helpers < 1:
        run()
        return
    with ThreadPoolExecutor(helpers) as pool:
        futures = [pool.submit(run) for _ in range(helpers)]
        run()
        for future in futures:
            future.result()


class BufferPool:
    """Float32 arrays that are reused, so that an iteration asks the system for no memory.

    Arrays that are not released are freed as usual. A copy of a pool is empty.
    """

    def __init__(self) -> None:
        self._lock, self._free = Lock(), dict[tuple[Shape, ...], list[list[Floats]]]()

    def acquire(self, *shapes: Shape) -> list[Floats]:
        """Return arrays of these shapes, with any values."""
        with self._lock:
            free = self._free.get(shapes)
            if free:
                return free.pop()
        return [np.empty(shape, np.float32) for shape in shapes]

    def release(self, arrays: Sequence[Floats]) -> None:
        """Store arrays for the next call that acquires such shapes."""
        shapes = tuple(array.shape for array in arrays)
        with self._lock:
            if shapes not in self._free and len(self._free) >= _MAX_SIZES:
                self._free.clear()  # of batches of other sizes
            free = self._free.setdefault(shapes, [])
            if len(free) < _MAX_FREE:
                free.append(list(arrays))

    def run_parts(
        self, work: Callable[..., object], edges: list[int], shapes: Sequence[Shape], *, save: bool
    ) -> list[Floats] | None:
        """Call ``work(first, end, *buffers)`` for each part of a batch, in threads.

        Args:
            work: Computes sequences ``first`` to ``end``.
            edges: Of the parts.
            shapes: Of the buffers.
            save: Whether all parts share the buffers, which are returned for the gradient; else
                each part borrows its own.
        """
        saved = self.acquire(*shapes) if save else None

        def run(part: int) -> None:
            buffers = self.acquire(*shapes) if saved is None else saved
            work(edges[part], edges[part + 1], *buffers)
            if saved is None:
                self.release(buffers)

        run_in_threads(run, len(edges) - 1)
        return saved

    def __deepcopy__(self, memo: object) -> "BufferPool":
        return BufferPool()

    def __reduce__(self) -> tuple[type["BufferPool"], tuple[()]]:
        return BufferPool, ()


def take_buffers(ctx: Any) -> list[Floats]:
    """Return the buffers of a forward, ``ctx.buffers``, which its backward overwrites.

    Raises:
        RuntimeError: If they were taken before.
    """
    if ctx.buffers is None:
        raise RuntimeError("backward through compiled layers a second time: it is possible once")
    buffers, ctx.buffers = ctx.buffers, None
    return buffers
