"""Arrays that stay in their file: a part is read on access, and then released.

They hold a path and no open file, so that they can be sent to another process.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Key = tuple[slice, ...]  # one slice for each axis, each with both ends and a step of 1


@dataclass(frozen=True)
class LazyArray:
    """An array whose parts are read from a file.

    Attributes:
        shape: Of the whole.
        dtype: Of the parts that are returned.
        read: Returns the part at a key, a new array.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[Key], NDArray[Any]]

    def __getitem__(self, key: slice | tuple[slice, ...]) -> NDArray[Any]:
        """Return a part; axes without a slice are taken whole."""
        slices = key if isinstance(key, tuple) else (key,)
        slices += (slice(None),) * (self.ndim - len(slices))
        return self.read(
            tuple(slice(*k.indices(n)[:2]) for k, n in zip(slices, self.shape, strict=True))
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the whole."""
        if copy is False:
            raise ValueError("an array in a file cannot be read without a copy")
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


Samples = NDArray[Any] | LazyArray
_PART_BYTES = 16 << 20


def read_whole(samples: Samples, max_bytes: int | None = None) -> None:
    """Read an array part by part, to check that it can be read.

    Args:
        samples: The array.
        max_bytes: Read about so much from the start, and the end; None for all.
    """
    count = samples.shape[0]
    row_bytes = max(1, samples.size // max(count, 1) * samples.dtype.itemsize)
    rows = max(1, _PART_BYTES // row_bytes)
    starts = range(0, count, rows)
    parts = len(starts) if max_bytes is None else max(1, max_bytes // (rows * row_bytes))
    for start in [*starts[:parts], *starts[max(parts, len(starts) - 1) :]]:
        samples[start : min(start + rows, count)]


def map_flat_file(
    path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int = 0, order: str = "C"
) -> LazyArray:
    """Return an array whose values lie in a file one after the other.

    Args:
        path: The file.
        dtype: Of the values as stored.
        shape: Of the array.
        offset: Bytes before the first value.
        order: ``F`` if the first axis varies fastest, else ``C``.
    """
    return LazyArray(shape, dtype, partial(_read_flat, path, dtype, shape, offset, order))


def _read_flat(
    path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int, order: Any, key: Key
) -> NDArray[Any]:
    slow = len(shape) - 1 if order == "F" else 0
    item = dtype.itemsize * math.prod(shape) // max(shape[slow], 1)
    count = key[slow].stop - key[slow].start
    mapped_shape = tuple(count if axis == slow else n for axis, n in enumerate(shape))
    if not math.prod(mapped_shape):
        return np.empty([k.stop - k.start for k in key], dtype)
    # Mapped anew each time, and no more than needed along the slowest axis: pages that were read
    # do not stay with the process.
    mapped = np.memmap(path, dtype, "r", offset + key[slow].start * item, mapped_shape, order)
    return np.array(mapped[tuple(slice(None) if axis == slow else k for axis, k in enumerate(key))])


def map_values(
    samples: Samples, dtype: np.dtype[Any], function: Callable[[NDArray[Any]], NDArray[Any]]
) -> Samples:
    """Return an array with each value converted: now if in memory, else when it is read."""
    if isinstance(samples, np.ndarray):
        return function(samples)
    return LazyArray(samples.shape, dtype, partial(_read_mapped, samples, function))


def _read_mapped(
    samples: Samples, function: Callable[[NDArray[Any]], NDArray[Any]], key: Key
) -> NDArray[Any]:
    return function(samples[key])


def pair_to_complex(samples: Samples, dtype: np.dtype[Any]) -> LazyArray:
    """Return an array whose last axis is re, im, re, im, ... as complex numbers."""
    shape = (*samples.shape[:-1], samples.shape[-1] // 2)
    return LazyArray(shape, dtype, partial(_read_pairs, samples, dtype))


def _read_pairs(samples: Samples, dtype: np.dtype[Any], key: Key) -> NDArray[Any]:
    pairs = samples[(*key[:-1], slice(2 * key[-1].start, 2 * key[-1].stop))]
    numbers = np.empty((*pairs.shape[:-1], pairs.shape[-1] // 2), dtype)
    numbers.real, numbers.imag = pairs[..., 0::2], pairs[..., 1::2]
    return numbers


def transpose(samples: Samples, order: Sequence[int]) -> LazyArray:
    """Return an array with its axes in another order, as ``numpy.transpose`` does."""
    shape = tuple(samples.shape[axis] for axis in order)
    return LazyArray(shape, samples.dtype, partial(_read_transposed, samples, order))


def _read_transposed(samples: Samples, order: Sequence[int], key: Key) -> NDArray[Any]:
    slices = [slice(None)] * len(key)
    for own, axis in zip(key, order, strict=True):
        slices[axis] = own
    return samples[tuple(slices)].transpose(order)


def squeeze_last(samples: Samples) -> LazyArray:
    """Return an array whose last axis has length 1, without that axis."""
    return LazyArray(samples.shape[:-1], samples.dtype, partial(_read_squeezed, samples))


def _read_squeezed(samples: Samples, key: Key) -> NDArray[Any]:
    return samples[(*key, slice(0, 1))][..., 0]


def concatenate(arrays: Sequence[Samples]) -> Samples:
    """Return arrays of one dtype one after the other along the first axis."""
    if len(arrays) == 1:
        return arrays[0]
    shape = (sum(array.shape[0] for array in arrays), *arrays[0].shape[1:])
    return LazyArray(shape, arrays[0].dtype, partial(_read_concatenated, arrays))


def _read_concatenated(arrays: Sequence[Samples], key: Key) -> NDArray[Any]:
    parts, first = [], 0
    for array in arrays:
        start, stop = max(key[0].start - first, 0), min(key[0].stop - first, array.shape[0])
        if start < stop:
            parts.append(array[(slice(start, stop), *key[1:])])
        first += array.shape[0]
    if not parts:
        return arrays[0][(slice(0, 0), *key[1:])]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
