"""Arrays that stay in their file: a part is read when it is asked for, and then let go.

They hold a path and no open file, so that they can be sent to another process.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Key = tuple[slice, ...]  # one slice for each axis, each with both ends and a step of 1


class Stored(ABC):
    """An array whose parts are read from a file.

    Attributes:
        shape: Of the whole.
        dtype: Of the parts that are handed out.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @abstractmethod
    def part(self, key: Key) -> NDArray[Any]:
        """Return the part at ``key``, a new array."""

    def __getitem__(self, key: slice | tuple[slice, ...]) -> NDArray[Any]:
        """Return a part; axes that are not named are taken whole."""
        given = key if isinstance(key, tuple) else (key,)
        given += (slice(None),) * (self.ndim - len(given))
        return self.part(
            tuple(slice(*k.indices(n)[:2]) for k, n in zip(given, self.shape, strict=True))
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the whole."""
        if copy is False:
            raise ValueError("an array in a file cannot be had without copying it")
        whole = self[()]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __len__(self) -> int:
        """Return the length of the first axis."""
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of values."""
        return math.prod(self.shape)


Samples = NDArray[Any] | Stored
_PART_BYTES = 16 << 20


def read_whole(samples: Samples, most_bytes: int | None = None) -> None:
    """Read an array part by part, only to see that it can be read.

    Args:
        samples: The array.
        most_bytes: Read about so much from the start, and the end; None for all.
    """
    count = samples.shape[0]
    row_bytes = max(1, samples.size // max(count, 1) * samples.dtype.itemsize)
    rows = max(1, _PART_BYTES // row_bytes)
    starts = range(0, count, rows)
    most = len(starts) if most_bytes is None else max(1, most_bytes // (rows * row_bytes))
    for start in [*starts[:most], *starts[max(most, len(starts) - 1) :]]:
        samples[start : min(start + rows, count)]


@dataclass(frozen=True)
class FlatFile(Stored):
    """Values that lie in a file one behind the other.

    Attributes:
        path: The file.
        dtype: Of the values as they are stored.
        shape: Of the array.
        offset: Bytes before the first value.
        fortran: Whether the first axis varies fastest.
    """

    path: Path
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int = 0
    fortran: bool = False

    def part(self, key: Key) -> NDArray[Any]:
        """Return the part at ``key``."""
        slow = len(self.shape) - 1 if self.fortran else 0
        item = self.dtype.itemsize * math.prod(self.shape) // max(self.shape[slow], 1)
        count = key[slow].stop - key[slow].start
        shape = tuple(count if axis == slow else n for axis, n in enumerate(self.shape))
        if not math.prod(shape):
            return np.empty([k.stop - k.start for k in key], self.dtype)
        # Mapped anew each time, and no more than is asked for along the slowest axis: pages that
        # were read do not stay with the process.
        offset = self.offset + key[slow].start * item
        order = "F" if self.fortran else "C"
        mapped = np.memmap(self.path, self.dtype, "r", offset, shape, order)
        own = tuple(slice(None) if axis == slow else k for axis, k in enumerate(key))
        return np.array(mapped[own])


@dataclass(frozen=True)
class Converted(Stored):
    """Another array, its values changed one by one."""

    source: Samples
    dtype: np.dtype[Any]
    function: Callable[[NDArray[Any]], NDArray[Any]]

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The shape of the source."""
        return self.source.shape

    def part(self, key: Key) -> NDArray[Any]:
        """Return the part at ``key``."""
        return self.function(self.source[key])


@dataclass(frozen=True)
class Paired(Stored):
    """An array whose last axis is re, im, re, im, ... as complex numbers."""

    source: Samples
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The shape of the source, its last axis halved."""
        return (*self.source.shape[:-1], self.source.shape[-1] // 2)

    def part(self, key: Key) -> NDArray[Any]:
        """Return the part at ``key``."""
        last = slice(2 * key[-1].start, 2 * key[-1].stop)
        pairs = self.source[(*key[:-1], last)]
        numbers = np.empty((*pairs.shape[:-1], pairs.shape[-1] // 2), self.dtype)
        numbers.real, numbers.imag = pairs[..., 0::2], pairs[..., 1::2]
        return numbers


@dataclass(frozen=True)
class Permuted(Stored):
    """Another array with its axes in another order, as ``numpy.transpose`` gives it."""

    source: Samples
    order: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """The dtype of the source."""
        return self.source.dtype

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The permuted shape."""
        return tuple(self.source.shape[axis] for axis in self.order)

    def part(self, key: Key) -> NDArray[Any]:
        """Return the part at ``key``."""
        theirs = [slice(None)] * len(key)
        for own, axis in zip(key, self.order, strict=True):
            theirs[axis] = own
        return self.source[tuple(theirs)].transpose(self.order)


@dataclass(frozen=True)
class Joined(Stored):
    """Arrays of one dtype that follow each other along the first axis."""

    sources: tuple[Samples, ...]

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """The dtype of all."""
        return self.sources[0].dtype

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The shape of all together."""
        return (sum(source.shape[0] for source in self.sources), *self.sources[0].shape[1:])

    def part(self, key: Key) -> NDArray[Any]:
        """Return the part at ``key``."""
        parts, first = [], 0
        for source in self.sources:
            start, stop = max(key[0].start - first, 0), min(key[0].stop - first, source.shape[0])
            if start < stop:
                parts.append(source[(slice(start, stop), *key[1:])])
            first += source.shape[0]
        if not parts:
            return self.sources[0][(slice(0, 0), *key[1:])]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


@dataclass(frozen=True)
class WithoutLast(Stored):
    """An array whose last axis has length 1, without that axis."""

    source: Samples

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """The dtype of the source."""
        return self.source.dtype

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The shape of the source but for its last axis."""
        return self.source.shape[:-1]

    def part(self, key: Key) -> NDArray[Any]:
        """Return the part at ``key``."""
        return self.source[(*key, slice(0, 1))][..., 0]
