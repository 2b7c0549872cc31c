"""What is understood of a recording, and what was assumed, for a person to check."""

from collections import Counter
from typing import Any

import numpy as np

from radarseq.captures.capture import Capture
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.sources.open_recordings import Recording
from radarseq.captures.windowing.quality import OK, REASONS, is_fill
from radarseq.captures.windowing.windows import blocks

_LOOKED_AT_BYTES = 64 << 20  # enough for a picture of the samples; a recording may have more


def describe(capture: Capture, reading: ReadOptions) -> dict[str, Any]:
    """Return what a recording is, as plain JSON types."""
    interval_s = capture.sample_interval_s
    told: dict[str, Any] = {
        "shape": dict(zip(capture.axes, capture.samples.shape, strict=True)),
        "dtype": str(capture.samples.dtype),
        "sample_axis": capture.sample_axis,
        "sample_interval_s": interval_s,
        "sample_rate_hz": 1 / interval_s if interval_s else 0.0,
        "carrier_hz": capture.carrier_hz,
        "tx": capture.tx is not None,
        "labels": dict(Counter(capture.row_labels or ())),
        "values": _values(capture),
        "assumed": list(capture.assumed),
    }
    if capture.breaks:
        told["breaks"] = len(capture.breaks)
    if capture.marks:
        told["annotations"] = dict(Counter(mark.label for mark in capture.marks))
    if reading.steps:
        told["windows"] = _windows(capture, reading)
    return told


def _values(capture: Capture) -> dict[str, Any]:
    """Return figures of the samples, of the first part of them if they are many."""
    samples = capture.samples
    row = max(samples.size // max(samples.shape[0], 1) * samples.dtype.itemsize, 1)
    part = np.asarray(samples[: max(1, _LOOKED_AT_BYTES // row)])
    finite = part[np.isfinite(part)].astype(np.complex128)
    told: dict[str, Any] = {"looked_at": part.size, "not_finite": part.size - finite.size}
    if finite.size:
        complex_ = np.iscomplexobj(part)
        with np.errstate(over="ignore"):
            power = np.mean(np.abs(finite) ** 2)
        told |= {
            "least": float(min(finite.real.min(), finite.imag.min() if complex_ else np.inf)),
            "largest": float(max(finite.real.max(), finite.imag.max() if complex_ else -np.inf)),
            "mean": [float(finite.mean().real), float(finite.mean().imag)][: 1 + complex_],
            "rms": float(np.sqrt(min(power, np.finfo(float).max))),
        }
    if capture.full_scale is not None:
        low, high = capture.full_scale
        parts = (finite.real, finite.imag) if np.iscomplexobj(part) else (finite.real,)
        at_end = np.any([(p <= low) | (p >= high) for p in parts], axis=0)
        told["at_full_scale"] = int(at_end.sum())
    if capture.fill is not None:
        told["missing"] = int(is_fill(part, capture.fill).sum())
    return told


def _windows(capture: Capture, reading: ReadOptions) -> dict[str, int]:
    """Return how many windows there are, and how many of them are unfit, by reason."""
    counts = Counter[str]()
    for block in blocks(capture, reading):
        counts.update({REASONS[code]: int(n) for code, n in enumerate(np.bincount(block.codes))})
    return {
        "in all": counts.total(),
        **{why: n for why, n in counts.items() if n and why != REASONS[OK]},
    }


def summarize_recording(opened: Recording) -> dict[str, Any]:
    """Return what an opened recording is, with the class and the group that its name gives."""
    told = describe(opened.capture, opened.reading)
    if opened.label is not None:
        told["label"] = opened.label
    if opened.reading.name or opened.reading.labels:
        told["group"] = opened.group
    return told
