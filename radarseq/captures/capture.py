"""One recording, read in parts, and the checks that every reader ends in."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import (
    FEATURE_AXES,
    STEP_AXIS,
    ReadOptions,
    parse_layout,
)
from radarseq.captures.samples.conversion import (
    Scale,
    as_numbers,
    complex_pairs,
    full_scale_of,
    unwrapped,
)
from radarseq.captures.samples.lazy_array import Samples
from radarseq.dataset.schema import SAMPLE_AXES

_WRAPPED_SCALE = (-32768.0, 32767.0)
_INTERVALS_S = (1e-13, 1e7)  # beyond these a rate is a slip, or damage
_MAX_CARRIER_HZ = 1e13


class Mark(NamedTuple):
    """A stretch of a recording that carries a label: steps ``start`` to ``stop``, exclusive."""

    start: int
    stop: int
    label: str


@dataclass(frozen=True)
class Capture:
    """A recording as somebody's receiver wrote it.

    Attributes:
        samples: Real floats, integers or complex numbers, one axis per name in ``axes``; in
            memory, or in the file and read in parts.
        axes: Names of the axes, such as ``("frame", "step", "point")``.
        sample_axis: ``slow_time``, ``fast_time`` or ``step``: what a step is.
        sample_interval_s: Time from step to step [s]; 0 where it is not known.
        carrier_hz: Carrier frequency [Hz]; 0 where it is not known.
        source: The file, or the folder.
        tx: What was transmitted, complex, with the axes of ``samples``, or these without the
            features; None where it is not known.
        row_labels: A label for each index of the first axis, or one for the whole; else None.
        full_scale: Least and largest value of the converter; None where it is not known.
        fill: The value that the format writes for missing samples; None where there is none.
        breaks: Steps before which time is missing, in ascending order.
        marks: Labelled stretches.
        assumed: What the file does not say and was taken as usual, each with the option that
            changes it.
    """

    samples: Samples
    axes: tuple[str, ...]
    sample_axis: str
    sample_interval_s: float
    carrier_hz: float
    source: Path
    tx: Samples | None = None
    row_labels: list[str] | None = None
    full_scale: Scale | None = None
    fill: complex | None = None
    breaks: tuple[int, ...] = ()
    marks: tuple[Mark, ...] = ()
    assumed: tuple[str, ...] = ()


def make_capture(
    path: Path,
    samples: Samples,
    reading: ReadOptions,
    *,
    layout: str,
    layout_is_declared: bool = False,
    sample_axis: str = "",
    sample_interval_s: float = 0.0,
    carrier_hz: float = 0.0,
    tx: Samples | None = None,
    row_labels: list[str] | None = None,
    full_scale: Scale | None = None,
    fill: complex | None = None,
    breaks: tuple[int, ...] = (),
    marks: tuple[Mark, ...] = (),
    assumed: tuple[str, ...] = (),
) -> Capture:
    """Return a checked capture: what a file said, and over it what ``reading`` says.

    Args:
        path: The file.
        samples: The array as it was stored.
        reading: How it is to be read.
        layout: Names of the axes by the file's format, where ``reading`` gives none.
        layout_is_declared: Whether the format fixes the layout, so that it is not assumed.
        sample_axis: By the file; empty where it does not say.
        sample_interval_s: 0 where the file does not say.
        carrier_hz: 0 where the file does not say.
        tx: Transmitted samples, if the file has them.
        row_labels: One for each index of the first axis, or one for all.
        full_scale: The converter's range, if the dtype of ``samples`` does not say it.
        fill: See ``Capture``, for this and the next two.
        breaks: In steps.
        marks: In steps.
        assumed: What the reader took as usual.

    Raises:
        CaptureFault: If the array is empty, not numeric, in memory and without a finite value, or
            does not fit the layout; or if a rate is absurd.
    """
    full_scale = full_scale or full_scale_of(samples.dtype)
    samples = _samples(path, samples, reading)
    axes = _axes(path, samples.shape, reading.layout or layout)
    if tx is not None:
        tx = as_numbers(path, tx)
        _check_tx(path, samples, tx, axes)
    _check_labels(path, row_labels, axes, reading)
    interval = _interval(path, reading.sample_interval_s or sample_interval_s)
    carrier = _carrier(path, reading.carrier_hz or carrier_hz)
    axis = reading.sample_axis or sample_axis or STEP_AXIS
    _check_sample_axis(path, axis)
    guesses = {
        f"the axes are {layout} (--layout)": not (reading.layout or layout_is_declared),
        "what a step is, slow_time or fast_time, is not known (--axis)": not (
            reading.sample_axis or sample_axis
        ),
        "the sample rate is not known (--sample-rate)": not interval,
        "the carrier frequency is not known (--carrier)": not carrier,
    }
    return Capture(
        samples, axes, axis, interval, carrier, path, tx, row_labels,
        full_scale=_WRAPPED_SCALE if reading.wrapped else full_scale,
        fill=fill,
        breaks=breaks,
        marks=() if reading.name_gives_label or reading.labels else marks,
        assumed=(*assumed, *(text for text, is_guess in guesses.items() if is_guess)),
    )  # fmt: skip


def _samples(path: Path, samples: Samples, reading: ReadOptions) -> Samples:
    if samples.size == 0:
        raise RecordingError(path, f"is empty: the array has shape {samples.shape}", "Leave it out")
    samples = as_numbers(path, samples)
    if reading.wrapped:
        samples = unwrapped(path, samples)
    if reading.interleaved:
        samples = complex_pairs(path, samples)
    if isinstance(samples, np.ndarray) and not np.isfinite(samples).any():
        raise RecordingError(path, "holds no finite sample", "Leave it out, or record it again")
    return samples


def _axes(path: Path, shape: tuple[int, ...], layout: str) -> tuple[str, ...]:
    axes = parse_layout(layout)
    if len(axes) != len(shape):
        raise RecordingError(
            path,
            f"the array has shape {shape}, but the layout {layout!r} names {len(axes)} axes",
            "Give a layout with one name for each axis, such as 'row,step' or 'step,channel'",
        )
    return axes


def _check_tx(path: Path, samples: Samples, tx: Samples, axes: tuple[str, ...]) -> None:
    plain = tuple(
        n for n, axis in zip(samples.shape, axes, strict=True) if axis not in FEATURE_AXES
    )
    if tx.dtype.kind != "c" or tx.shape not in (samples.shape, plain):
        raise RecordingError(
            path,
            f"tx is {tx.dtype} of shape {tx.shape}; expected complex of shape {plain}, as rx",
            "Store tx beside rx row by row, or leave it out",
        )


def _check_labels(
    path: Path, labels: list[str] | None, axes: tuple[str, ...], reading: ReadOptions
) -> None:
    if labels is None and reading.label_column is not None:
        raise RecordingError(
            path, "has no columns of text to take a label from", "Leave label_column out"
        )
    if labels and len(labels) > 1 and axes[0] in (STEP_AXIS, *FEATURE_AXES):
        raise RecordingError(
            path,
            f"has labels along its first axis, which the layout names {axes[0]!r}",
            "Choose a layout whose first axis is rows",
        )


def _check_sample_axis(path: Path, axis: str) -> None:
    if axis not in SAMPLE_AXES:
        raise RecordingError(
            path, f"says sample_axis {axis[:80]!r}; expected one of {SAMPLE_AXES}",
            "Give sample_axis",
        )  # fmt: skip


def _interval(path: Path, value: float) -> float:
    least, most = _INTERVALS_S
    if value != 0 and not (math.isfinite(value) and least <= value <= most):
        raise RecordingError(
            path,
            f"gives a sample interval of {value:g} s; expected {least:g} to {most:g}",
            "Give the sample interval or rate yourself",
        )
    return float(value)


def _carrier(path: Path, value: float) -> float:
    if not (math.isfinite(value) and 0 <= value <= _MAX_CARRIER_HZ):
        raise RecordingError(
            path,
            f"gives a carrier frequency of {value:g} Hz; expected 0 to {_MAX_CARRIER_HZ:g}",
            "Give the carrier frequency yourself",
        )
    return float(value)
