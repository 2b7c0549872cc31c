"""From a capture to rows of equal length, and which of these rows are fit for use."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from radarseq.captures.capture import LARGEST_BYTES, Capture
from radarseq.captures.faults import CaptureFault
from radarseq.captures.reading import FEATURE_AXES, STEP_AXIS, Reading

OK, NOT_FINITE, ALL_ZERO, CONSTANT = range(4)
REASONS = ("ok", "not finite", "all zero", "constant")


@dataclass(frozen=True)
class Rows:
    """Rows cut from one capture.

    Attributes:
        samples: complex64 (row, step) or (row, step, channel); or float32 (row, step, feature).
        tx: complex64 with the rows and steps of ``samples``, or None.
        labels: Text (row,), or None.
    """

    samples: NDArray[Any]
    tx: NDArray[np.complex64] | None
    labels: NDArray[np.str_] | None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.samples)

    def take(self, rows: NDArray[np.int64]) -> "Rows":
        """Return some of the rows."""
        tx = None if self.tx is None else self.tx[rows]
        labels = None if self.labels is None else self.labels[rows]
        return Rows(self.samples[rows], tx, labels)


def cut_rows(capture: Capture, reading: Reading) -> Rows:
    """Return the rows of a capture, each cut into windows as ``reading`` says.

    The rows come in the order of the array's axes, then of time. A remainder at the end that does
    not fill a window is left over.

    Raises:
        CaptureFault: If the recording is shorter than one window, or the windows take more memory
            than a recording may.
    """
    samples = _windows(capture, capture.samples, capture.axes, reading)
    if not np.iscomplexobj(samples) and samples.ndim == 2:
        samples = samples[:, :, np.newaxis]  # (row, step) -> (row, step, 1)
    tx = None
    if capture.tx is not None:
        axes = capture.axes
        if capture.tx.ndim < len(axes):
            axes = tuple(axis for axis in axes if axis not in FEATURE_AXES)
        tx = _windows(capture, capture.tx, axes, reading)
    labels = None
    if capture.row_labels:
        labels = np.repeat(capture.row_labels, len(samples) // len(capture.row_labels))
    return Rows(samples, tx, labels)


def _windows(
    capture: Capture, array: NDArray[Any], axes: tuple[str, ...], reading: Reading
) -> NDArray[Any]:
    rows = _to_rows(array, axes)  # (row, step[, feature])
    length, stride = rows.shape[1], reading.stride
    steps = reading.steps or -(-length // stride)
    span = (steps - 1) * stride + 1
    if length < span or steps < 2:
        raise CaptureFault(
            capture.source,
            f"has {length} samples along 'step'; expected at least {max(span, 2)} for one window",
            "Choose fewer steps or a smaller stride, or check which axis the layout calls 'step'",
        )
    hop = reading.hop or steps * stride
    view = sliding_window_view(rows, span, axis=1)[:, ::hop, ..., ::stride]
    if view.size * rows.itemsize > LARGEST_BYTES:
        raise CaptureFault(
            capture.source,
            f"gives windows of {view.size * rows.itemsize / 1e9:.1f} GB in all",
            "Choose a larger hop",
        )
    view = np.moveaxis(view, -1, 2)  # (row, window, step[, feature])
    return np.ascontiguousarray(view.reshape(-1, *view.shape[2:]))


def _to_rows(array: NDArray[Any], axes: tuple[str, ...]) -> NDArray[Any]:
    step = axes.index(STEP_AXIS)
    features = [i for i, axis in enumerate(axes) if axis in FEATURE_AXES]
    others = [i for i in range(len(axes)) if i != step and i not in features]
    moved = array.transpose(*others, step, *features)
    rows = moved.reshape(-1, *moved.shape[len(others) :])
    # What float32 cannot hold becomes Inf, which ``quality`` finds.
    with np.errstate(over="ignore", invalid="ignore"):
        return rows.astype(np.complex64 if np.iscomplexobj(rows) else np.float32)


def quality(rows: Rows) -> NDArray[np.uint8]:
    """Return for each row an index into ``REASONS``: 0 if it is fit for use.

    A row is unfit if a sample is NaN or Inf, if all are zero, or if none differs from the first
    (in every channel): such a row says nothing, and a class for it would be invented.
    """
    samples = rows.samples
    axes = tuple(range(1, samples.ndim))
    codes = np.zeros(len(samples), np.uint8)
    codes[(samples == samples[:, :1]).all(axis=axes)] = CONSTANT
    codes[~samples.any(axis=axes)] = ALL_ZERO
    codes[~np.isfinite(samples).all(axis=axes)] = NOT_FINITE
    if rows.tx is not None:
        finite = np.isfinite(rows.tx).all(axis=tuple(range(1, rows.tx.ndim)))
        codes[~finite] = NOT_FINITE
    return codes
