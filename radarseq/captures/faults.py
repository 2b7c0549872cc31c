"""What is wrong with one recording: its path, the reason, and what to do about it."""

import os
from pathlib import Path
from typing import NamedTuple

from radarseq.errors import CaptureError


class Failure(NamedTuple):
    """A recording that was not used: why, and what would help."""

    path: Path
    reason: str
    remedy: str


class CaptureFault(CaptureError):
    """One recording cannot be used; others may be.

    Args:
        path: The file.
        reason: What was found and what was expected, without a full stop.
        remedy: What to do, as a sentence.
    """

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__(f"{printable(path)}: {reason}. {remedy}")
        self.failure = Failure(path, reason, remedy)


def printable(text: str | Path) -> str:
    r"""Return a path or a part of one as valid Unicode.

    A file name need not be UTF-8; its other bytes become ``\xNN``, so that the name can be
    printed, and stored in JSON and HDF5, and two names stay two.
    """
    return os.fsencode(text).decode("utf-8", "backslashreplace")
