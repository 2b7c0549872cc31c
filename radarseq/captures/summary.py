"""Summarises a recording for ``inspect``: what was understood, and what was assumed."""

from collections import Counter
from typing import Any

import numpy as np

from radarseq.captures.capture import Capture
from radarseq.captures.sources.open_recordings import Recording
from radarseq.captures.windowing.quality import OK, REASONS, is_fill

_MAX_BYTES = 64 << 20  # of samples whose values are summarised


def summarize_recording(recording: Recording) -> dict[str, Any]:
    """Return what a recording is, as plain JSON types."""
    capture, options = recording.capture, recording.options
    interval_s = capture.sample_interval_s
    summary: dict[str, Any] = {
        "shape": dict(zip(capture.axes, capture.samples.shape, strict=True)),
        "dtype": str(capture.samples.dtype),
        "sample_axis": capture.sample_axis,
        "sample_interval_s": interval_s,
        "sample_rate_hz": 1 / interval_s if interval_s else 0.0,
        "carrier_hz": capture.carrier_hz,
        "tx": capture.tx is not None,
        "labels": dict(Counter(capture.row_labels or ())),
        "values": _summarize_values(capture),
        "assumed": list(capture.assumed),
    }
    if capture.breaks:
        summary["breaks"] = len(capture.breaks)
    if capture.marks:
        summary["annotations"] = dict(Counter(mark.label for mark in capture.marks))
    if options.steps:
        counts = Counter(code for block in recording.blocks() for code in block.codes.tolist())
        rejected = {REASONS[code]: n for code, n in sorted(counts.items()) if code != OK}
        summary["windows"] = {"total": counts.total(), **rejected}
    if recording.label is not None:
        summary["label"] = recording.label
    if options.name or options.labels:
        summary["group"] = recording.group
    return summary


def _summarize_values(capture: Capture) -> dict[str, Any]:
    """Return statistics of the samples, or of the first ``_MAX_BYTES`` of them."""
    samples = capture.samples
    row = max(samples.size // max(samples.shape[0], 1) * samples.dtype.itemsize, 1)
    part = np.asarray(samples[: max(1, _MAX_BYTES // row)])
    is_complex = np.iscomplexobj(part)
    finite = part[np.isfinite(part)].astype(np.complex128)
    parts = (finite.real, finite.imag) if is_complex else (finite.real,)
    summary: dict[str, Any] = {"count": part.size, "not_finite": part.size - finite.size}
    if finite.size:
        with np.errstate(over="ignore"):
            power = np.mean(np.abs(finite) ** 2)
        summary |= {
            "min": float(min(p.min() for p in parts)),
            "max": float(max(p.max() for p in parts)),
            "mean": [float(finite.mean().real), float(finite.mean().imag)][: len(parts)],
            "rms": float(np.sqrt(min(power, np.finfo(float).max))),
        }
    if capture.full_scale is not None:
        low, high = capture.full_scale
        at_end = np.any([(p <= low) | (p >= high) for p in parts], axis=0)
        summary["at_full_scale"] = int(at_end.sum())
    if capture.fill is not None:
        summary["missing"] = int(is_fill(part, capture.fill).sum())
    return summary
