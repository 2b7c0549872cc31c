"""Recordings one after the other: each probed, opened, named; a bad one does not stop the rest."""

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from radarseq.captures.capture import Capture
from radarseq.captures.errors import Failure, RecordingError
from radarseq.captures.options.name_pattern import Named
from radarseq.captures.options.read_options import AS_WRITTEN, FEATURE_AXES, ReadOptions
from radarseq.captures.readers.registry import read_capture, unreadable
from radarseq.captures.samples.lazy_array import read_whole
from radarseq.captures.sources.find_files import walk_captures
from radarseq.captures.sources.labels import naming_of
from radarseq.captures.sources.sandbox import PROBER
from radarseq.captures.windowing.windows import BLOCK_BYTES, Block, blocks, plan_cut
from radarseq.errors import RadarseqError
from radarseq.storage.atomic import printable


@dataclass(frozen=True)
class Recording:
    """A recording by its path. It opens when its capture is first read, in each process anew.

    Attributes:
        path: The file or folder, as given.
        reading: How it is cut.
        label: Its class, by the name pattern or the table of labels; None where they say nothing.
        group: The object or recording that it belongs to.
        location: The path from the current folder of this process; None where that is ``path``.
    """

    path: Path
    reading: ReadOptions
    label: str | None
    group: str
    location: Path | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the path alone: another process, in another folder, opens the file itself."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return own | {"location": self.path.absolute()}

    @cached_property
    def capture(self) -> Capture:
        """Content of the recording.

        Raises:
            RecordingError: If it cannot be read.
        """
        return replace(read_capture(self.location or self.path, self.reading), source=self.path)

    @cached_property
    def windows(self) -> int:
        """How many windows it gives."""
        return plan_cut(self.capture, self.reading).windows

    @property
    def is_complex(self) -> bool:
        """Whether the windows are complex."""
        return self.capture.samples.dtype.kind == "c"

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a window: steps, and channels or features; real windows always have features."""
        pairs = zip(self.capture.axes, self.capture.samples.shape, strict=True)
        width = tuple(n for axis, n in pairs if axis in FEATURE_AXES)
        steps = plan_cut(self.capture, self.reading).steps
        return (steps, *(width or (() if self.is_complex else (1,))))

    def blocks(self, most_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """Yield its windows, block by block.

        Raises:
            CaptureFault: If it can no longer be read.
        """
        try:
            yield from blocks(self.capture, self.reading, most_bytes)
        except RadarseqError:
            raise
        except Exception as fault:
            raise unreadable(self.capture.source, fault) from fault


def iter_recordings(
    paths: Iterable[Path],
    reading: ReadOptions = AS_WRITTEN,
    *,
    expected_interval_s: float | None = None,
    probe: bool = True,
) -> Iterator[Recording | Failure]:
    """Yield the recordings among files and folders, in a fixed order, each opened or a failure.

    Args:
        paths: Files and folders.
        reading: How they are to be read.
        expected_interval_s: Time between the steps of a window [s] that each must have; 0 for not
            known, None for any.
        probe: Whether each is first opened in a child process; only for files that are trusted
            may this be left out.

    Raises:
        CaptureError: If the table of labels cannot be read.
        UsageError: If the name pattern is not valid.
    """
    files, refused = listed(paths, reading)
    naming = naming_of(reading)
    yield from refused
    common = os.path.commonpath([path.absolute().parent for path in files]) if files else ""
    for path in files:
        try:
            named = naming(path)
            if probe:
                PROBER.check(path, reading)
            opened = _opened(path, reading, named, common)
            _check_interval(opened, expected_interval_s)
        except RecordingError as fault:
            yield fault.failure
        else:
            yield opened


def listed(paths: Iterable[Path], reading: ReadOptions) -> tuple[list[Path], list[Failure]]:
    """Return the recordings in order, without the table of their labels, and refused links."""
    files, refused = walk_captures(paths)
    if reading.labels:
        table = Path(reading.labels).absolute()
        files = [path for path in files if path.absolute() != table]
    return files, refused


def read_every_byte(path: Path, reading: ReadOptions = AS_WRITTEN) -> None:
    """Read a recording from its first sample to its last, after a child process has.

    Raises:
        CaptureFault: If it cannot be read.
    """
    PROBER.check(path, reading)
    capture = read_capture(path, reading)
    try:
        read_whole(capture.samples)
    except RadarseqError:
        raise
    except Exception as fault:
        raise unreadable(path, fault) from fault


def _opened(path: Path, reading: ReadOptions, named: Named, common: str) -> Recording:
    own = printable(Path(os.path.relpath(path.absolute(), common)).as_posix())
    group = "/".join(filter(None, named)) if named.group else own
    recording = Recording(path, reading, named.label, group)
    plan_cut(recording.capture, reading)  # a recording shorter than a window is a fault
    return recording


def _check_interval(opened: Recording, expected_s: float | None) -> None:
    found_s = opened.capture.sample_interval_s * opened.reading.stride
    if expected_s is None or math.isclose(found_s, expected_s, rel_tol=1e-6):
        return
    found: Any = f"{found_s:g} s" if found_s else "not known"
    raise RecordingError(
        opened.capture.source,
        f"its sample interval is {found}; expected {expected_s:g} s",
        "Give the sample interval or rate if the file is wrong, else leave it out",
    )
