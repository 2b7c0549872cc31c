"""Errors of single recordings: the path, what was found, and what to do about it."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from radarseq.errors import CaptureError
from radarseq.storage.atomic import printable

_MAX_LISTED = 10


class Failure(NamedTuple):
    """A recording that was not used, with the reason and a hint for the user."""

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


def no_usable_recording(failures: Sequence[Failure]) -> CaptureError:
    """Return the error for a batch in which every recording failed, or which has none."""
    if not failures:
        return CaptureError(
            "there are no recordings of a known kind among the given paths. Check the paths"
        )
    lines = [f"{printable(f.path)}: {f.reason}. {f.hint}" for f in failures[:_MAX_LISTED]]
    more = [f"and {len(failures) - _MAX_LISTED} more"] if len(failures) > _MAX_LISTED else []
    return CaptureError("\n".join(["none of the recordings can be used:", *lines, *more]))
