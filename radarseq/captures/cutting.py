"""How a capture is cut: which windows there are, and any of them as an array."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from radarseq.captures.capture import Capture
from radarseq.captures.faults import CaptureFault
from radarseq.captures.reading import FEATURE_AXES, STEP_AXIS, Reading
from radarseq.captures.stored import Samples


@dataclass(frozen=True)
class Cut:
    """How a capture is cut into windows.

    Attributes:
        others: Lengths of the axes that become rows.
        steps: Samples in a window.
        span: Samples from the first to the last of a window.
        hop: Samples from one window to the next.
        per_row: Windows in each row of the array.
    """

    others: tuple[int, ...]
    steps: int
    span: int
    hop: int
    per_row: int

    @property
    def windows(self) -> int:
        """The number of windows in all."""
        return math.prod(self.others) * self.per_row


def plan_cut(capture: Capture, reading: Reading) -> Cut:
    """Return how ``reading`` cuts a capture; a remainder that fills no window is left over.

    Raises:
        CaptureFault: If the recording is shorter than one window.
    """
    shape = capture.samples.shape
    length = shape[capture.axes.index(STEP_AXIS)]
    others = tuple(n for n, axis in zip(shape, capture.axes, strict=True) if _is_row_axis(axis))
    steps = reading.steps or -(-length // reading.stride)
    span = (steps - 1) * reading.stride + 1
    if length < span or steps < 2:
        raise CaptureFault(
            capture.source,
            f"has {length} samples along 'step'; expected at least {max(span, 2)} for one window",
            "Choose fewer steps or a smaller stride, or check which axis the layout calls 'step'",
        )
    hop = reading.hop or steps * reading.stride
    return Cut(others, steps, span, hop, (length - span) // hop + 1)


def feature_count(capture: Capture) -> int:
    """Return the number of features at each step."""
    pairs = zip(capture.samples.shape, capture.axes, strict=True)
    return math.prod(n for n, axis in pairs if axis in FEATURE_AXES)


def window_bytes(capture: Capture, cut: Cut) -> int:
    """Return the size of one window as it is handed out."""
    return cut.steps * feature_count(capture) * (8 if capture.samples.dtype.kind == "c" else 4)


def runs(shape: tuple[int, ...], most: int) -> Iterator[tuple[slice, ...]]:
    """Yield the parts of an array of rows, in C order, each of at most ``most`` rows."""
    if not shape:
        yield ()
        return
    inner = math.prod(shape[1:])
    count = most // inner
    if count:
        for start in range(0, shape[0], count):
            whole = (slice(0, n) for n in shape[1:])
            yield (slice(start, min(start + count, shape[0])), *whole)
        return
    for index in range(shape[0]):
        for rest in runs(shape[1:], most):
            yield (slice(index, index + 1), *rest)


def cut_part(
    array: Samples,
    axes: tuple[str, ...],
    reading: Reading,
    cut: Cut,
    run: tuple[slice, ...],
    window: int,
    last: int,
) -> NDArray[Any]:
    """Return (row, window, step[, feature]), complex64 or float32."""
    begin, end = window * cut.hop, (last - 1) * cut.hop + cut.span
    slices = iter(run)
    key = tuple(
        slice(begin, end)
        if axis == STEP_AXIS
        else next(slices)
        if _is_row_axis(axis)
        else slice(0, n)
        for axis, n in zip(axes, array.shape, strict=True)
    )
    rows = _to_rows(np.asarray(array[key]), axes)
    view = sliding_window_view(rows, cut.span, axis=1)[:, :: cut.hop, ..., :: reading.stride]
    return np.ascontiguousarray(np.moveaxis(view, -1, 2))


def _to_rows(array: NDArray[Any], axes: tuple[str, ...]) -> NDArray[Any]:
    """Return (row, step[, feature]), complex64 or float32."""
    step = axes.index(STEP_AXIS)
    features = [i for i, axis in enumerate(axes) if axis in FEATURE_AXES]
    others = [i for i in range(len(axes)) if i != step and i not in features]
    moved = array.transpose(*others, step, *features)
    rows = moved.reshape(-1, *moved.shape[len(others) :])
    # What float32 cannot hold becomes Inf, which the quality checks find.
    with np.errstate(over="ignore", invalid="ignore"):
        return rows.astype(np.complex64 if np.iscomplexobj(rows) else np.float32)


def _is_row_axis(axis: str) -> bool:
    return axis != STEP_AXIS and axis not in FEATURE_AXES
