"""What compiled layers share: which rows to compute, parts of a batch for threads, and room."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from radarseq.models.backbones.wavenet import cells
from radarseq.models.engines.cpu.matmul import Floats

_SIZES_KEPT = 4  # those of a batch, of the last of an epoch, and of a few sequences
_PLACES_KEPT = 2  # of one size: forwards that wait for their way back are seldom more

_MIN_CELLS = 1024  # steps times sequences: for fewer, the call costs more than the layers
_SIDE = 32  # sequences whose slopes are added up apart, at least
_MAX_PARTS = 16

Indices = NDArray[np.int64]


@lru_cache(maxsize=64)
def plan(
    steps: int, dilations: tuple[int, ...], *, last: bool
) -> tuple[Indices, Indices, Indices, Indices]:
    """Return which cells of a WaveNet to compute.

    Args:
        steps: Of the input.
        dilations: Of the layers.
        last: Whether the last step's output alone is asked for.

    Returns:
        The steps that are needed; for each layer the rows at which its output is asked for, the
        rows of a dilation before, -1 for silence, and how many they are.
    """
    if last:
        needed, rows = cells(steps, dilations)
    else:
        needed = every = tuple(range(steps))
        rows = [(every, tuple(n - d if n >= d else steps for n in every)) for d in dilations]
    now = np.zeros((len(rows), len(needed)), np.int64)
    past, available = np.full_like(now, -1), len(needed)
    for layer, (at, before) in enumerate(rows):
        now[layer, : len(at)] = at
        past[layer, : len(at)] = [-1 if row >= available else row for row in before]
        available = len(at)
    return np.array(needed), now, past, np.array([len(at) for at, _ in rows])


def is_large_enough(x: Tensor) -> bool:
    """Return whether compiled layers take features (step, batch, feature), and gain by it."""
    compute_dtype = torch.is_autocast_enabled(x.device.type)
    return x.dtype == torch.float32 and not compute_dtype and len(x) * x.shape[1] >= _MIN_CELLS


def parts_of(batch: int) -> int:
    """Return into how many parts a training batch goes: by its size alone.

    Each part adds up slopes of its own, so that any number of threads gives the same bytes.
    """
    return max(1, min(_MAX_PARTS, batch // _SIDE))


def as_array(values: Tensor) -> Floats:
    """Return the values in the order of their axes; their own memory where it is in this order."""
    return np.ascontiguousarray(values.detach().numpy())


def in_threads(work: Callable[[int], object], parts: int) -> None:
    """Call ``work`` for each part, on as many threads as torch uses."""
    waiting, others = iter(range(parts)), min(torch.get_num_threads(), parts) - 1

    def take_turns() -> None:
        for part in waiting:  # shared: each part goes to whoever is free
            work(part)

    if others < 1:
        take_turns()
        return
    with ThreadPoolExecutor(others) as pool:
        taken = [pool.submit(take_turns) for _ in range(others)]
        take_turns()
        for one in taken:
            one.result()


def edges_of(batch: int, parts: int, block: int) -> list[int]:
    """Return where the parts of a batch begin and end: at whole blocks, about as many in each."""
    blocks = -(-batch // block)
    return [min(batch, blocks * part // parts * block) for part in range(parts + 1)]


class BufferPool:
    """Arrays that are lent and come back, so that a training step asks the system for no memory.

    What is never given back is simply dropped. A copy of a room is empty.
    """

    def __init__(self) -> None:
        self._lock, self._free = Lock(), dict[tuple[tuple[int, ...], ...], list[list[Floats]]]()

    def acquire(self, *shapes: tuple[int, ...]) -> list[Floats]:
        """Return arrays of these shapes, float32, with anything in them."""
        with self._lock:
            free = self._free.get(shapes)
            if free:
                return free.pop()
        return [np.empty(shape, np.float32) for shape in shapes]

    def release(self, arrays: Sequence[Floats]) -> None:
        """Keep what was lent for the next one who asks for such arrays."""
        shapes = tuple(array.shape for array in arrays)
        with self._lock:
            if shapes not in self._free and len(self._free) >= _SIZES_KEPT:
                self._free.clear()  # of batches of other sizes
            free = self._free.setdefault(shapes, [])
            if len(free) < _PLACES_KEPT:
                free.append(list(arrays))

    def spent(self, ctx: Any) -> list[Floats]:
        """Return what was lent for a way back, ``ctx.lent``, which cannot be taken again.

        Raises:
            RuntimeError: If it was taken before.
        """
        if ctx.lent is None:
            raise RuntimeError("a way back through these layers was taken before: it is for once")
        lent, ctx.lent = ctx.lent, None
        return lent

    def __deepcopy__(self, memo: object) -> "BufferPool":
        return BufferPool()

    def __reduce__(self) -> tuple[type["BufferPool"], tuple[()]]:
        return BufferPool, ()
