"""Recordings opened one after the other, and their windows block by block."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radarseq.captures.capture import Capture
from radarseq.captures.faults import CaptureFault, Failure, printable
from radarseq.captures.naming import match_name
from radarseq.captures.reading import Reading
from radarseq.captures.registry import read_capture, walk_captures
from radarseq.captures.windows import Rows, cut_rows, quality


@dataclass(frozen=True)
class Block:
    """Windows of a capture that follow each other."""

    first: int
    rows: Rows
    codes: NDArray[np.uint8]


@dataclass(frozen=True)
class Opened:
    """A recording, ready to be cut into windows."""

    capture: Capture
    label: str | None
    group: str
    rows: Rows

    @property
    def windows(self) -> int:
        """How many windows there are, fit or not."""
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """Steps, and channels or features."""
        return self.rows.samples.shape[1:]

    @property
    def is_complex(self) -> bool:
        """Whether samples are complex."""
        return np.iscomplexobj(self.rows.samples)

    def blocks(self, most_bytes: int = 16 << 20) -> Iterator[Block]:
        """Yield the windows in order, at most so many bytes of samples at once."""
        codes = quality(self.rows)
        each = max(1, self.rows.samples[:1].nbytes)
        at_once = max(1, most_bytes // each)
        for first in range(0, len(self.rows), at_once):
            part = np.arange(first, min(first + at_once, len(self.rows)))
            yield Block(first, self.rows.take(part), codes[part])


def openings(paths: list[Path], reading: Reading) -> Iterator[Opened | Failure]:
    """Yield each recording, or why it cannot be used; one at a time, in a fixed order."""
    files, failures = walk_captures(paths)
    yield from failures
    common = os.path.commonpath([file.absolute().parent for file in files]) if files else ""
    for path in files:
        try:
            named = match_name(reading.name, path)
            capture = read_capture(path, reading)
            own = printable(Path(os.path.relpath(path.absolute(), common)).as_posix())
            group = "/".join(filter(None, (named.label, named.group))) if named.group else own
            yield Opened(capture, named.label, group, cut_rows(capture, reading))
        except CaptureFault as fault:
            yield fault.failure
