"""From a capture to windows of equal length, a block at a time, and whether each is fit for use."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.captures.capture import Capture
from radarseq.captures.cutting import Cut, cut_part, feature_count, plan_cut, runs, window_bytes
from radarseq.captures.faults import CaptureFault
from radarseq.captures.gate import Gate
from radarseq.captures.numbers import LARGEST_BYTES
from radarseq.captures.quality import DROPPED, EMPTY, NOT_FINITE, OK, window_codes, window_power
from radarseq.captures.reading import FEATURE_AXES, Reading

BLOCK_BYTES = 16 << 20


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


def cut_rows(capture: Capture, reading: Reading) -> Rows:
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


def check_held(capture: Capture, reading: Reading) -> None:
    """Refuse a capture whose windows are too many to be held together.

    Raises:
        CaptureFault: If they are.
    """
    cut = plan_cut(capture, reading)
    claimed = cut.windows * window_bytes(capture, cut)
    if claimed > LARGEST_BYTES:
        raise CaptureFault(
            capture.source,
            f"gives windows of {claimed / 1e9:.1f} GB in all; expected at most "
            f"{LARGEST_BYTES / 1e9:.1f} GB",
            "Choose a larger hop",
        )


def blocks(capture: Capture, reading: Reading, most_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
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
    reading: Reading,
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
