"""Opens recordings one after the other; a bad one does not stop the rest."""

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from radarseq.captures.capture import Capture
from radarseq.captures.errors import Failure, RecordingError
from radarseq.captures.options.read_options import AS_WRITTEN, ReadOptions
from radarseq.captures.readers.registry import read_capture, unreadable
from radarseq.captures.samples.lazy_array import read_whole
from radarseq.captures.sources.find_files import find_recordings
from radarseq.captures.sources.labels import label_lookup
from radarseq.captures.sources.sandbox import SANDBOX
from radarseq.captures.windowing.windows import BLOCK_BYTES, Block, WindowPlan, plan_windows
from radarseq.errors import RadarseqError
from radarseq.storage.atomic import printable


@dataclass(frozen=True)
class Recording:
    """A recording by its path. It opens when its capture is first read, in each process anew.

    Attributes:
        path: The file or folder, as given.
        options: How it is read and cut into windows.
        label: Its class, by the name pattern or the table of labels; None if they give none.
        group: The object or recording that it belongs to.
        location: The path from the current folder of this process; None where that is ``path``.
    """

    path: Path
    options: ReadOptions
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
        return replace(read_capture(self.location or self.path, self.options), source=self.path)

    @cached_property
    def plan(self) -> WindowPlan:
        """Its division into windows."""
        return plan_windows(self.capture, self.options)

    @property
    def windows(self) -> int:
        """The number of its windows."""
        return self.plan.windows

    @property
    def is_complex(self) -> bool:
        """Whether the windows are complex."""
        return self.plan.is_complex

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a window."""
        return self.plan.shape

    def blocks(self, max_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """Yield its windows, block by block.

        Raises:
            RecordingError: If it can no longer be read.
        """
        try:
            yield from self.plan.blocks(max_bytes)
        except RadarseqError:
            raise
        except Exception as error:
            raise unreadable(self.capture.source, error) from error


def iter_recordings(
    paths: Iterable[Path],
    options: ReadOptions = AS_WRITTEN,
    *,
    expected_interval_s: float | None = None,
    sandboxed: bool = True,
) -> Iterator[Recording | Failure]:
    """Yield the recordings among files and folders, in a fixed order, each open or a failure.

    Args:
        paths: Files and folders.
        options: How to read them.
        expected_interval_s: Required time between the steps of a window [s]; 0 for unknown, None
            for any.
        sandboxed: Whether each is first opened in a child process; False only for trusted files.

    Raises:
        CaptureError: If the table of labels cannot be read.
        UsageError: If the name pattern is not valid.
    """
    files, refused = find_recordings(paths, options)
    look_up = label_lookup(options)
    yield from refused
    top = os.path.commonpath([path.absolute().parent for path in files]) if files else ""
    for path in files:
        try:
            label, group = look_up(path)
            if sandboxed:
                SANDBOX.check(path, options)
            if not group:
                group = printable(Path(os.path.relpath(path.absolute(), top)).as_posix())
            elif label:
                group = f"{label}/{group}"
            recording = Recording(path, options, label, group)
            _ = recording.plan  # a recording shorter than a window is an error
            _check_interval(recording, expected_interval_s)
        except RecordingError as error:
            yield error.failure
        else:
            yield recording


def read_every_byte(path: Path, options: ReadOptions = AS_WRITTEN) -> None:
    """Read a recording from its first sample to its last, first in a child process.

    Raises:
        RecordingError: If it cannot be read.
    """
    SANDBOX.check(path, options)
    capture = read_capture(path, options)
    try:
        read_whole(capture.samples)
    except RadarseqError:
        raise
    except Exception as error:
        raise unreadable(path, error) from error


def _check_interval(recording: Recording, expected_s: float | None) -> None:
    found_s = recording.capture.sample_interval_s * recording.options.stride
    if expected_s is None or math.isclose(found_s, expected_s, rel_tol=1e-6):
        return
    found = f"{found_s:g} s" if found_s else "not known"
    raise RecordingError(
        recording.capture.source,
        f"its sample interval is {found}; expected {expected_s:g} s",
        "Give the sample interval or rate if the file is wrong, else leave it out",
    )
