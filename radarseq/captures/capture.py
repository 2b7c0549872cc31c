"""One recording as its receiver wrote it, read in parts, and the checks that all readers share."""

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
    unwrap_int16,
)
from radarseq.captures.samples.lazy_array import Samples
from radarseq.dataset.schema import SAMPLE_AXES

_INT16_SCALE = (-32768.0, 32767.0)
_INTERVALS_S = (1e-13, 1e7)  # beyond these a rate is a slip, or damage
_MAX_CARRIER_HZ = 1e13


class Mark(NamedTuple):
    """A labelled stretch of a recording: steps ``start`` to ``stop``, exclusive."""

    start: int
    stop: int
    label: str


@dataclass(frozen=True)
class Capture:
    """A recording as its receiver wrote it.

    Attributes:
        samples: Real floats, integers or complex numbers, one axis per name in ``axes``; in
            memory, or in the file and read in parts.
        axes: Names of the axes, such as ``("frame", "step", "point")``.
        sample_axis: ``slow_time``, ``fast_time`` or ``step``: what a step is.
        sample_interval_s: Time from step to step [s]; 0 if unknown.
        carrier_hz: Carrier frequency [Hz]; 0 if unknown.
        source: The file, or the folder.
        tx: Transmitted samples, complex, with the axes of ``samples``, or these without the
            features; None if unknown.
        row_labels: A label for each index of the first axis, or one for the whole; else None.
        full_scale: Lowest and highest value of the converter; None if unknown.
        fill: The value that the format writes for missing samples; None if there is none.
        breaks: Steps before which time is missing, in ascending order.
        marks: Labelled stretches.
        assumed: What the file does not state and was assumed, each with the option that
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
    options: ReadOptions,
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
    """Return a checked capture, in which ``options`` override what the file states.

    Args:
        path: The file.
        samples: The array as stored.
        options: How to read it.
        layout: Names of the axes by the file's format, unless ``options`` give them.
        layout_is_declared: Whether the format fixes the layout, so that it is not assumed.
        sample_axis: Empty if the file does not state it.
        sample_interval_s: 0 if the file does not state it; likewise ``carrier_hz``.
        carrier_hz: See ``Capture``, for this and all others.
        tx: Transmitted samples.
        row_labels: Labels.
        full_scale: By default the range of the integers in ``samples``.
        fill: Mark of missing samples.
        breaks: In steps.
        marks: In steps.
        assumed: Assumptions of the reader.

    Raises:
        RecordingError: If the array is empty, not numeric, in memory and without a finite value,
            or does not fit the layout; or if a rate is absurd.
    """
    full_scale = full_scale or full_scale_of(samples.dtype)
    samples = _numeric_samples(path, samples, options)
    axes = parse_layout(options.layout or layout)
    if len(axes) != samples.ndim:
        raise RecordingError(
            path,
            f"the array has shape {samples.shape}, but the layout {options.layout or layout!r} "
            f"names {len(axes)} axes",
            "Give a layout with one name for each axis, such as 'row,step' or 'step,channel'",
        )
    if tx is not None:
        tx = as_numbers(path, tx)
        _check_tx(path, samples, tx, axes)
    _check_labels(path, row_labels, axes, options)
    interval_s = float(options.sample_interval_s or sample_interval_s)
    carrier_hz = float(options.carrier_hz or carrier_hz)
    _check_range(path, "sample interval", interval_s, *_INTERVALS_S, "s")
    _check_range(path, "carrier frequency", carrier_hz, 0, _MAX_CARRIER_HZ, "Hz")
    axis = options.sample_axis or sample_axis or STEP_AXIS
    if axis not in SAMPLE_AXES:
        raise RecordingError(
            path, f"has sample_axis {axis[:80]!r}; expected one of {SAMPLE_AXES}",
            "Give sample_axis",
        )  # fmt: skip
    unknown = {
        f"the axes are {layout} (--layout)": not (options.layout or layout_is_declared),
        "what a step is, slow_time or fast_time, is not known (--axis)": not (
            options.sample_axis or sample_axis
        ),
        "the sample rate is not known (--sample-rate)": not interval_s,
        "the carrier frequency is not known (--carrier)": not carrier_hz,
    }
    return Capture(
        samples, axes, axis, interval_s, carrier_hz, path, tx, row_labels,
        full_scale=_INT16_SCALE if options.wrapped else full_scale,
        fill=fill,
        breaks=breaks,
        marks=() if options.name_gives_label or options.labels else marks,
        assumed=(*assumed, *(text for text, is_unknown in unknown.items() if is_unknown)),
    )  # fmt: skip


def _numeric_samples(path: Path, samples: Samples, options: ReadOptions) -> Samples:
    if samples.size == 0:
        raise RecordingError(path, f"is empty: the array has shape {samples.shape}", "Leave it out")
    samples = as_numbers(path, samples)
    if options.wrapped:
        samples = unwrap_int16(path, samples)
    if options.interleaved:
        samples = complex_pairs(path, samples)
    if isinstance(samples, np.ndarray) and not np.isfinite(samples).any():
        raise RecordingError(path, "holds no finite sample", "Leave it out, or record it again")
    return samples


def _check_tx(path: Path, samples: Samples, tx: Samples, axes: tuple[str, ...]) -> None:
    shape = tuple(
        n for n, axis in zip(samples.shape, axes, strict=True) if axis not in FEATURE_AXES
    )
    if tx.dtype.kind != "c" or tx.shape not in (samples.shape, shape):
        raise RecordingError(
            path,
            f"tx is {tx.dtype} of shape {tx.shape}; expected complex of shape {shape}, as rx",
            "Store one row of tx per row of rx, or leave it out",
        )


def _check_labels(
    path: Path, labels: list[str] | None, axes: tuple[str, ...], options: ReadOptions
) -> None:
    if labels is None and options.label_column is not None:
        raise RecordingError(
            path, "has no columns of text to take a label from", "Leave label_column out"
        )
    if labels and len(labels) > 1 and axes[0] in (STEP_AXIS, *FEATURE_AXES):
        raise RecordingError(
            path,
            f"has labels along its first axis, which the layout names {axes[0]!r}",
            "Choose a layout whose first axis is rows",
        )


def _check_range(path: Path, name: str, value: float, low: float, high: float, unit: str) -> None:
    """Refuse a value outside its range; 0 means that it is unknown."""
    if value != 0 and not (math.isfinite(value) and low <= value <= high):
        raise RecordingError(
            path,
            f"gives a {name} of {value:g} {unit}; expected {low:g} to {high:g}",
            f"Give the {name} yourself",
        )
