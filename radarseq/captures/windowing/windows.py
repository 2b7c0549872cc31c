"""From a capture to windows of equal length, a block at a time, and whether each is fit for use."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from radarseq.captures.capture import Capture
from radarseq.captures.checks.size_limits import MAX_BYTES
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import FEATURE_AXES, STEP_AXIS, ReadOptions
from radarseq.captures.samples.lazy_array import Samples
from radarseq.captures.windowing.cfar import Gate
from radarseq.captures.windowing.quality import (
    DROPPED,
    EMPTY,
    NOT_FINITE,
    OK,
    window_codes,
    window_power,
)

BLOCK_BYTES = 16 << 20


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


def plan_cut(capture: Capture, reading: ReadOptions) -> Cut:
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
        raise RecordingError(
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
    reading: ReadOptions,
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


@dataclass(frozen=True)
class Rows:
    """Windows cut from one capture.

    Attributes:
        samples: complex64 (row, step) or (row, step, channel); or float32 (row, step, feature).
        tx: complex64 with the rows and steps of ``samples``, or None.
        labels: Text (row,), empty where a row has none; or None.
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


@dataclass(frozen=True)
class Block:
    """Windows of one capture that follow each other.

    Attributes:
        first: Index of the first of them among the capture's windows.
        rows: The windows.
        codes: uint8 (row,): 0 if it is fit for use, else an index into ``quality.REASONS``.
    """

    first: int
    rows: Rows
    codes: NDArray[np.uint8]


def cut_rows(capture: Capture, reading: ReadOptions) -> Rows:
    """Return all windows of a capture, in the order of the array's axes, then of time.

    Raises:
        CaptureFault: If the recording is shorter than one window, or the windows take more memory
            than a recording may.
    """
    check_held(capture, reading)
    return joined([block.rows for block in blocks(capture, reading)])


def joined(rows: list[Rows]) -> Rows:
    """Return rows one behind the other; they are alike."""
    if len(rows) == 1:
        return rows[0]
    tx = [part.tx for part in rows if part.tx is not None]
    labels = [part.labels for part in rows if part.labels is not None]
    return Rows(
        np.concatenate([part.samples for part in rows]),
        np.concatenate(tx) if tx else None,
        np.concatenate(labels) if labels else None,
    )


def check_held(capture: Capture, reading: ReadOptions) -> None:
    """Refuse a capture whose windows are too many to be held together.

    Raises:
        CaptureFault: If they are.
    """
    cut = plan_cut(capture, reading)
    claimed = cut.windows * window_bytes(capture, cut)
    if claimed > MAX_BYTES:
        raise RecordingError(
            capture.source,
            f"gives windows of {claimed / 1e9:.1f} GB in all; expected at most "
            f"{MAX_BYTES / 1e9:.1f} GB",
            "Choose a larger hop",
        )


def blocks(
    capture: Capture, reading: ReadOptions, most_bytes: int = BLOCK_BYTES
) -> Iterator[Block]:
    """Yield the windows of a capture, in the order of ``cut_rows``, whatever the block size.

    Args:
        capture: Its samples are read block by block.
        reading: How to cut, and which windows are fit.
        most_bytes: About how much to read, and to hand out, at a time.

    Raises:
        CaptureFault: If the recording is shorter than one window, or can no longer be read.
    """
    cut = plan_cut(capture, reading)
    freedom = cut.steps * feature_count(capture) * (2 if capture.samples.dtype.kind == "c" else 1)
    gate = Gate(reading.quality, freedom, cut.span, cut.hop)
    gate.check(capture.source, cut.per_row)
    raw_row = max(cut.per_row * cut.hop, cut.span) * feature_count(capture) * 8
    row_bytes = max(cut.per_row * window_bytes(capture, cut), raw_row)
    first = 0
    if row_bytes <= most_bytes or cut.per_row == 1:
        for run in runs(cut.others, max(1, most_bytes // row_bytes)):
            block = _block(capture, reading, cut, gate, run, 0, cut.per_row, first)
            yield block
            first += len(block.rows)
        return
    count = max(1, most_bytes * cut.per_row // row_bytes)
    for run in runs(cut.others, 1):
        for window in range(0, cut.per_row, count):
            last = min(window + count, cut.per_row)
            yield _block(capture, reading, cut, gate, run, window, last, first)
            first += last - window


def _block(
    capture: Capture,
    reading: ReadOptions,
    cut: Cut,
    gate: Gate,
    run: tuple[slice, ...],
    window: int,
    last: int,
    first: int,
) -> Block:
    """Return windows ``window`` to ``last`` of the rows in ``run``.

    A gate that looks at neighbours needs some windows more on either side.
    """
    early, late = max(0, window - gate.reach), min(cut.per_row, last + gate.reach)
    wide = cut_part(capture.samples, capture.axes, reading, cut, run, early, late)
    kept = slice(window - early, last - early)
    samples = wide[:, kept].reshape(-1, *wide.shape[2:])
    tx = None
    if capture.tx is not None:
        axes = capture.axes
        if capture.tx.ndim < len(axes):
            axes = tuple(axis for axis in axes if axis not in FEATURE_AXES)
        tx = cut_part(capture.tx, axes, reading, cut, run, window, last)
        tx = tx.reshape(-1, *tx.shape[2:])
    codes = window_codes(samples, reading.quality, full_scale=capture.full_scale, fill=capture.fill)
    if gate:
        power = window_power(wide.reshape(-1, *wide.shape[2:])).reshape(wide.shape[:2])
        codes[(codes == OK) & gate.empty(power, kept).reshape(-1)] = EMPTY
    begins = np.arange(window, last) * cut.hop
    if capture.breaks:
        broken = _holds_break(np.asarray(capture.breaks), begins, cut.span)
        codes[(codes == OK) & np.tile(broken, len(wide))] = DROPPED
    if tx is not None:
        bad = ~np.isfinite(tx).all(axis=tuple(range(1, tx.ndim)))
        codes[bad] = NOT_FINITE
    if not np.iscomplexobj(samples) and samples.ndim == 2:
        samples = samples[:, :, np.newaxis]  # (row, step) -> (row, step, 1)
    labels = _labels(capture, cut, begins, first, len(samples))
    return Block(first, Rows(samples, tx, labels), codes)


def _holds_break(
    breaks: NDArray[np.int64], begins: NDArray[np.int64], span: int
) -> NDArray[np.bool_]:
    """Return whether time is missing within each window that begins at ``begins``."""
    after = np.searchsorted(breaks, begins, side="right")
    return np.searchsorted(breaks, begins + span - 1, side="right") > after


def _labels(
    capture: Capture, cut: Cut, begins: NDArray[np.int64], first: int, count: int
) -> NDArray[np.str_] | None:
    if capture.row_labels:
        per_label = max(cut.windows // len(capture.row_labels), 1)
        indices = np.arange(first, first + count) // per_label
        return np.asarray(capture.row_labels)[np.minimum(indices, len(capture.row_labels) - 1)]
    if not capture.marks:
        return None
    return np.tile(_marked(capture, cut, begins), count // len(begins))


def _marked(capture: Capture, cut: Cut, begins: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the label of the mark that covers most of each window, and at least half of it."""
    labels = np.full(len(begins), "", dtype=f"<U{max(len(mark.label) for mark in capture.marks)}")
    best = np.full(len(begins), (cut.span - 1) // 2)
    for mark in capture.marks:
        if mark.stop <= begins[0] or mark.start >= begins[-1] + cut.span:
            continue
        # Only the windows that it can touch.
        low, high = np.searchsorted(begins, (mark.start - cut.span, mark.stop))
        covered = np.minimum(begins[low:high] + cut.span, mark.stop) - np.maximum(
            begins[low:high], mark.start
        )
        better = covered > best[low:high]
        labels[low:high][better] = mark.label
        best[low:high][better] = covered[better]
    return labels
