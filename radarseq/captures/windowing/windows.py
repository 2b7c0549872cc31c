"""Cuts recordings into windows of equal length, block by block, and marks the unfit ones."""

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
from radarseq.captures.windowing.cfar import PowerGate
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
class Rows:
    """Windows of one capture.

    Attributes:
        samples: complex64 (row, step) or (row, step, channel); or float32 (row, step, feature).
        tx: complex64 with the rows and steps of ``samples``, or None.
        labels: Text (row,), empty for a row without a label; or None.
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


def concatenate_rows(rows: list[Rows]) -> Rows:
    """Return rows of the same capture one after the other."""
    if len(rows) == 1:
        return rows[0]  # without a copy
    tx = [part.tx for part in rows if part.tx is not None]
    labels = [part.labels for part in rows if part.labels is not None]
    return Rows(
        np.concatenate([part.samples for part in rows]),
        np.concatenate(tx) if tx else None,
        np.concatenate(labels) if labels else None,
    )


@dataclass(frozen=True)
class Block:
    """Consecutive windows of one capture.

    Attributes:
        first: Index of the first of them among the capture's windows.
        rows: The windows.
        codes: uint8 (row,): 0 for a fit window, else an index into ``quality.REASONS``.
    """

    first: int
    rows: Rows
    codes: NDArray[np.uint8]


@dataclass(frozen=True)
class WindowPlan:
    """Division of a capture into windows, in the order of the array's axes, then of time.

    Attributes:
        capture: The recording.
        options: How to read it.
        row_shape: Lengths of the axes that become rows.
        steps: Samples in a window.
        span: Samples from the first to the last of a window.
        hop: Samples from one window to the next.
        per_row: Windows in each row of the array.
    """

    capture: Capture
    options: ReadOptions
    row_shape: tuple[int, ...]
    steps: int
    span: int
    hop: int
    per_row: int

    @property
    def windows(self) -> int:
        """The number of windows."""
        return math.prod(self.row_shape) * self.per_row

    @property
    def is_complex(self) -> bool:
        """Whether the windows are complex."""
        return self.capture.samples.dtype.kind == "c"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a window: steps, and channels or features; real windows have features."""
        pairs = zip(self.capture.axes, self.capture.samples.shape, strict=True)
        width = tuple(n for axis, n in pairs if axis in FEATURE_AXES)
        return (self.steps, *(width or (() if self.is_complex else (1,))))

    @property
    def window_bytes(self) -> int:
        """Size of a window, as complex64 or float32."""
        return math.prod(self.shape) * (8 if self.is_complex else 4)

    def check_memory(self) -> None:
        """Refuse a capture with too many windows to be held together.

        Raises:
            RecordingError: If they take more memory than a recording may.
        """
        needed = self.windows * self.window_bytes
        if needed > MAX_BYTES:
            raise RecordingError(
                self.capture.source,
                f"gives windows of {needed / 1e9:.1f} GB in all; expected at most "
                f"{MAX_BYTES / 1e9:.1f} GB",
                "Choose a larger hop",
            )

    def blocks(self, max_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """Yield the windows, about ``max_bytes`` at a time.

        Raises:
            RecordingError: If the recording can no longer be read, or has too few windows for
                the power gate.
        """
        values = math.prod(self.shape) * (2 if self.is_complex else 1)
        gate = PowerGate(self.options.quality, values, self.span, self.hop)
        gate.check(self.capture.source, self.per_row)
        features = math.prod(self.shape[1:])
        raw_row_bytes = max(self.per_row * self.hop, self.span) * features * 8
        row_bytes = max(self.per_row * self.window_bytes, raw_row_bytes)
        first = 0
        if row_bytes <= max_bytes or self.per_row == 1:
            for run in _runs(self.row_shape, max(1, max_bytes // row_bytes)):
                yield (block := self._block(gate, run, 0, self.per_row, first))
                first += len(block.rows)
            return
        count = max(1, max_bytes * self.per_row // row_bytes)
        for run in _runs(self.row_shape, 1):
            for start in range(0, self.per_row, count):
                stop = min(start + count, self.per_row)
                yield self._block(gate, run, start, stop, first)
                first += stop - start

    def _block(
        self, gate: PowerGate, run: tuple[slice, ...], start: int, stop: int, first: int
    ) -> Block:
        """Return windows ``start`` to ``stop`` of the rows in ``run``."""
        capture, quality = self.capture, self.options.quality
        # The gate compares windows with their neighbours: some more are read on either side.
        early, late = max(0, start - gate.reach), min(self.per_row, stop + gate.reach)
        wide = self._cut(capture.samples, capture.axes, run, early, late)
        inner = slice(start - early, stop - early)
        samples = wide[:, inner].reshape(-1, *wide.shape[2:])
        tx = None
        if capture.tx is not None:
            axes = capture.axes
            if capture.tx.ndim < len(axes):
                axes = tuple(axis for axis in axes if axis not in FEATURE_AXES)
            tx = self._cut(capture.tx, axes, run, start, stop)
            tx = tx.reshape(-1, *tx.shape[2:])
        codes = window_codes(samples, quality, full_scale=capture.full_scale, fill=capture.fill)
        if gate:
            power = window_power(wide.reshape(-1, *wide.shape[2:])).reshape(wide.shape[:2])
            codes[(codes == OK) & gate.is_empty(power, inner).reshape(-1)] = EMPTY
        begins = np.arange(start, stop) * self.hop
        if capture.breaks:
            broken = _holds_break(np.asarray(capture.breaks), begins, self.span)
            codes[(codes == OK) & np.tile(broken, len(wide))] = DROPPED
        if tx is not None:
            codes[~np.isfinite(tx).all(axis=tuple(range(1, tx.ndim)))] = NOT_FINITE
        if not np.iscomplexobj(samples) and samples.ndim == 2:
            samples = samples[:, :, np.newaxis]  # (row, step) -> (row, step, 1)
        labels = None
        if capture.row_labels:
            per_label = max(self.windows // len(capture.row_labels), 1)
            indices = np.arange(first, first + len(samples)) // per_label
            last = len(capture.row_labels) - 1
            labels = np.asarray(capture.row_labels)[np.minimum(indices, last)]
        elif capture.marks:
            labels = np.tile(_mark_labels(capture, begins, self.span), len(wide))
        return Block(first, Rows(samples, tx, labels), codes)

    def _cut(
        self, array: Samples, axes: tuple[str, ...], run: tuple[slice, ...], start: int, stop: int
    ) -> NDArray[Any]:
        """Return (row, window, step[, feature]), complex64 or float32."""
        row_slices = iter(run)
        key = tuple(
            slice(start * self.hop, (stop - 1) * self.hop + self.span)
            if axis == STEP_AXIS
            else slice(0, n)
            if axis in FEATURE_AXES
            else next(row_slices)
            for axis, n in zip(axes, array.shape, strict=True)
        )
        part = np.asarray(array[key])
        step = axes.index(STEP_AXIS)
        features = [i for i, axis in enumerate(axes) if axis in FEATURE_AXES]
        others = [i for i in range(len(axes)) if i != step and i not in features]
        moved = part.transpose(*others, step, *features)
        rows = moved.reshape(-1, *moved.shape[len(others) :])
        # What float32 cannot hold becomes Inf, which the quality checks find.
        with np.errstate(over="ignore", invalid="ignore"):
            rows = rows.astype(np.complex64 if np.iscomplexobj(rows) else np.float32)
        view = sliding_window_view(rows, self.span, axis=1)
        view = view[:, :: self.hop, ..., :: self.options.stride]
        return np.ascontiguousarray(np.moveaxis(view, -1, 2))


def plan_windows(capture: Capture, options: ReadOptions) -> WindowPlan:
    """Return the division of a capture by ``options``; samples that fill no window are dropped.

    Raises:
        RecordingError: If the recording is shorter than one window.
    """
    sizes = dict(zip(capture.axes, capture.samples.shape, strict=True))
    length = sizes[STEP_AXIS]
    row_shape = tuple(n for axis, n in sizes.items() if axis not in (STEP_AXIS, *FEATURE_AXES))
    steps = options.steps or -(-length // options.stride)
    span = (steps - 1) * options.stride + 1
    if length < span or steps < 2:
        raise RecordingError(
            capture.source,
            f"has {length} samples along 'step'; expected at least {max(span, 2)} for one window",
            "Choose fewer steps or a smaller stride, or check which axis the layout calls 'step'",
        )
    hop = options.hop or steps * options.stride
    return WindowPlan(capture, options, row_shape, steps, span, hop, (length - span) // hop + 1)


def _runs(shape: tuple[int, ...], max_rows: int) -> Iterator[tuple[slice, ...]]:
    """Yield the parts of an array of rows, in C order, each of at most ``max_rows`` rows."""
    if not shape:
        yield ()
        return
    count = max_rows // math.prod(shape[1:])
    if count:
        for start in range(0, shape[0], count):
            whole = (slice(0, n) for n in shape[1:])
            yield (slice(start, min(start + count, shape[0])), *whole)
        return
    for index in range(shape[0]):
        for rest in _runs(shape[1:], max_rows):
            yield (slice(index, index + 1), *rest)


def _holds_break(
    breaks: NDArray[np.int64], begins: NDArray[np.int64], span: int
) -> NDArray[np.bool_]:
    """Return whether time is missing within each window that begins at ``begins``."""
    after = np.searchsorted(breaks, begins, side="right")
    return np.searchsorted(breaks, begins + span - 1, side="right") > after


def _mark_labels(capture: Capture, begins: NDArray[np.int64], span: int) -> NDArray[np.str_]:
    """Return the label of the mark that covers most of each window, and at least half of it."""
    labels = np.full(len(begins), "", dtype=f"<U{max(len(mark.label) for mark in capture.marks)}")
    best = np.full(len(begins), (span - 1) // 2)
    for mark in capture.marks:
        if mark.stop <= begins[0] or mark.start >= begins[-1] + span:
            continue
        # Only the windows that it can touch.
        low, high = np.searchsorted(begins, (mark.start - span, mark.stop))
        begin = begins[low:high]
        covered = np.minimum(begin + span, mark.stop) - np.maximum(begin, mark.start)
        better = covered > best[low:high]
        labels[low:high][better] = mark.label
        best[low:high][better] = covered[better]
    return labels
