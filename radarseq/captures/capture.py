"""One recording in memory, and the checks that every reader ends in."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.captures.faults import CaptureFault
from radarseq.captures.reading import FEATURE_AXES, STEP_AXIS, Reading, parse_layout
from radarseq.dataset.schema import SAMPLE_AXES

LARGEST_BYTES = 8 << 30
_LARGEST_RATIO = 1100  # deflate, in zip, gzip and MATLAB files, packs at most 1032 to 1
_COMPLEX_FIELDS = ({"real", "imag"}, {"re", "im"}, {"r", "i"})


@dataclass(frozen=True)
class Capture:
    """A recording as somebody's receiver wrote it.

    Attributes:
        samples: Real floats, integers or complex numbers, one axis per name in ``axes``.
        axes: Names of the axes, such as ``("frame", "step", "point")``.
        sample_axis: ``slow_time``, ``fast_time`` or ``step``: what a step is.
        sample_interval_s: Time from step to step [s]; 0 where it is not known.
        carrier_hz: Carrier frequency [Hz]; 0 where it is not known.
        source: The file.
        tx: What was transmitted, complex, with the axes of ``samples``, or these without the
            features; None where it is not known.
        row_labels: A label for each index of the first axis, or one for the whole; else None.
    """

    samples: NDArray[Any]
    axes: tuple[str, ...]
    sample_axis: str
    sample_interval_s: float
    carrier_hz: float
    source: Path
    tx: NDArray[Any] | None = None
    row_labels: list[str] | None = None


def make_capture(
    path: Path,
    samples: NDArray[Any],
    reading: Reading,
    *,
    layout: str,
    sample_axis: str = STEP_AXIS,
    sample_interval_s: float = 0.0,
    carrier_hz: float = 0.0,
    tx: NDArray[Any] | None = None,
    row_labels: list[str] | None = None,
) -> Capture:
    """Return a checked capture: what a file said, and over it what ``reading`` says.

    Args:
        path: The file.
        samples: The array as it was stored.
        reading: How it is to be read.
        layout: Names of the axes by the file's format, where ``reading`` gives none.
        sample_axis: By the file; likewise the interval [s] and the carrier [Hz].
        sample_interval_s: 0 where the file does not say.
        carrier_hz: 0 where the file does not say.
        tx: Transmitted samples, if the file has them.
        row_labels: One for each index of the first axis, or one for all.

    Raises:
        CaptureFault: If the array is empty, not numeric, without a finite value, or does not fit
            the layout; or if a rate is absurd.
    """
    samples = _samples(path, samples, reading)
    axes = _axes(path, samples.shape, reading.layout or layout)
    if tx is not None:
        tx = as_numbers(path, tx)
        _check_tx(path, samples, tx, axes)
    _check_labels(path, row_labels, axes, reading)
    interval = _number(path, "sample interval", reading.sample_interval_s or sample_interval_s)
    carrier = _number(path, "carrier frequency", reading.carrier_hz or carrier_hz)
    axis = reading.sample_axis or sample_axis
    _check_sample_axis(path, axis)
    return Capture(samples, axes, axis, interval, carrier, path, tx, row_labels)


def as_numbers(path: Path, array: NDArray[Any]) -> NDArray[Any]:
    """Return an array as real or complex numbers; pairs of named fields become complex.

    Raises:
        CaptureFault: If it holds anything else.
    """
    if array.dtype.kind in "iufc":
        return array
    if array.dtype.names and {name.lower() for name in array.dtype.names} in _COMPLEX_FIELDS:
        real, imag = sorted(array.dtype.names, key=lambda name: not name.lower().startswith("r"))
        if all(array.dtype[name].kind in "iuf" for name in (real, imag)):
            wide = any(array.dtype[name].itemsize > 4 for name in (real, imag))
            numbers = np.empty(array.shape, np.complex128 if wide else np.complex64)
            numbers.real, numbers.imag = array[real], array[imag]
            return numbers
    raise CaptureFault(
        path,
        f"holds values of type {array.dtype}; expected real or complex numbers",
        "Name another array, or store it as numbers",
    )


def check_size(path: Path, what: str, shape: tuple[int, ...], itemsize: int, stored: int) -> None:
    """Refuse an array that claims more than can be held, or than its stored bytes can hold.

    Args:
        path: The file.
        what: The array's name, for the message.
        shape: As declared.
        itemsize: Bytes per value.
        stored: Bytes that the file spends on it, perhaps compressed.

    Raises:
        CaptureFault: If the claim is not plausible.
    """
    claimed = math.prod(shape) * itemsize
    if claimed > LARGEST_BYTES:
        raise CaptureFault(
            path,
            f"{what} has shape {shape}, {claimed / 1e9:.1f} GB; expected at most "
            f"{LARGEST_BYTES / 1e9:.1f} GB",
            "Cut the recording into several files",
        )
    if claimed > stored * _LARGEST_RATIO:
        raise CaptureFault(
            path,
            f"{what} claims shape {shape}, {claimed} bytes, but only {stored} bytes are stored",
            "It is damaged or was never written; record or export it again",
        )


def _samples(path: Path, samples: NDArray[Any], reading: Reading) -> NDArray[Any]:
    if samples.size == 0:
        raise CaptureFault(path, f"is empty: the array has shape {samples.shape}", "Leave it out")
    samples = as_numbers(path, samples)
    if reading.interleaved:
        samples = _complex_pairs(path, samples)
    if not np.isfinite(samples).any():
        raise CaptureFault(path, "holds no finite sample", "Leave it out, or record it again")
    return samples


def _complex_pairs(path: Path, samples: NDArray[Any]) -> NDArray[Any]:
    if samples.dtype.kind == "c":
        raise CaptureFault(path, "is complex already", "Leave interleaved out")
    if samples.ndim == 0 or samples.shape[-1] % 2:
        raise CaptureFault(
            path,
            f"has shape {samples.shape}; re, im, re, im, ... needs an even last axis",
            "If a column is a label, name it with label_column; else leave interleaved out",
        )
    pairs = np.ascontiguousarray(samples, dtype=np.float64)
    return pairs.view(np.complex128)  # (..., 2 n) -> (..., n)


def _axes(path: Path, shape: tuple[int, ...], layout: str) -> tuple[str, ...]:
    axes = parse_layout(layout)
    if len(axes) != len(shape):
        raise CaptureFault(
            path,
            f"the array has shape {shape}, but the layout {layout!r} names {len(axes)} axes",
            "Give a layout with one name for each axis, such as 'row,step' or 'step,channel'",
        )
    return axes


def _check_tx(path: Path, samples: NDArray[Any], tx: NDArray[Any], axes: tuple[str, ...]) -> None:
    plain = tuple(
        n for n, axis in zip(samples.shape, axes, strict=True) if axis not in FEATURE_AXES
    )
    if tx.dtype.kind != "c" or tx.shape not in (samples.shape, plain):
        raise CaptureFault(
            path,
            f"tx is {tx.dtype} of shape {tx.shape}; expected complex of shape {plain}, as rx",
            "Store tx beside rx row by row, or leave it out",
        )


def _check_labels(
    path: Path, labels: list[str] | None, axes: tuple[str, ...], reading: Reading
) -> None:
    if labels is None and reading.label_column is not None:
        raise CaptureFault(
            path, "has no columns of text to take a label from", "Leave label_column out"
        )
    if labels and len(labels) > 1 and axes[0] in (STEP_AXIS, *FEATURE_AXES):
        raise CaptureFault(
            path,
            f"has labels along its first axis, which the layout names {axes[0]!r}",
            "Choose a layout whose first axis is rows",
        )


def _check_sample_axis(path: Path, axis: str) -> None:
    if axis not in SAMPLE_AXES:
        raise CaptureFault(
            path, f"says sample_axis {axis!r}; expected one of {SAMPLE_AXES}", "Give sample_axis"
        )


def _number(path: Path, what: str, value: float) -> float:
    if not (math.isfinite(value) and value >= 0):
        raise CaptureFault(path, f"gives a {what} of {value}", f"Give the {what} yourself")
    return float(value)
