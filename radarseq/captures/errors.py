"""What is wrong with one recording: its path, the reason, and what to do about it."""

from pathlib import Path
from typing import NamedTuple

from radarseq.errors import CaptureError
from radarseq.storage.atomic import printable


class Failure(NamedTuple):
    """A recording that was not used: why, and what would help."""

    path: Path
    reason: str
    hint: str


class RecordingError(CaptureError):
    """One recording cannot be used; others may be.

    Args:
        path: The file.
        reason: What was found and what was expected, without a full stop.
        hint: What to do, as a sentence.
    """

    def __init__(self, path: Path, reason: str, hint: str) -> None:
        super().__init__(f"{printable(path)}: {reason}. {hint}")
        self.failure = Failure(path, reason, hint)
