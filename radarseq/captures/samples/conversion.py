"""Converts values as files store them to real and complex numbers."""

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.captures.errors import RecordingError
from radarseq.captures.samples.lazy_array import Samples, map_values, pair_to_complex

_COMPLEX_FIELDS = ({"real", "imag"}, {"re", "im"}, {"r", "i"})
_WRAP = 1 << 16

Scale = tuple[float, float]


def as_numbers(path: Path, array: Samples) -> Samples:
    """Return an array as real or complex numbers; pairs of named fields become complex.

    Raises:
        RecordingError: If it holds anything else.
    """
    dtype = array.dtype
    if dtype.kind in "iufc":
        return array
    if dtype.names and {name.lower() for name in dtype.names} in _COMPLEX_FIELDS:
        if all(dtype[name].kind in "iuf" for name in dtype.names):
            return map_values(array, _complex_dtype(dtype), _fields_to_complex)
    raise RecordingError(
        path,
        f"holds values of type {str(dtype)[:80]}; expected real or complex numbers",
        "Name another array, or store it as numbers",
    )


def _complex_dtype(fields: np.dtype[Any]) -> np.dtype[Any]:
    wide = any(fields[name].itemsize > 4 for name in fields.names or ())
    return np.dtype(np.complex128 if wide else np.complex64)


def _fields_to_complex(values: NDArray[Any]) -> NDArray[Any]:
    names = values.dtype.names or ()
    real, imag = sorted(names, key=lambda name: not name.lower().startswith("r"))
    numbers = np.empty(values.shape, _complex_dtype(values.dtype))
    numbers.real, numbers.imag = values[real], values[imag]
    return numbers


def complex_pairs(path: Path, samples: Samples) -> Samples:
    """Return an array whose last axis is re, im, re, im, ... as complex numbers.

    Raises:
        RecordingError: If it is complex already, or its last axis is odd.
    """
    if samples.dtype.kind == "c":
        raise RecordingError(path, "is complex already", "Leave interleaved out")
    if samples.ndim == 0 or samples.shape[-1] % 2:
        raise RecordingError(
            path,
            f"has shape {samples.shape}; re, im, re, im, ... needs an even last axis",
            "If a column is a label, name it with label_column; else leave interleaved out",
        )
    pairs = pair_to_complex(samples, np.dtype(np.complex128))
    return pairs[()] if isinstance(samples, np.ndarray) else pairs


def unwrap_int16(path: Path, samples: Samples) -> Samples:
    """Return signed 16-bit values that were stored as unsigned ones.

    Real and imaginary parts from 32768 to 65535 become -32768 to -1.
    """
    is_complex = samples.dtype.kind == "c"
    dtype = np.dtype(np.complex64 if is_complex else np.float32)
    return map_values(samples, dtype, partial(_unwrap, path))


def _unwrap(path: Path, values: NDArray[Any]) -> NDArray[Any]:
    is_complex = np.iscomplexobj(values)
    parts = np.stack([np.real(values), np.imag(values)], -1) if is_complex else values
    is_whole = np.isfinite(parts).all() and (parts == np.floor(parts)).all()
    if not is_whole or (parts.size and (parts.min() < 0 or parts.max() >= _WRAP)):
        raise RecordingError(
            path, "holds values that are not unsigned 16-bit integers", "Leave wrapped out"
        )
    signed = parts.astype(np.uint16).view(np.int16).astype(np.float32)
    return np.ascontiguousarray(signed).view(np.complex64)[..., 0] if is_complex else signed


def full_scale_of(dtype: np.dtype[Any]) -> Scale | None:
    """Return the lowest and highest value of an integer type, where a converter clips; else None.

    Zero is not an end of unsigned numbers: they may be counts, in which it is common.
    """
    kinds = {dtype[name] for name in dtype.names} if dtype.names else {dtype}
    if len(kinds) != 1 or (kind := kinds.pop()).kind not in "iu":
        return None
    ends = np.iinfo(kind)
    return (-math.inf if kind.kind == "u" else float(ends.min), float(ends.max))
